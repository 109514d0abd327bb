package sdk_test

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

const evidencePath = "/api/v1/evidence"

// dated leaves out what differs from run to run.
var dated = cmpopts.IgnoreMapEntries(func(key string, _ any) bool { return key == "id" || key == "at" })

func flush(t testing.TB, c *sdk.Client) {
	t.Helper()
	if err := c.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestExposuresAreReportedOnce(t *testing.T) {
	t.Parallel()
	f := released("router", "r1", 20)
	s := newServer(t, f, on("plain"))
	changed, wait := signal(t)
	c := open(t, s, func(o *sdk.Options) { o.Build, o.OnChanged = "b2", changed })
	ready(t, c)
	treated, compared, rest := inArm(t, f, eval.Treatment, 0), inArm(t, f, eval.Control, 0), inArm(t, f, eval.Rest, 0)
	for range 3 {
		if !c.Bool("router", treated, false) || c.Bool("router", compared, true) || c.Bool("router", rest, true) {
			t.Fatal("the release does not serve its arms")
		}
		c.Variant("router", treated)
		c.Bool("plain", treated, false)
	}
	c.Bool("router", &eval.Context{}, false) // not eligible: it has no user
	flush(t, c)
	line := func(unit, arm, build string) map[string]any {
		return map[string]any{
			"environment": "development", "flag": "router", "arm": arm, "unit": unit, "build": build, "signal": "exposure",
		}
	}
	want := []map[string]any{line(treated.UserID, "treatment", "b2"), line(compared.UserID, "control", "control")}
	if diff := cmp.Diff(want, s.observations(t), dated); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}

	// A new release of the flag is a new comparison.
	s.put(released("router", "r2", 50))
	serves(t, c, 2, wait)
	for range 2 {
		c.Bool("router", treated, false)
	}
	flush(t, c)
	if got := len(s.observations(t)); got != 3 {
		t.Errorf("%d exposures, want 3", got)
	}
}

func TestTrackJoinsOutcomesToArms(t *testing.T) {
	t.Parallel()
	f, g := released("f", "r1", 50), released("g", "r1", 50)
	f.Strategies[0].Parameters["build"] = "b7"
	s := newServer(t, f, g, on("plain"))
	c := open(t, s)
	ready(t, c)
	treated := inArm(t, f, eval.Treatment, 0)
	c.Track("task_success_rate", treated, sdk.Pass(true), sdk.Flag("f"), sdk.Case("c1"))
	c.Track("safety_pass_rate", treated, sdk.Critical(), sdk.Flag("f"))
	c.Track("p95_latency_ms", treated, sdk.Value(812.5), sdk.Build("b9"), sdk.Flag("f"))
	c.Track("evidence_coverage", treated, sdk.NA())
	flush(t, c)
	line := func(flag, build, signal string, rest map[string]any) map[string]any {
		rest["environment"], rest["arm"], rest["unit"] = "development", "treatment", treated.UserID
		rest["flag"], rest["build"], rest["signal"] = flag, build, signal
		return rest
	}
	want := []map[string]any{
		line("f", "b7", "task_success_rate", map[string]any{"pass": true, "case": "c1"}),
		line("f", "b7", "safety_pass_rate", map[string]any{"pass": false, "severity": "critical"}),
		line("f", "b9", "p95_latency_ms", map[string]any{"value": 812.5}),
		line("f", "b7", "evidence_coverage", map[string]any{"na": true}),
		line("g", "unknown", "evidence_coverage", map[string]any{"na": true}),
	}
	got := s.observations(t)
	if diff := cmp.Diff(want, got, dated); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	ids := make(map[any]bool)
	for _, o := range got {
		ids[o["id"]] = true
		if at, err := time.Parse(time.RFC3339Nano, fmt.Sprint(o["at"])); err != nil || time.Since(at) > time.Minute {
			t.Errorf("at = %v, %v", o["at"], err)
		}
	}
	if len(ids) != len(got) {
		t.Errorf("%d ids for %d observations", len(ids), len(got))
	}
}

func TestTrackRejectsWhatNoServerTakes(t *testing.T) {
	t.Parallel()
	f := released("f", "r1", 50)
	s := newServer(t, f)
	c := open(t, s)
	ready(t, c)
	ec := inArm(t, f, eval.Treatment, 0)
	for _, outcome := range []sdk.Outcome{{}, sdk.Value(math.NaN()), sdk.Value(math.Inf(1)), sdk.Value(-1)} {
		c.Track("x", ec, outcome)
	}
	c.Track("", ec, sdk.Pass(true))
	c.Track("exposure", ec, sdk.Pass(true))
	c.Track("x", nil, sdk.Pass(true)) // in no arm: nothing to reject
	if got := c.Stats(); got.ObservationsRejected != 6 || got.ObservationsQueued != 0 {
		t.Errorf("stats = %+v, want 6 rejected and none queued", got)
	}
}

