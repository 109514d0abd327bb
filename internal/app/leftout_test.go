package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/sdk/eval"
)

// TestLeftOutIsTold sends evidence that cannot count to a live server: what was
// taken and does not count is in the release's status, by cause, and nothing is
// dropped in silence.
func TestLeftOutIsTold(t *testing.T) {
	t.Parallel()
	a, _ := start(t, options(t))
	send(t, "POST", a.URL()+"/api/v1/flags", admin, `{"name":"agent"}`)
	status, text := send(t, "POST", a.URL()+"/api/v1/releases", admin,
		`{"flag":"agent","environment":"production","build":"b2","control":"b1","plan":"agent-default","casesPerDay":500000}`)
	var r struct {
		ID      string
		LeftOut map[gate.Cause]int64
	}
	check(t, json.Unmarshal([]byte(text), &r))
	if status != http.StatusCreated || r.ID == "" {
		t.Fatalf("start: %d %s", status, text)
	}
	now := time.Now().UTC()
	treated := func(from int) (unit string, next int) {
		for i := from; ; i++ {
			if unit = fmt.Sprint("u", i); eval.ArmOf(r.ID, unit, 1) == eval.Treatment {
				return unit, i + 1
			}
		}
	}
	one, next := treated(0)
	old, _ := treated(next)
	line := gate.Observation{
		At: now, Environment: "production", Flag: "agent", Arm: gate.Treatment, Unit: one, Build: "b2", Signal: "exposure",
	}
	outcome := line
	outcome.Signal, outcome.Pass, outcome.ID = "task_success_rate", new(true), "o-1"
	stale, late, foreign := line, outcome, outcome
	stale.Unit, stale.At = old, now.Add(-time.Hour)
	late.Unit, late.ID = old, ""
	foreign.Build, foreign.ID = "b9", ""
	var lines bytes.Buffer
	for _, o := range []gate.Observation{line, outcome, outcome, stale, late, foreign} {
		check(t, json.NewEncoder(&lines).Encode(o))
	}
	req := request(t, "POST", a.URL()+"/api/v1/evidence", backend, lines.String())
	req.Header.Set("Content-Type", "application/x-ndjson")
	resp, err := http.DefaultClient.Do(req)
	check(t, err)
	check(t, resp.Body.Close())
	if resp.StatusCode != http.StatusAccepted {
		t.Fatalf("evidence: %s", resp.Status)
	}
	want := map[gate.Cause]int64{gate.Late: 1, gate.Duplicate: 1, gate.ForeignBuild: 1}
	until(t, "the release tells what it left out", func() bool {
		r.LeftOut = nil
		_, text = send(t, "GET", a.URL()+"/api/v1/releases/"+r.ID, admin, "")
		check(t, json.Unmarshal([]byte(text), &r))
		return len(r.LeftOut) > 0
	})
	if d := cmp.Diff(want, r.LeftOut); d != "" {
		t.Errorf("left out (-want +got)\n%s\n%s", d, text)
	}
}
