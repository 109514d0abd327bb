package gate

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// evidenceLine returns a good line with changes; nil deletes a field.
func evidenceLine(changes map[string]any) []byte {
	line := map[string]any{
		"at": "2026-11-22T10:00:00Z", "environment": "e", "flag": "f", "arm": "treatment",
		"unit": "u1", "build": "b2", "signal": "exposure",
	}
	for field, v := range changes {
		line[field] = v
		if v == nil {
			delete(line, field)
		}
	}
	raw, _ := json.Marshal(line)
	return raw
}

// outcomeLine returns a good outcome with changes.
func outcomeLine(changes map[string]any) []byte {
	line := map[string]any{"at": "2026-11-22T10:01:00Z", "signal": "evidence_coverage", "pass": true}
	maps.Copy(line, changes)
	return evidenceLine(line)
}

func newTestLedger() *Ledger {
	return NewLedger(DefaultPolicy(), LedgerOptions{Candidate: "b2"})
}

func TestLedgerRejects(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		line []byte
		want Cause
	}{
		{"an outcome", outcomeLine(nil), ""},
		{"an exposure again", evidenceLine(nil), ""},
		{"n/a", outcomeLine(map[string]any{"pass": nil, "na": true}), ""},
		{"a latency", outcomeLine(map[string]any{"signal": "p95_latency_ms", "pass": nil, "value": 0}), ""},
		{"another unit", evidenceLine(map[string]any{"unit": "u2", "arm": "control", "build": "b1"}), ""},
		{"more fields than are known", outcomeLine(map[string]any{"colour": "red"}), ""},
		{"text", []byte("hello"), Malformed},
		{"a list", []byte("[]"), Malformed},
		{"NaN", []byte(strings.Replace(string(outcomeLine(nil)), "true", "NaN", 1)), Malformed},
		{"no time", outcomeLine(map[string]any{"at": nil}), Malformed},
		{"a time without a zone", outcomeLine(map[string]any{"at": "2026-11-22T10:00:00"}), Malformed},
		{"a receipt without a zone", outcomeLine(map[string]any{"received_at": "2026-11-22T10:00:00"}), Malformed},
		{"a number as time", outcomeLine(map[string]any{"at": 1}), Malformed},
		{"an empty unit", outcomeLine(map[string]any{"unit": ""}), Malformed},
		{"no build", outcomeLine(map[string]any{"build": nil}), Malformed},
		{"an arm of its own", outcomeLine(map[string]any{"arm": "rest"}), Malformed},
		{"another flag", outcomeLine(map[string]any{"flag": "g", "signal": "nothing"}), Foreign},
		{"another environment", outcomeLine(map[string]any{"environment": "test"}), Foreign},
		{"another signal", outcomeLine(map[string]any{"signal": "nothing", "pass": nil}), UnknownSignal},
		{"a rate without pass", outcomeLine(map[string]any{"pass": nil}), BadValue},
		{"a rate whose pass is a word", outcomeLine(map[string]any{"pass": "yes"}), BadValue},
		{"a latency without value", outcomeLine(map[string]any{"signal": "p95_latency_ms"}), BadValue},
		{"a negative latency", outcomeLine(map[string]any{"signal": "p95_latency_ms", "value": -1}), BadValue},
		{"a latency that is too large for a number", []byte(strings.Replace(string(outcomeLine(map[string]any{"signal": "p95_latency_ms", "value": 7})), ":7", ":1e999", 1)), BadValue},
		{"critical and passed", outcomeLine(map[string]any{"signal": "safety_pass_rate", "severity": "critical"}), BadValue},
		{"an id that was seen", outcomeLine(map[string]any{"id": "seen"}), Duplicate},
		{"from the future", outcomeLine(map[string]any{"received_at": "2026-11-22T09:55:59Z"}), Skewed},
		{"from the near future", outcomeLine(map[string]any{"received_at": "2026-11-22T09:56:00Z"}), ""},
		{"another build", outcomeLine(map[string]any{"build": "b3"}), ForeignBuild},
		{"control with the candidate", evidenceLine(map[string]any{"unit": "u3", "arm": "control"}), Misassigned},
		{"the other arm", outcomeLine(map[string]any{"arm": "control", "build": "b1"}), MultiArm},
		{"in time", outcomeLine(map[string]any{"at": "2026-11-22T10:30:00Z"}), ""},
		{"happened too late", outcomeLine(map[string]any{"at": "2026-11-22T10:30:01Z", "received_at": "2026-11-22T10:30:00Z"}), Late},
		{"came too late", outcomeLine(map[string]any{"received_at": "2026-11-22T10:30:00.001Z"}), Late},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			l := newTestLedger()
			l.Add(evidenceLine(map[string]any{"id": "seen"}), time.Time{})
			if got := l.Add(tc.line, time.Time{}); got != tc.want {
				t.Errorf("rejected as %q, want %q", got, tc.want)
			}
			want := map[Cause]int64{}
			if tc.want != "" {
				want[tc.want] = 1
			}
			if diff := cmp.Diff(want, l.Rejected()); diff != "" {
				t.Errorf("counted (-want +got)\n%s", diff)
			}
		})
	}
}

