package runner_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/runner"
	"github.com/lockflight/lockflight/internal/store"
)

// world is a plane without HTTP: a store, a service, and flags to release.
type world struct {
	*control.Service
	db    *store.DB
	units atomic.Int64 // of both arms, so far
}

var root = control.Principal{
	Kind: control.KindHuman, ID: "u_test", Origin: "api",
	Grants: []control.Grant{{Permissions: []control.Permission{control.PermAny}, Projects: []string{control.All}, Environments: []string{control.All}}},
}

const (
	flagName  = "agent"
	otherFlag = "other-agent"
)

func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Dir: t.TempDir()})
	check(t, err)
	t.Cleanup(func() { _ = db.Close() })
	s := control.New(control.Options{Store: db, Origin: "test", Version: "v0", Logger: slog.New(slog.DiscardHandler)})
	check(t, s.Init(t.Context()))
	for _, name := range []string{flagName, otherFlag} {
		_, err = s.CreateFlag(t.Context(), root, control.Flag{Name: name, Project: "default"})
		check(t, err)
	}
	return &world{Service: s, db: db}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func diff(t testing.TB, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// patience is how long a test waits for what must happen: longer than any
// machine is busy.
const patience = time.Minute

// plan has one signal, no patience, and four milestones.
const plan = `{
	"apiVersion": "lockflight/v1", "kind": "GatePolicy", "metadata": {"name": "quick"},
	"signals": [{"name": "task_success_rate", "weight": 1, "min_n": 20, "relative": {"require_ni": "never"}}],
	"evidence": {"min_duration": "0s", "min_exposures_per_arm": 20, "min_step_exposures": 20},
	"hysteresis": {"evaluate_every": "10ms"},
	"steps": [{"percent": 10}, {"percent": 25}, {"percent": 50}, {"percent": 100, "final": true}]
}`

func (w *world) start(t *testing.T, flag, planJSON string) control.ReleaseView {
	t.Helper()
	p, err := gate.ParsePlan([]byte(planJSON))
	check(t, err)
	return w.startBy(t, flag, p)
}

func (w *world) startBy(t *testing.T, flag string, p gate.Plan) control.ReleaseView {
	t.Helper()
	r, err := w.StartRelease(t.Context(), root, control.StartRelease{
		Flag: flag, Environment: "production", Build: "b2", Control: "b1", Plan: p,
	})
	check(t, err)
	return w.read(t, r.ID)
}

func (w *world) read(t *testing.T, id string) control.ReleaseView {
	t.Helper()
	r, err := w.Release(t.Context(), root, id)
	check(t, err)
	return r
}

// run runs a runner until the test or stop ends it.
func (w *world) run(t *testing.T, evidence control.EvidenceStore) (r *runner.Runner, stop func()) {
	t.Helper()
	return w.runWith(t, runner.Options{Evidence: evidence})
}

// runWith is run with options.
func (w *world) runWith(t *testing.T, o runner.Options) (r *runner.Runner, stop func()) {
	t.Helper()
	o.Service, o.Wake, o.Coalesce = w.Service, w.db, 5*time.Millisecond
	r = runner.New(o)
	ctx, cancel := context.WithCancel(context.Background()) //nolint:usetesting // ends before the store is closed
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	ended := false
	stop = func() {
		if ended {
			return
		}
		ended = true
		cancel()
		check(t, <-done)
	}
	t.Cleanup(stop)
	return r, stop
}

// submit sends evidence of n new units in each arm; those of the treatment
// succeed where good.
func (w *world) submit(t *testing.T, r control.ReleaseView, n int, good bool) {
	t.Helper()
	w.submitAt(t, r, time.Now(), n, good)
}

// submitAt is submit of evidence that is received at a time.
func (w *world) submitAt(t *testing.T, r control.ReleaseView, received time.Time, n int, good bool) {
	t.Helper()
	var lines bytes.Buffer
	enc := json.NewEncoder(&lines)
	for range n {
		for arm, build := range map[string]string{gate.Treatment: r.Build, gate.Control: r.Control} {
			o := gate.Observation{
				At: time.Now().UTC(), Environment: r.Environment, Flag: r.Flag, Arm: arm, Build: build,
				Unit: fmt.Sprint("u", w.units.Add(1)), Signal: "exposure",
			}
			check(t, enc.Encode(o))
			o.Pass = new(good || arm == gate.Control)
			for _, signal := range []string{"task_success_rate", "evidence_coverage"} {
				o.Signal = signal
				check(t, enc.Encode(o))
			}
		}
	}
	check(t, w.db.AppendEvidence(t.Context(), received, []control.EvidenceBatch{{Release: r.ID, Lines: lines.Bytes()}}))
}

// until awaits what the release comes to, and sends good evidence meanwhile
// where it is told to.
func (w *world) until(t *testing.T, id string, evidence bool, is func(control.ReleaseView) bool) control.ReleaseView {
	t.Helper()
	limit := time.After(patience)
	for {
		changed := w.db.Changed()
		r := w.read(t, id)
		if is(r) {
			return r
		}
		again := make(<-chan time.Time)
		if evidence && r.Open() {
			w.submit(t, r, 25, true)
			again = time.After(20 * time.Millisecond) // the pace of the evidence
		}
		select {
		case <-changed:
		case <-again:
		case <-limit:
			t.Fatalf("release %s stays %s at milestone %d: %+v", id, r.State, r.Milestone, r.Verdict)
		}
	}
}

func closed(r control.ReleaseView) bool { return !r.Open() }

func at(milestone int, reason string) func(control.ReleaseView) bool {
	return func(r control.ReleaseView) bool {
		return r.Milestone == milestone && r.Verdict != nil && (reason == "" || r.Verdict.Reason == reason)
	}
}

// promotions returns the milestones that were left by a PROMOTE, in order.
func (w *world) promotions(t *testing.T, id string) []int {
	t.Helper()
	all, err := w.Verdicts(t.Context(), root, id)
	check(t, err)
	var out []int
	for _, v := range all {
		if v.Decision.Verdict == gate.Promote {
			out = append(out, v.Milestone)
		}
	}
	return out
}
