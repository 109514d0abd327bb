package control_test

import (
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// starts is an approved request of the agent's to start a release.
func (o *office) starts(t *testing.T, in control.StartRelease) control.RequestView {
	t.Helper()
	r, err := o.StartRelease(t.Context(), proposing(o.bot), in)
	c := o.proposed(t, r, err)
	return must(o.ApproveRequest(t.Context(), o.bob, c.ID, c.Digest, ""))(t)
}

// TestScheduledByRequest: a release that was proposed begins at its time, in its
// author's name and by the request's approvals, while they count.
func TestScheduledByRequest(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		meddle func(t *testing.T, o *office)
		want   control.ReleaseState
	}{
		"begins": {func(*testing.T, *office) {}, control.Running},
		"whoever approved it may not": {func(t *testing.T, o *office) {
			must(o.EditAccount(t.Context(), root, o.bob.ID, control.AccountEdit{Disabled: new(true)}))(t)
		}, control.Aborted},
		"the agent was stopped": {func(t *testing.T, o *office) {
			must(o.Kill(t.Context(), o.eve, control.Kill{Scope: control.KillAll}))(t)
		}, control.Aborted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, "")
			ctx := t.Context()
			in := starting()
			in.StartAt = o.now().Add(time.Hour)
			in.With = []control.StartTarget{{Flag: "green-flag", Build: "g2", Control: "g1"}}
			c := o.starts(t, in)
			must(o.ApplyRequest(ctx, o.bob, c.ID))(t)
			r := must(o.Releases(ctx, root, true))(t)[0]
			if r.State != control.Scheduled || r.StartedBy != o.bot.ID || r.Request != c.ID || len(r.With) != 1 {
				t.Fatalf("scheduled: %+v", r.Release)
			}
			o.pass(time.Hour)
			tt.meddle(t, o)
			from := o.head(t).Size
			begun, err := o.BeginRelease(ctx, control.Engine(), r.ID, r.Rev)
			if err == nil {
				diff(t, "state", tt.want, begun.State)
			} else if tt.want == control.Running {
				t.Fatal(err)
			}
			if tt.want == control.Running {
				diff(t, "the record's request", c.ID, o.since(t, from)[0].CR.ID)
			} else if o.enabled(t) {
				t.Error("it serves somebody")
			}
		})
	}
}

// TestProposedWhileClosed: a calendar is asked when a release begins, not when
// it is proposed.
func TestProposedWhileClosed(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	in := starting()
	in.Plan.Calendar = &gate.Calendar{TimeZone: "Europe/Berlin", Windows: []gate.ChangeWindow{{Days: []string{"mon"}, From: "09:00", To: "17:00"}}}
	c := o.starts(t, in)
	wantCode(t, err2(o.ApplyRequest(t.Context(), o.bob, c.ID)), "calendar_closed")
	o.pass(24 * time.Hour) // Monday
	must(o.ApplyRequest(t.Context(), o.bob, c.ID))(t)
}

// TestProposedInStages: all stages of a plan are in what is approved.
func TestProposedInStages(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	c := o.starts(t, control.StartRelease{Flag: "green-flag", Build: "b2", Control: "b1", Plan: inStages()})
	must(o.ApplyRequest(t.Context(), o.bob, c.ID))(t)
	r := must(o.Releases(t.Context(), root, true))(t)[0]
	if r.Environment != "development" || len(r.Stages) != 1 || r.Starter == nil || r.Starter.ID != o.bot.ID {
		t.Errorf("started %+v", r.Release)
	}
}
