package control_test

import (
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// version is what a test looks at in a FlagRevision.
type version struct {
	Rev     int64
	At      time.Duration // since begin
	Event   string
	By      string
	Enabled bool
	Rollout []string
}

func versionsOf(all []control.FlagRevision) []version {
	var out []version
	for _, r := range all {
		v := version{Rev: r.Rev, At: r.At.Sub(begin), Event: r.Event, By: r.By.ID, Enabled: r.Config.Enabled}
		for _, st := range r.Config.Strategies {
			v.Rollout = append(v.Rollout, st.Parameters["rollout"])
		}
		out = append(out, v)
	}
	return out
}

// edited gives the blue flag three versions in production, a minute apart:
// off at 10 percent, on, on at 50 percent.
func edited(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	st := must(w.AddStrategy(t.Context(), root, production, rollout("10")))(t)
	w.pass(time.Minute)
	must(w.SetEnabled(t.Context(), root, production, true))(t)
	w.pass(time.Minute)
	st.Parameters["rollout"] = "50"
	must(w.UpdateStrategy(t.Context(), root, production, st))(t)
	w.pass(time.Minute)
	return w
}

func TestFlagHistory(t *testing.T) {
	t.Parallel()
	w := edited(t)
	all := []version{
		{3, 2 * time.Minute, "rule.update", "tok_test", true, []string{"50"}},
		{2, time.Minute, "flag.env.enable", "tok_test", true, []string{"10"}},
		{1, 0, "rule.create", "tok_test", false, []string{"10"}},
	}
	for _, test := range []struct {
		name   string
		before int64
		limit  int
		want   []version
	}{
		{"all", 0, 10, all},
		{"first page", 0, 2, all[:2]},
		{"next page", 2, 2, all[2:]},
		{"beyond the newest", 99, 1, all[:1]},
		{"none left", 1, 10, nil},
	} {
		got := must(w.FlagHistory(t.Context(), root, production, test.before, test.limit))(t)
		diff(t, test.name, test.want, versionsOf(got))
	}
	newest := must(w.FlagHistory(t.Context(), root, production, 0, 1))(t)[0]
	path := "strategies[" + newest.Config.Strategies[0].ID + "].parameters.rollout"
	diff(t, "differences", []control.Difference{{Path: path, Before: "10", After: "50"}}, newest.Differences)
}

func TestFlagHistoryErrors(t *testing.T) {
	t.Parallel()
	w := edited(t)
	missing := control.Ref{Flag: "none", Environment: "production"}
	_, err := w.FlagHistory(t.Context(), root, missing, 0, 1)
	wantErr(t, err, control.NotFound, "flag")
	_, err = w.FlagHistory(t.Context(), may(control.Scope{Project: "default"}, control.PermRead), production, 0, 1)
	wantErr(t, err, control.NotFound, "flag")
	untouched := must(w.FlagHistory(t.Context(), root, control.Ref{Flag: "green-flag", Environment: "production"}, 0, 1))(t)
	diff(t, "history of what was never configured", []control.FlagRevision(nil), untouched)
}

func TestRestoreFlag(t *testing.T) {
	t.Parallel()
	w := edited(t)
	green := control.Ref{Project: "default", Flag: "green-flag", Environment: "production"}
	must(w.SetEnabled(t.Context(), root, green, true))(t)
	other := text(t, w.servedFlag(t, green))
	versions := must(w.FlagHistory(t.Context(), root, production, 0, 10))(t)
	head := w.head(t).Size

	view := must(w.RestoreFlag(t.Context(), root, production, 2))(t)
	diff(t, "what is configured", text(t, versions[1].Config), text(t, view.Environments[0]))
	records := w.since(t, head)
	diff(t, "records", []string{"flag.env.restore"}, types(records))
	w.accounted(t, records)
	diff(t, "another flag", other, text(t, w.servedFlag(t, green)))
	newest := must(w.FlagHistory(t.Context(), root, production, 0, 1))(t)
	diff(t, "newest version", []version{{4, 3 * time.Minute, "flag.env.restore", "tok_test", true, []string{"10"}}}, versionsOf(newest))

	must(w.RestoreFlag(t.Context(), root, production, 2))(t)
	diff(t, "records after restoring what is there", head+1, w.head(t).Size)
}

func TestRestoreFlagRefused(t *testing.T) {
	t.Parallel()
	writer := may(control.Scope{Project: "blue"}, control.PermRuleWrite)
	for _, test := range []struct {
		name    string
		by      control.Principal
		prepare func(t *testing.T, w *world)
		rev     int64
		kind    control.Kind
		field   string
	}{
		{"no such revision", root, nil, 9, control.NotFound, "revision"},
		{"revision 0", root, nil, 0, control.NotFound, "revision"},
		{"beside a release", root, func(t *testing.T, w *world) { w.started(t) }, 1, control.Conflict, ""},
		{"may not write", may(control.Scope{}, control.PermRead), nil, 1, control.Denied, "rule.write"},
		{"may not switch on", writer, func(t *testing.T, w *world) {
			must(w.SetEnabled(t.Context(), root, production, false))(t)
		}, 3, control.Denied, "flag.env.toggle_on"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := edited(t)
			if test.prepare != nil {
				test.prepare(t, w)
			}
			before := w.head(t)
			_, err := w.RestoreFlag(t.Context(), test.by, production, test.rev)
			wantErr(t, err, test.kind, test.field)
			diff(t, "the log", before, w.head(t))
		})
	}
}