// The order in which the causes are tested decides which one is counted.
func TestLedgerCauseOrder(t *testing.T) {
	t.Parallel()
	l := newTestLedger()
	l.Add(evidenceLine(map[string]any{"id": "seen"}), time.Time{})
	all := map[string]any{
		"arm": "rest", "flag": "g", "signal": "nothing", "pass": nil, "id": "seen",
		"received_at": "2026-11-22T09:00:00Z", "build": "b3",
	}
	for _, step := range []struct {
		field string
		value any
		want  Cause
	}{
		{"arm", "treatment", Malformed},
		{"flag", "f", Foreign},
		{"signal", "evidence_coverage", UnknownSignal},
		{"pass", true, BadValue},
		{"id", "new", Duplicate},
		{"received_at", "2026-11-22T10:31:00Z", Skewed},
		{"build", "b2", ForeignBuild},
		{"at", "2026-11-22T10:29:00Z", Late},
	} {
		if got := l.Add(outcomeLine(all), time.Time{}); got != step.want {
			t.Errorf("before %s is right: rejected as %q, want %q", step.field, got, step.want)
		}
		all[step.field] = step.value
	}
}

// snapshotOf returns the measure of a signal after some lines.
func snapshotOf(l *Ledger, signal string) Measure {
	return l.Snapshot(modelStart.Add(10*time.Minute), Progress{}).Signals[signal]
}

func TestWorstOutcomeCounts(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		outcomes []map[string]any
		n, k     Count
	}{
		"fail over pass":     {[]map[string]any{{"pass": true}, {"pass": false}, {"pass": true}}, 1, 0},
		"pass over n/a":      {[]map[string]any{{"pass": nil, "na": true}, {"pass": true}}, 1, 1},
		"n/a after a pass":   {[]map[string]any{{"pass": true}, {"pass": nil, "na": true}}, 1, 1},
		"n/a":                {[]map[string]any{{"pass": nil, "na": true}}, 0, 0},
		"only first case":    {[]map[string]any{{"pass": true, "case": "c1"}, {"pass": false, "case": "c2"}}, 1, 1},
		"worst of a case":    {[]map[string]any{{"pass": true, "case": "c1"}, {"pass": false, "case": "c1"}}, 1, 0},
		"fails in every arm": {[]map[string]any{{"pass": false}, {"pass": false}}, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newTestLedger()
			for i, o := range tc.outcomes {
				if i == 1 { // the first waits for the exposure
					l.Add(evidenceLine(nil), time.Time{})
				}
				l.Add(outcomeLine(o), time.Time{})
			}
			l.Add(evidenceLine(nil), time.Time{})
			got := snapshotOf(l, "evidence_coverage").Treatment
			if *got.N != tc.n || *got.K != tc.k || got.Pending != 0 {
				t.Errorf("k=%d n=%d pending=%d, want k=%d n=%d", *got.K, *got.N, got.Pending, tc.k, tc.n)
			}
		})
	}
}

// With two cases a unit the first two count, and a third is left out.
func TestClusterOfCases(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	p.Cluster.MaxCasesPerUnit = 2
	l := NewLedger(p, LedgerOptions{Candidate: "b2"})
	l.Add(evidenceLine(nil), time.Time{})
	for i, pass := range []bool{true, false, false, false} {
		l.Add(outcomeLine(map[string]any{"case": fmt.Sprint("c", max(i, 1)), "pass": pass}), time.Time{})
	}
	got := snapshotOf(l, "evidence_coverage").Treatment
	if *got.N != 2 || *got.K != 0 {
		t.Errorf("k=%d n=%d, want none of 2", *got.K, *got.N)
	}
}

