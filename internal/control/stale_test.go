package control_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/control"
)

const day = 24 * time.Hour

// TestStale judges flags at one moment, 100 days after the first of them.
func TestStale(t *testing.T) {
	t.Parallel()
	now := begin.Add(100 * day)
	ago := func(days int) time.Time { return now.Add(-time.Duration(days) * day) }
	// asked is an environment whose answers were last on and last off so many
	// days ago, -1 for never, and which was first asked about 90 days ago.
	asked := func(typ string, yes, no int) control.EnvironmentFacts {
		e := control.EnvironmentFacts{Name: typ, Type: typ, FirstAt: ago(90)}
		if yes >= 0 {
			e.YesAt, e.SeenAt = ago(yes), ago(yes)
		}
		if no >= 0 {
			e.NoAt = ago(no)
			if yes < 0 || no < yes {
				e.SeenAt = ago(no)
			}
		}
		return e
	}
	production := func(yes, no int) []control.EnvironmentFacts {
		return []control.EnvironmentFacts{asked("production", yes, no)}
	}
	flag := func(age int, change ...func(*control.Flag)) control.Flag {
		f := control.Flag{Name: "f", Project: "p", Type: "release", CreatedAt: ago(age)}
		for _, c := range change {
			c(&f)
		}
		return f
	}
	completed := func(age int, status, variant string) control.Lifecycle {
		return control.NewLife(flag(age)).Complete(ago(1), control.Completion{Status: status, Variant: variant})
	}
	released := func(state control.ReleaseState) *control.Release {
		return &control.Release{ID: "rel-1", Environment: "production", Build: "b2", State: state, EndedAt: new(ago(2))}
	}
	type reasons = []control.StaleReason
	for name, tt := range map[string]struct {
		in       control.FlagFacts
		want     reasons
		keep     string
		exceeded int
		blockers []string
	}{
		"young and in use":           {in: control.FlagFacts{Flag: flag(10), LifetimeDays: new(40), Environments: production(0, 0)}},
		"at its lifetime":            {in: control.FlagFacts{Flag: flag(40), LifetimeDays: new(40), Environments: production(0, 0)}},
		"a day past it":              {in: control.FlagFacts{Flag: flag(41), LifetimeDays: new(40), Environments: production(0, 0)}, want: reasons{"expired"}, exceeded: 1},
		"in the archive":             {in: control.FlagFacts{Flag: flag(90, func(f *control.Flag) { f.ArchivedAt = new(ago(1)) }), LifetimeDays: new(7)}},
		"marked":                     {in: control.FlagFacts{Flag: flag(1, func(f *control.Flag) { f.Stale = true })}, want: reasons{"marked"}},
		"on for long":                {in: control.FlagFacts{Flag: flag(95), LifetimeDays: new(100), Environments: production(0, 30)}, want: reasons{"settled"}, keep: "on"},
		"on for not so long":         {in: control.FlagFacts{Flag: flag(95), LifetimeDays: new(100), Environments: production(0, 29)}},
		"always on":                  {in: control.FlagFacts{Flag: flag(95), LifetimeDays: new(100), Environments: production(0, -1)}, want: reasons{"settled"}, keep: "on"},
		"off for long":               {in: control.FlagFacts{Flag: flag(95), LifetimeDays: new(100), Environments: production(31, 0)}, want: reasons{"settled"}, keep: "off"},
		"settled, and meant to stay": {in: control.FlagFacts{Flag: flag(95), Environments: production(0, -1)}},
		"settled in development alone": {in: control.FlagFacts{
			Flag: flag(95), LifetimeDays: new(100), Environments: []control.EnvironmentFacts{asked("development", 0, -1), asked("production", 0, 0)},
		}},
		"two productions that differ": {in: control.FlagFacts{
			Flag: flag(95), LifetimeDays: new(100), Environments: []control.EnvironmentFacts{asked("production", 0, -1), asked("production", -1, 0)},
		}},
		"one of them gone quiet": {in: control.FlagFacts{
			Flag: flag(95), LifetimeDays: new(100), Environments: []control.EnvironmentFacts{asked("production", 0, -1), asked("production", -1, 40)},
		}, want: reasons{"settled"}, keep: "on"},
		"unused":                     {in: control.FlagFacts{Flag: flag(95), Environments: production(31, -1)}, want: reasons{"unused"}},
		"used a month ago":           {in: control.FlagFacts{Flag: flag(95), Environments: production(30, -1)}},
		"never used":                 {in: control.FlagFacts{Flag: flag(31)}, want: reasons{"unused"}},
		"never used yet":             {in: control.FlagFacts{Flag: flag(30)}},
		"revived a moment ago":       {in: control.FlagFacts{Flag: flag(90, func(f *control.Flag) { f.RevivedAt = new(ago(1)) })}},
		"completed, kept":            {in: control.FlagFacts{Flag: flag(5), Life: completed(5, control.Kept, "")}, want: reasons{"completed"}, keep: "on"},
		"completed, a variant":       {in: control.FlagFacts{Flag: flag(5), Life: completed(5, control.Kept, "red")}, want: reasons{"completed"}, keep: "red"},
		"completed, discarded":       {in: control.FlagFacts{Flag: flag(5), Life: completed(5, control.Discarded, "")}, want: reasons{"completed"}, keep: "off"},
		"completed in a life before": {in: control.FlagFacts{Flag: flag(5), Life: completed(50, control.Kept, "")}},
		"released":                   {in: control.FlagFacts{Flag: flag(5), Released: released(control.Completed)}, want: reasons{"released"}, keep: "on"},
		"rolled back":                {in: control.FlagFacts{Flag: flag(5), Released: released(control.RolledBack)}},
		"released, and again":        {in: control.FlagFacts{Flag: flag(5), Released: released(control.Completed), Open: []string{"rel-2"}}},
		"everything": {
			in: control.FlagFacts{
				Flag: flag(95, func(f *control.Flag) { f.Stale = true }), LifetimeDays: new(40), Life: completed(95, control.Discarded, ""),
				Released: released(control.Completed), Environments: production(0, -1), Children: []string{"c"},
			},
			want: reasons{"completed", "released", "settled", "marked", "expired"}, keep: "off", exceeded: 55,
			blockers: []string{"flag c depends on it"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, stale := control.Stale(tt.in, now)
			if stale != (len(tt.want) > 0) {
				t.Fatalf("stale %v for %v", stale, got.Reasons)
			}
			if !stale {
				return
			}
			want := tt.want
			if d := cmp.Diff(want, got.Reasons); d != "" || got.Keep != tt.keep || got.ExceededDays != tt.exceeded {
				t.Errorf("keep %q, exceeded by %d, want %q, %d; reasons (-want +got):\n%s", got.Keep, got.ExceededDays, tt.keep, tt.exceeded, d)
			}
			diff(t, "blockers", tt.blockers, got.Blockers)
		})
	}
}

