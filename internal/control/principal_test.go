package control_test

import (
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

func TestMay(t *testing.T) {
	t.Parallel()
	const perm = control.PermRuleWrite
	for name, tc := range map[string]struct {
		p    control.Principal
		at   control.Scope
		kind control.Kind // zero: allowed
	}{
		"granted there":             {may(inProd, perm), inProd, 0},
		"every permission":          {may(inProd, control.PermAny), inProd, 0},
		"everywhere":                {may(anywhere, perm), inProd, 0},
		"another permission":        {may(inProd, control.PermRead), inProd, control.Denied},
		"another project":           {may(control.Scope{Project: "red", Environment: "production"}, perm), inProd, control.Denied},
		"another environment":       {may(control.Scope{Project: "blue", Environment: "test"}, perm), inProd, control.Denied},
		"no project needs all":      {may(blue, perm), anywhere, control.Denied},
		"no environment needs all":  {may(inProd, perm), blue, control.Denied},
		"no environment, all of it": {may(blue, perm), blue, 0},
		"parts of two grants": {
			granted(may(control.Scope{Project: "blue", Environment: "test"}, perm).Grants[0], may(control.Scope{Project: "red", Environment: "production"}, perm).Grants[0]),
			inProd, control.Denied,
		},
		"no grants": {granted(), inProd, control.Denied},
		"nobody":    {control.Principal{}, inProd, control.Unauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tc.p.May(perm, tc.at)
			if tc.kind == 0 {
				check(t, err)
			} else {
				wantErr(t, err, tc.kind, "")
			}
		})
	}
}

func TestPrincipalProjects(t *testing.T) {
	t.Parallel()
	read := control.PermRead
	both := granted(may(control.Scope{Project: "red", Environment: "test"}, read).Grants[0], may(blue, read).Grants[0], may(blue, read).Grants[0])
	for name, tc := range map[string]struct {
		p    control.Principal
		env  string
		want []string
		all  bool
	}{
		"two grants":          {both, "test", []string{"blue", "red"}, false},
		"one of them":         {both, "production", []string{"blue"}, false},
		"all":                 {root, "production", nil, true},
		"another permission":  {may(blue, control.PermClientRead), "production", nil, false},
		"another environment": {may(inProd, read), "test", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			names, all := tc.p.Projects(read, tc.env)
			diff(t, "projects", tc.want, names)
			if all != tc.all {
				t.Errorf("all = %v, want %v", all, tc.all)
			}
		})
	}
}

// TestReadsAreScoped reads everything as principals of one project.
func TestReadsAreScoped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	release := w.apply(t, w.started(t), gate.Hold, gate.MinDuration)
	ctx := t.Context()
	for name, tc := range map[string]struct {
		p            control.Principal
		projects     int
		environments int
		flags        int
		releases     int
		kind         control.Kind // of reading the blue flag's own things; zero: allowed
	}{
		"all":                   {root, 2, 2, 2, 1, 0},
		"the flag's project":    {may(blue, control.PermRead), 1, 2, 1, 1, 0},
		"another project":       {may(control.Scope{Project: "default"}, control.PermRead), 1, 2, 1, 0, control.NotFound},
		"another permission":    {may(anywhere, control.PermClientRead), 0, 0, 0, 0, control.NotFound},
		"nobody":                {control.Principal{}, 0, 0, 0, 0, control.Unauthenticated},
		"another environment":   {may(control.Scope{Environment: "development"}, control.PermRead), 0, 1, 0, 0, control.Denied},
		"an sdk of the project": {may(inProd, control.PermClientRead, control.PermClientWrite), 0, 0, 0, 0, control.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			diff(t, "projects", tc.projects, len(must(w.Projects(ctx, tc.p))(t)))
			diff(t, "environments", tc.environments, len(must(w.Environments(ctx, tc.p))(t)))
			diff(t, "flags", tc.flags, len(must(w.Flags(ctx, tc.p, ""))(t)))
			diff(t, "releases", tc.releases, len(must(w.Releases(ctx, tc.p, true))(t)))
			_, flag := w.Flag(ctx, tc.p, "blue", "blue-flag")
			_, one := w.Release(ctx, tc.p, release.ID)
			_, verdict := w.Verdict(ctx, tc.p, release.Verdict.ID)
			_, verdicts := w.Verdicts(ctx, tc.p, release.ID)
			for what, err := range map[string]error{"flag": flag, "release": one, "verdict": verdict, "verdicts": verdicts} {
				if tc.kind == 0 && err != nil || tc.kind != 0 && control.KindOf(err) != tc.kind {
					t.Errorf("reading the %s: %v, want kind %d", what, err, tc.kind)
				}
			}
		})
	}
}

// TestReadsOfTheInstallation are for those who may read all of it.
func TestReadsOfTheInstallation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	for name, read := range map[string]struct {
		perm control.Permission
		do   func(p control.Principal) error
	}{
		"segments": {control.PermRead, func(p control.Principal) error { _, err := w.Segments(ctx, p); return err }},
		"tokens":   {control.PermTokenRead, func(p control.Principal) error { _, err := w.Tokens(ctx, p); return err }},
		"events":   {control.PermAuditRead, func(p control.Principal) error { _, err := w.Events(ctx, p, 0, 1); return err }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, read.do(may(anywhere, read.perm)))
			wantErr(t, read.do(may(blue, control.PermAny)), control.Denied, string(read.perm))
			wantErr(t, read.do(control.Principal{}), control.Unauthenticated, "")
		})
	}
}
