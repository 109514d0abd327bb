package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/lockflight/lockflight/sdk/eval"
)

// judged is the signal of the truth table; a second one is always good.
const judged = "evidence_coverage"

// truthUnits is how many units of a cell each arm is about to have half of.
const truthUnits = 300

// truthPlan is a plan that one good look promotes.
func truthPlan(required bool) map[string]any {
	plan := steps(25, 50, 100)
	signal := func(name string, required bool) map[string]any {
		return map[string]any{"name": name, "weight": 0.5, "min_n": 50, "required": required}
	}
	plan["signals"] = []map[string]any{signal("task_success_rate", true), signal(judged, required)}
	evidence, _ := plan["evidence"].(map[string]any)
	evidence["min_duration"], evidence["max_age"], evidence["outcome_grace"] = "0s", "10s", "5m"
	return plan
}

// cell sends the evidence of one cell, of units that were exposed a minute ago
// or less, and returns how many units of each arm there are.
func (p *plane) cell(t *testing.T, f flight, is string) (sent [2]int64) {
	t.Helper()
	var next int
	var records []logRecord
	begin := time.Now().Add(-time.Minute)
	for i, o := range f.exposures(f.flag, &next, truthUnits) {
		at := begin
		if i >= truthUnits/2 {
			at = begin.Add(30 * time.Second)
		}
		treated := o.Arm == eval.Treatment
		sent[map[bool]int{true: 0, false: 1}[treated]]++
		records = append(records, f.exposed(at, i, o),
			f.evaluated(at, i, "task_success_rate", keyed{"gen_ai.evaluation.score.label": "pass"}))
		result := keyed{"gen_ai.evaluation.score.label": "pass"}
		switch {
		case is == "missing", is == "stale" && i >= truthUnits/2:
			continue
		case is == "bad" && treated:
			result = keyed{"gen_ai.evaluation.score.label": "fail"}
		case is == "NaN":
			result = keyed{"gen_ai.evaluation.score.value": score("NaN")}
		case is == "error":
			result = keyed{"error.type": "timeout"}
		}
		records = append(records, f.evaluated(at, i, judged, result))
	}
	p.export(t, records)
	return sent
}

// judgement is what the API tells of a release that is evaluated.
type judgement struct {
	State     string `json:"state"`
	Mark      string `json:"mark"`
	Milestone struct {
		Percent int `json:"percent"`
	} `json:"milestone"`
	Live *struct {
		verdict
		Exposures struct {
			Treatment int64 `json:"treatment"`
			Control   int64 `json:"control"`
		} `json:"exposures"`
		Signals []struct {
			Name   string `json:"name"`
			Status string `json:"status"`
			Why    string `json:"why"`
		} `json:"signals"`
	} `json:"live"`
}

// judge waits until a release has moved, or was evaluated on all that was sent.
func (p *plane) judge(t *testing.T, f flight, done func(judgement) bool) judgement {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var r judgement
	for after := ""; ; after = "?after=" + url.QueryEscape(r.Mark) {
		r = judgement{}
		if err := p.call(ctx, http.MethodGet, "/api/v1/releases/"+f.id+after, nil, &r); err != nil {
			t.Fatalf("waiting for a judgement of %s: %v", f.flag, err)
		}
		if r.State == "rolled_back" || r.Milestone.Percent != f.percent || r.Live != nil && done(r) {
			return r
		}
	}
}