// A batch that fails is sent again as it was, so that the server can drop
// what it has; one that is refused is not.
func TestEvidenceIsSentAgain(t *testing.T) {
	t.Parallel()
	tests := []struct {
		code    int
		again   bool
		dropped uint64
	}{
		{http.StatusInternalServerError, true, 0},
		{http.StatusTooManyRequests, true, 0},
		{http.StatusUnauthorized, true, 0},
		{http.StatusBadRequest, false, 1},
		{http.StatusNotFound, false, 1},
	}
	for _, test := range tests {
		t.Run(strconv.Itoa(test.code), func(t *testing.T) {
			t.Parallel()
			f := released("f", "r1", 50)
			s := newServer(t, f)
			c := open(t, s)
			ready(t, c)
			c.Bool("f", inArm(t, f, eval.Treatment, 0), false)
			s.answer(evidencePath, status(test.code))
			if err := c.Flush(t.Context()); err == nil {
				t.Error("no error")
			}
			s.answer(evidencePath, nil)
			flush(t, c)
			got := s.received(evidencePath)
			if again := len(got) == 2; again != test.again {
				t.Errorf("sent again: %t, want %t", again, test.again)
			} else if again && string(got[0].body) != string(got[1].body) {
				t.Errorf("sent %s and then %s", got[0].body, got[1].body)
			}
			if got := c.Stats().ObservationsDropped; got != test.dropped {
				t.Errorf("dropped = %d, want %d", got, test.dropped)
			}
		})
	}
}

func TestEvidenceCountsWhatTheServerRejects(t *testing.T) {
	t.Parallel()
	f := released("f", "r1", 50)
	s := newServer(t, f)
	s.answer(evidencePath, func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte(`{"accepted":1,"rejected":[{"line":2,"error":"unknown_signal"}]}`))
	})
	c := open(t, s)
	ready(t, c)
	ec := inArm(t, f, eval.Control, 0)
	c.Bool("f", ec, false)
	c.Track("x", ec, sdk.Pass(true))
	flush(t, c)
	if got := c.Stats(); got.ObservationsSent != 1 || got.ObservationsRejected != 1 {
		t.Errorf("stats = %+v, want 1 sent and 1 rejected", got)
	}
}

// Without a server the queue stays within its bound, and an exposure that
// found no room is reported later.
func TestEvidenceIsBounded(t *testing.T) {
	t.Parallel()
	f := released("f", "r1", 50)
	s := newServer(t, f)
	c := open(t, s)
	ready(t, c)
	ec, late := inArm(t, f, eval.Treatment, 0), inArm(t, f, eval.Treatment, 1)
	for range 20_000 {
		c.Track("x", ec, sdk.Pass(true))
	}
	c.Bool("f", late, false)
	got := c.Stats()
	if got.ObservationsQueued != 16384 || got.ObservationsDropped != 20_001-16384 {
		t.Errorf("stats = %+v", got)
	}
	flush(t, c)
	c.Bool("f", late, false)
	flush(t, c)
	all := s.observations(t)
	if last := all[len(all)-1]; last["signal"] != "exposure" || last["unit"] != late.UserID {
		t.Errorf("the last observation is %v, want the exposure that was dropped", last)
	}
	if got := len(all); got != 16385 {
		t.Errorf("%d observations, want 16385", got)
	}
}

// However many goroutines check and track, each unit is exposed once and each
// outcome arrives once.
func TestEvidenceAmongGoroutines(t *testing.T) {
	t.Parallel()
	f := released("f", "r1", 50)
	s := newServer(t, f)
	c := open(t, s, func(o *sdk.Options) { o.EvidenceInterval = time.Millisecond })
	ready(t, c)
	const workers, units = 4, 500
	var work sync.WaitGroup
	for range workers {
		work.Go(func() {
			for i := range units {
				ec := eval.Context{UserID: strconv.Itoa(i)}
				c.Bool("f", &ec, false)
				c.Track("x", &ec, sdk.Pass(true))
			}
		})
	}
	work.Wait()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	exposures, outcomes := make(map[any]int), make(map[any]int)
	for _, o := range s.observations(t) {
		if o["signal"] == "exposure" {
			exposures[o["unit"]]++
		} else {
			outcomes[o["unit"]]++
		}
	}
	if len(exposures) != units || len(outcomes) != units {
		t.Errorf("%d units exposed and %d with outcomes, want %d", len(exposures), len(outcomes), units)
	}
	for unit := range exposures {
		if exposures[unit] != 1 || outcomes[unit] != workers {
			t.Errorf("unit %v: %d exposures and %d outcomes, want 1 and %d", unit, exposures[unit], outcomes[unit], workers)
		}
	}
}

// Evidence must name its environment. A stream does not, nor do all tokens.
func TestEvidenceNamesItsEnvironment(t *testing.T) {
	t.Parallel()
	f := released("f", "r1", 50)
	s := newServer(t, f)
	c := open(t, s, func(o *sdk.Options) { o.Environment = "staging" })
	ready(t, c)
	c.Bool("f", inArm(t, f, eval.Treatment, 0), false)
	flush(t, c)
	if got := s.observations(t)[0]["environment"]; got != "staging" {
		t.Errorf("environment = %v, want staging", got)
	}
}
