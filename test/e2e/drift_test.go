package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/lockflight/lockflight/sdk/eval"
	"github.com/lockflight/lockflight/test/postgres"
)

// TestDrift takes a build to 100 %, less a holdback, where it turns bad while its
// control does not: it falls back, on both engines and over a crash.
func TestDrift(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		driftAndFallBack(t, newPlane(t))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		p := newPlane(t)
		p.database = postgres.Start(t)
		driftAndFallBack(t, p)
	})
}

// heldBack is the percent that keeps the old build.
const heldBack = 10

func driftAndFallBack(t *testing.T, p *plane) {
	t.Helper()
	p.start(t)
	policy := steps(50, 100)
	policy["drift"] = map[string]any{"on_drift": "fallback", "holdback": heldBack, "control_wait": "0s"}
	policy["in_flight"] = map[string]any{"on_rollback": "cut"}
	policy["evidence"].(map[string]any)["outcome_window"] = "5s"
	f := p.launch(t, agent, policy)
	w := p.watch(t, f)

	f.until(t, p, "good", true, "completed")
	f.percent = 100 - heldBack
	w.await(t, func(a *eval.Assignment) bool { return a != nil && a.Percent == f.percent })
	for _, arm := range []string{eval.Treatment, eval.Control} {
		if on := w.client.Bool(agent, f.user(arm), false); on != (arm == eval.Treatment) {
			t.Errorf("a unit of %s is served the new build: %v", arm, on)
		}
	}
	p.kill(t)
	p.start(t)

	f.until(t, p, "bad", false, "rolled_back")
	p.resumed(t, func(doc eval.Snapshot) bool { return len(doc.Features) == 1 && !doc.Features[0].Enabled })
	p.reported(t, f)
	if res := p.cli(t, nil, "audit", "verify"); res.code != 0 {
		t.Errorf("audit verify: exit status %d\n%s%s", res.code, res.out, res.errors)
	}
	p.stop(t)
}

// user returns somebody in an arm.
func (f flight) user(arm string) *eval.Context {
	var next int
	for {
		for _, line := range f.exposures("user", &next, 1) {
			if line.Arm == arm {
				return &eval.Context{UserID: line.Unit}
			}
		}
	}
}

// until sends evidence, good or bad for the treatment, until the release is in a
// state.
func (f flight) until(t *testing.T, p *plane, prefix string, good bool, state string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var next int
	var refused error
	for {
		var r struct {
			State string
			Drift any
		}
		if err := p.call(ctx, http.MethodGet, "/api/v1/releases/"+f.id, nil, &r); err != nil {
			t.Fatalf("waiting for the release to be %s: %v; it is %s, watched as %v; evidence is refused: %v", state, err, r.State, r.Drift, refused)
		}
		if r.State == state {
			return
		}
		lines := f.exposures(prefix, &next, 100)
		for _, line := range lines {
			line.Signal, line.Pass = "task_success_rate", new(good || line.Arm == eval.Control)
			lines = append(lines, line)
		}
		refused = p.submit(ctx, lines, nil) // as it is once the release has ended
		select {
		case <-ctx.Done():
		case <-time.After(300 * time.Millisecond): // the pace of the evidence
		}
	}
}

// resumed awaits what a client that polls is served.
func (p *plane) resumed(t *testing.T, is func(eval.Snapshot) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		doc, err := p.features(ctx)
		if err != nil {
			t.Fatalf("the flag as it was before: %v, %+v", err, doc)
		}
		if is(doc) {
			return
		}
		time.Sleep(10 * time.Millisecond) // the feed follows the log
	}
}

// reported finds the one incident, through the command line.
func (p *plane) reported(t *testing.T, f flight) {
	t.Helper()
	res := p.cli(t, nil, "incident", "list", "--open", "-o", "json")
	var list struct {
		Incidents []struct {
			ID, Kind, Release, Signal, Action string
		}
	}
	if err := json.Unmarshal([]byte(res.out), &list); err != nil || res.code != 0 || len(list.Incidents) != 1 {
		t.Fatalf("incident list: exit status %d, %v\n%s%s", res.code, err, res.out, res.errors)
	}
	in := list.Incidents[0]
	if in.Kind != "drift" || in.Release != f.id || in.Signal != "task_success_rate" || in.Action != "fallback" {
		t.Errorf("incident %+v", in)
	}
	if res := p.cli(t, nil, "incident", "resolve", in.ID, "--reason", "it is gone"); res.code != 0 {
		t.Errorf("incident resolve: exit status %d\n%s%s", res.code, res.out, res.errors)
	}
}