// TestTruthTable takes a release through each condition of one signal, required
// or not, by OTLP, on a live server: it goes on only where every required signal
// is good, and it does so where they are.
func TestTruthTable(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.start(t)
	type cell struct {
		is       string
		required bool
		flight   flight
		sent     [2]int64
	}
	var cells []cell
	for _, is := range []string{"ok", "bad", "missing", "stale", "NaN", "error"} {
		for _, required := range []bool{true, false} {
			f := p.launch(t, fmt.Sprintf("truth-%s-%v", is, required), truthPlan(required))
			cells = append(cells, cell{is, required, f, p.cell(t, f, is)})
		}
	}
	for _, c := range cells {
		got := p.judge(t, c.flight, func(r judgement) bool {
			e := r.Live.Exposures
			return [2]int64{e.Treatment, e.Control} == c.sent
		})
		switch {
		case c.is == "bad":
			if got.State != "rolled_back" {
				t.Errorf("%s: %s at %d %%: %+v", c.flight.flag, got.State, got.Milestone.Percent, got.Live)
			}
		case c.is == "ok" || !c.required:
			if got.State == "rolled_back" || got.Milestone.Percent != 50 {
				t.Errorf("%s: %s at %d %%, want it at 50: %+v", c.flight.flag, got.State, got.Milestone.Percent, got.Live)
			}
		case got.State != "held" || got.Milestone.Percent != 25 || got.Live.Verdict != "HOLD" || got.Live.Reason != "P7_EVIDENCE_MISSING:"+judged:
			t.Errorf("%s: %s at %d %%, want it to hold: %+v", c.flight.flag, got.State, got.Milestone.Percent, got.Live)
		}
	}
	for _, c := range cells { // and holds still, after all the others
		if left := p.promotions(t, c.flight); (len(left) > 0) != (c.is == "ok" || !c.required && c.is != "bad") {
			t.Errorf("%s: a PROMOTE has left %v", c.flight.flag, left)
		}
	}
}

// TestSourcesDown loses what a release depends on, one after another: a source
// of metrics that does not answer holds it, and so does an approval that nobody
// gives. With the store of evidence stuck as well, a person still rolls back,
// and still switches off.
func TestSourcesDown(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.flags = []string{"--prometheus-url", "http://127.0.0.1:1"} // nothing listens there
	p.start(t)
	sourced := truthPlan(true)
	signals, _ := sourced["signals"].([]map[string]any)
	sourced["signals"] = append(signals, map[string]any{
		"name": "queue", "kind": "level", "direction": "lower", "promote": 10, "rollback": 20,
		"source": map[string]any{"promql": "queue_length", "max_age": "1m"},
	})
	approved := map[string]any{
		"apiVersion": "lockflight/v1", "kind": "ReleasePlan", "metadata": map[string]any{"name": "approved"},
		"policy": truthPlan(true), "milestones": []map[string]any{{"percent": 25}, {"percent": 50, "approvals": 1}, {"percent": 100}},
	}
	f, waits := p.launch(t, "sourced", sourced), p.launch(t, "approved", approved)
	for flight, reason := range map[flight]string{f: "P7_EVIDENCE_MISSING:queue", waits: "P12_APPROVAL"} {
		sent := p.cell(t, flight, "ok")
		got := p.judge(t, flight, func(r judgement) bool {
			e := r.Live.Exposures
			return [2]int64{e.Treatment, e.Control} == sent && r.Live.Reason != "P12_HYSTERESIS"
		})
		if got.Milestone.Percent != 25 || got.Live.Verdict != "HOLD" || got.Live.Reason != reason {
			t.Errorf("%s: %s at %d %%, want %s: %+v", flight.flag, got.State, got.Milestone.Percent, reason, got.Live)
		}
	}

	defer p.stick(t)()
	var next int
	if err := p.submit(t.Context(), f.exposures("stuck", &next, 10), nil); err == nil {
		t.Error("evidence was acknowledged that cannot be stored")
	}
	p.must(t, http.MethodPost, "/api/v1/releases/"+f.id+"/rollback", map[string]string{"reason": "the queue"}, nil)
	p.must(t, http.MethodPost, "/api/v1/flags/"+waits.flag+"/kill", map[string]string{"reason": "to be safe"}, nil)
	doc, err := p.features(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, feature := range doc.Features {
		released := slices.ContainsFunc(feature.Strategies, func(s eval.Strategy) bool { return s.Parameters["release"] != "" })
		if released || feature.Name == waits.flag && feature.Enabled {
			t.Errorf("%s is still served to the treatment: %+v", feature.Name, feature)
		}
	}
}

// stick keeps all others from writing evidence until it is let go.
func (p *plane) stick(t *testing.T) (letGo func()) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(p.data, "evidence.db"))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	return func() { _ = db.Close() }
}