// TestStaleFlags follows one flag through the list, with what is reported of it.
func TestStaleFlags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	names := func(project string) []string {
		out := []string{}
		for _, f := range must(w.StaleFlags(ctx, root, project))(t) {
			out = append(out, f.Flag)
		}
		return out
	}
	report := func(yes, no int64) {
		check(t, w.db.AddReports(ctx, control.Reports{Usage: []control.Usage{
			{Flag: "blue-flag", Environment: "production", App: "shop", Hour: w.now(), SeenAt: w.now(), Yes: yes, No: no},
		}}))
	}
	report(1, 3)
	diff(t, "at first", []string{}, names(""))
	w.pass(29 * day)
	report(3, 0)
	diff(t, "after 29 days", []string{}, names(""))
	w.pass(2 * day)
	report(5, 0)
	diff(t, "after 31 days", []string{"blue-flag", "green-flag"}, names(""))
	diff(t, "of a project", []string{"green-flag"}, names("default"))
	got := must(w.StaleFlags(ctx, root, "blue"))(t)
	diff(t, "evidence", []control.StaleFlag{{
		Flag: "blue-flag", Project: "blue", Type: "release", CreatedAt: begin, CreatedBy: "tok_test", Stage: control.StageInitial,
		Reasons: []control.StaleReason{control.StaleSettled}, Keep: control.SideOn, LifetimeDays: new(40), LastSeenAt: new(w.now()),
		Environments: []control.StaleEnvironment{{
			Name: "production", Type: "production", LastSeenAt: new(w.now()), Yes: 8, ShareOfYes: new(1.0),
			Settled: control.SideOn, SettledSince: new(begin),
		}},
	}}, got)
	diff(t, "who may read elsewhere", 0, len(must(w.StaleFlags(ctx, may(control.Scope{Project: "default"}, control.PermFlagCreate), ""))(t)))
	_, err := w.StaleFlags(ctx, root, "red")
	wantErr(t, err, control.NotFound, "project")
	_, err = w.StaleFlags(ctx, may(control.Scope{Project: "default"}, control.PermRead), "blue")
	wantErr(t, err, control.Denied, "")
	check(t, w.ArchiveFlags(ctx, root, "blue", []string{"blue-flag"}))
	diff(t, "with one archived", []string{"green-flag"}, names(""))
}
