package control_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// goals is a plan of which no signal decides anything.
func goals() gate.Plan {
	p := gate.DefaultPolicy()
	for i := range p.Signals {
		p.Signals[i].OnFail, p.Signals[i].Required = gate.OnFailWarn, false
	}
	return gate.PlanOf(p)
}

func TestPolicyThatCannotBlock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := starting()
	in.Plan = goals()
	_, err := w.StartRelease(t.Context(), root, in)
	if control.KindOf(err) != control.Invalid || !strings.Contains(err.Error(), "goals alone") {
		t.Errorf("started in production: %v", err)
	}
	in.Flag, in.Environment = "green-flag", "development"
	if _, err := w.StartRelease(t.Context(), root, in); err != nil {
		t.Errorf("not started in development: %v", err)
	}
}

func TestProvePolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, err := w.StartRelease(t.Context(), root, starting())
	check(t, err)
	view, err := w.Release(t.Context(), root, r.ID)
	check(t, err)
	if p, err := w.Proof(t.Context(), view); p != nil || err != nil {
		t.Errorf("proven before any test: %v, %v", p, err)
	}
	head := func() int64 {
		h, err := w.Head(t.Context())
		check(t, err)
		return h.Size
	}
	for _, step := range []struct {
		pass   time.Duration
		events int64
	}{{0, 1}, {0, 0}, {23 * time.Hour, 0}, {time.Hour, 1}} {
		w.pass(step.pass)
		before := head()
		check(t, w.ProvePolicies(t.Context()))
		if got := head() - before; got != step.events {
			t.Errorf("after %v: %d events, want %d", step.pass, got, step.events)
		}
	}
	proof, err := w.Proof(t.Context(), view)
	check(t, err)
	blocked := func(tr gate.Trial) bool { return tr.Blocked || tr.Fault == gate.FaultNone }
	if !proof.Blocks || len(proof.Trials) < 10 || slices.ContainsFunc(proof.Trials, func(tr gate.Trial) bool { return !blocked(tr) }) {
		t.Errorf("proof %+v", proof)
	}
}
