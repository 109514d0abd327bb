package control_test

import (
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// later asks for a release that begins in an hour, as an owner of the project.
func (w *world) later(t *testing.T) (control.Principal, control.Account, control.ReleaseView) {
	t.Helper()
	a := w.person(t, "owner", control.RoleAdmin)
	p := w.signedIn(t, a)
	in := starting()
	in.StartAt = w.now().Add(time.Hour)
	r := must(w.StartRelease(t.Context(), p, in))(t)
	return p, a, must(w.Release(t.Context(), root, r.ID))(t)
}

func TestScheduledRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := starting()
	in.StartAt = w.now()
	_, err := w.StartRelease(t.Context(), root, in)
	wantErr(t, err, control.Invalid, "startAt")

	p, _, r := w.later(t)
	if r.State != control.Scheduled || r.Percent() != 0 || !r.Open() {
		t.Errorf("scheduled: %s at %d %%", r.State, r.Percent())
	}
	diff(t, "served", false, w.servedFlag(t, production).Enabled)
	must(w.AddStrategy(t.Context(), p, production, rollout("20")))(t) // the flag is nobody's yet
	for name, err := range map[string]error{
		"promoted": failing(w.PromoteRelease(t.Context(), root, r.ID, "hurry")),
		"paused":   failing(w.PauseRelease(t.Context(), root, r.ID, "")),
		"begun":    failing(w.BeginRelease(t.Context(), control.Engine(), r.ID, r.Rev)),
		"decided":  failing(w.Apply(t.Context(), control.Engine(), w.decided(r, gate.Promote, gate.AllPass))),
	} {
		if control.KindOf(err) != control.Conflict || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}

	w.pass(time.Hour)
	from := w.head(t).Size
	begun := must(w.BeginRelease(t.Context(), control.Engine(), r.ID, r.Rev))(t)
	diff(t, "state", control.Running, begun.State)
	diff(t, "percent", 10, begun.Percent())
	diff(t, "starter", p.ID, begun.StartedBy)
	diff(t, "records", []string{"release.milestone.enter"}, types(w.since(t, from)))
	w.accounted(t, w.since(t, from))
	_, err = w.BeginRelease(t.Context(), control.Engine(), r.ID, r.Rev)
	diff(t, "again", "release_moved_on", code(err))
}

func failing(_ control.ReleaseView, err error) error { return err }

// TestBeginRefused begins nothing that whoever asked for it may not, or that is
// called off meanwhile; what only has to wait, waits.
func TestBeginRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		meanwhile func(*testing.T, *world, control.Account)
		state     control.ReleaseState
		records   []string
	}{
		"rights taken away": {func(t *testing.T, w *world, a control.Account) {
			must(w.EditAccount(t.Context(), root, a.ID, control.AccountEdit{Role: new(control.RoleViewer)}))(t)
		}, control.Aborted, []string{"release.abort"}},
		"account disabled": {func(t *testing.T, w *world, a control.Account) {
			must(w.EditAccount(t.Context(), root, a.ID, control.AccountEdit{Disabled: new(true)}))(t)
		}, control.Aborted, []string{"release.abort"}},
		"flag archived": {func(t *testing.T, w *world, _ control.Account) {
			check(t, w.ArchiveFlags(t.Context(), root, "blue", []string{"blue-flag"}))
		}, control.Aborted, []string{"release.abort"}},
		"another runs": {func(t *testing.T, w *world, _ control.Account) {
			in := starting()
			in.Build = "b3"
			must(w.StartRelease(t.Context(), root, in))(t)
		}, control.Scheduled, []string{"release.schedule"}},
		"environment frozen": {func(t *testing.T, w *world, _ control.Account) {
			freeze := control.EnvironmentEdit{Calendar: &gate.Calendar{Freezes: []gate.Freeze{{From: begin, To: begin.Add(24 * time.Hour), Reason: "sales"}}}}
			check(t, w.EditEnvironments(t.Context(), root, map[string]control.EnvironmentEdit{"production": freeze}))
		}, control.Scheduled, []string{"release.schedule"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			_, a, r := w.later(t)
			tt.meanwhile(t, w, a)
			w.pass(time.Hour)
			from := w.head(t).Size
			after := must(w.BeginRelease(t.Context(), control.Engine(), r.ID, r.Rev))(t)
			diff(t, "state", tt.state, after.State)
			if after.Note == "" {
				t.Error("does not say why")
			}
			diff(t, "records", tt.records, types(w.since(t, from)))
			if tt.state == control.Scheduled { // and says so once
				must(w.BeginRelease(t.Context(), control.Engine(), r.ID, after.Rev))(t)
				diff(t, "records", tt.records, types(w.since(t, from)))
			}
		})
	}
}

// TestCallOff ends what is scheduled by hand, and with the flag.
func TestCallOff(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(*testing.T, *world, control.ReleaseView){
		"by hand": func(t *testing.T, w *world, r control.ReleaseView) {
			must(w.RollbackRelease(t.Context(), root, r.ID, "not today"))(t)
		},
		"with the flag": func(t *testing.T, w *world, _ control.ReleaseView) {
			must(w.SetEnabled(t.Context(), root, production, false))(t)
		},
	} {
		w := newWorld(t)
		_, _, r := w.later(t)
		stop(t, w, r)
		diff(t, name, control.Aborted, must(w.Release(t.Context(), root, r.ID))(t).State)
		in := starting() // what served nobody is not latched
		must(w.StartRelease(t.Context(), root, in))(t)
	}
}

// TestEnvironmentCalendar holds what would grow in an environment, whatever the
// plan says.
func TestEnvironmentCalendar(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	set := func(c *gate.Calendar) error {
		return w.EditEnvironments(t.Context(), root, map[string]control.EnvironmentEdit{"production": {Calendar: c}})
	}
	wantErr(t, set(&gate.Calendar{TimeZone: "Atlantis"}), control.Invalid, "calendar.time_zone")
	wantErr(t, set(&gate.Calendar{Windows: []gate.ChangeWindow{{From: "9", To: "17:00"}}}), control.Invalid, "calendar.windows[0].from")

	r := w.started(t)
	r = w.apply(t, r, gate.Hold, gate.MinDuration)
	check(t, set(&gate.Calendar{Windows: []gate.ChangeWindow{{Days: []string{"mon"}, From: "09:00", To: "17:00"}}})) // it is Sunday
	_, err := w.PromoteRelease(t.Context(), root, r.ID, "hurry")
	diff(t, "by hand", calendarClosed, code(err))
	_, err = w.Apply(t.Context(), control.Engine(), w.decided(r, gate.Promote, gate.AllPass))
	diff(t, "by the gate", calendarClosed, code(err))
	if why := must(w.Release(t.Context(), root, r.ID))(t).Closed(w.now()); why != "production is outside the change windows" {
		t.Errorf("closed: %q", why)
	}
	check(t, set(&gate.Calendar{}))
	must(w.PromoteRelease(t.Context(), root, r.ID, "open again"))(t)
	must(w.RollbackRelease(t.Context(), root, r.ID, "any time"))(t)
}

const calendarClosed = "calendar_closed"