// A unit that is seen in both arms leaves both, with its outcomes, even long
// after; its critical event stays.
func TestMultiUnitLeaves(t *testing.T) {
	t.Parallel()
	l := newTestLedger()
	l.Add(evidenceLine(nil), time.Time{})
	l.Add(outcomeLine(map[string]any{"signal": "p95_latency_ms", "value": 9000}), time.Time{})
	l.Add(outcomeLine(map[string]any{"signal": "safety_pass_rate", "pass": false, "severity": "critical"}), time.Time{})
	before := l.Snapshot(modelStart.Add(24*time.Hour), Progress{})
	if before.Exposures.Treatment != 1 || before.CriticalEvents != 1 || *before.Signals["p95_latency_ms"].Treatment.N != 1 {
		t.Errorf("before: %+v", before)
	}
	l.Add(evidenceLine(map[string]any{"at": "2026-11-23T10:00:00Z", "arm": "control", "build": "b1"}), time.Time{})
	after := l.Snapshot(modelStart.Add(25*time.Hour), Progress{})
	if e := after.Exposures; e.Treatment != 0 || e.Control != 0 || e.Multi != 1 || after.CriticalEvents != 1 {
		t.Errorf("after: %+v, %d critical events", e, after.CriticalEvents)
	}
	if n := *after.Signals["p95_latency_ms"].Treatment.N; n != 0 {
		t.Errorf("its latency still counts: n=%d", n)
	}
}

// The server's receipt replaces the line's own.
func TestServerReceipt(t *testing.T) {
	t.Parallel()
	l := newTestLedger()
	l.Add(evidenceLine(nil), modelStart)
	line := outcomeLine(map[string]any{"received_at": "2026-11-22T10:01:00Z"})
	if got := l.Add(line, modelStart.Add(31*time.Minute)); got != Late {
		t.Errorf("rejected as %q, want late", got)
	}
}

// A restart point is born at an evaluation with 100 more cases, and keeps its
// number.
func TestRestartPoints(t *testing.T) {
	t.Parallel()
	l := newTestLedger()
	add := func(from, to int, pass bool) {
		for i := from; i < to; i++ {
			l.Add(evidenceLine(map[string]any{"unit": fmt.Sprint("u", i)}), time.Time{})
			l.Add(outcomeLine(map[string]any{"unit": fmt.Sprint("u", i), "pass": pass}), time.Time{})
		}
	}
	points := func() []Restart { return snapshotOf(l, "evidence_coverage").Treatment.Restarts }
	add(0, 99, true)
	if got := points(); len(got) != 0 {
		t.Errorf("after 99 cases: %v", got)
	}
	add(99, 120, true)
	if got := points(); len(got) != 0 {
		t.Errorf("a point without cases is shown: %v", got)
	}
	add(120, 130, false)
	if diff := cmp.Diff([]Restart{{0, 10}}, points()); diff != "" {
		t.Errorf("after the first point (-want +got)\n%s", diff)
	}
	l.Restart()
	add(130, 135, true)
	if diff := cmp.Diff([]Restart{{5, 15}, {5, 5}}, points()); diff != "" {
		t.Errorf("after a milestone (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]int64{240, 260}, l.Marks()["evidence_coverage"]); diff != "" {
		t.Errorf("marks (-want +got)\n%s", diff)
	}
}

func TestSparseRestartPoints(t *testing.T) {
	t.Parallel()
	var p restartPoints
	for line := range int64(300_000) {
		p.cases++
		p.evaluate(line)
	}
	if want := 1000 + 200; len(p.marks) != want {
		t.Errorf("%d points after 300,000 cases, want %d", len(p.marks), want)
	}
}

func TestParseObservation(t *testing.T) {
	t.Parallel()
	o, err := ParseObservation(outcomeLine(map[string]any{"received_at": "2026-11-22T11:01:00+01:00", "id": "i", "case": "c", "evaluator": map[string]any{"id": "judge"}}))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseObservation(raw)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(o, again); diff != "" {
		t.Errorf("through JSON (-before +after)\n%s", diff)
	}
	for field, change := range map[string]any{
		"at": "yesterday", "received_at": 5, "environment": "", "flag": "", "arm": "both", "unit": 7, "build": "", "signal": nil,
		"pass": "yes", "value": "fast", "na": 1, "severity": "critical", "id": 5, "evaluator": "me",
	} {
		_, err := ParseObservation(outcomeLine(map[string]any{field: change}))
		var fault *FieldError
		if !errors.As(err, &fault) || fault.Field != field {
			t.Errorf("%s = %v: error %v, want one that names the field", field, change, err)
		}
	}
	if _, err := ParseObservation(outcomeLine(map[string]any{"pass": nil})); err == nil {
		t.Error("an outcome without one is read")
	}
}
