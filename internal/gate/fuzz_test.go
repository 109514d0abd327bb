package gate

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A policy that is read is valid, and reads again as itself.
func FuzzParsePolicy(f *testing.F) {
	for _, name := range Profiles() {
		p, _ := Profile(name)
		raw, _ := json.Marshal(p)
		f.Add(raw)
	}
	f.Add([]byte(`{"signals":[{"name":"evidence_coverage","weight":1}],"steps":[{"percent":1},{"percent":100,"final":true}]}`))
	f.Add([]byte(`{"hold":{"timeout":"9999999h"},"alpha":{"rollback":1e-300}}`))
	f.Add([]byte(`{"signals":[null],"evidence":{"max_age":null}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParsePolicy(data)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "POLICY_INVALID: ") {
				t.Fatalf("error %q", err)
			}
			return
		}
		raw, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParsePolicy(raw)
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		twice, err := json.Marshal(again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(raw), string(twice)); diff != "" {
			t.Fatalf("(-before +after)\n%s", diff)
		}
		Decide(p, healthy(500), wellPassed())
	})
}

// A plan that is read has a valid policy at every milestone, and reads again.
func FuzzParsePlan(f *testing.F) {
	f.Add([]byte(`{"kind":"ReleasePlan","policy":"agent-default","milestones":[{"percent":5,"approvals":2},{"percent":50,"policy":"agent-low-traffic"},{"percent":100}]}`))
	f.Add([]byte(`{"kind":"GatePolicy"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		plan, err := ParsePlan(data)
		if err != nil {
			return
		}
		for i := range plan.Milestones {
			p := plan.PolicyAt(i)
			if err := p.Validate(); err != nil {
				t.Fatalf("milestone %d: %v", i, err)
			}
		}
		raw, err := json.Marshal(plan)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParsePlan(raw); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
	})
}

// An observation that is read reads again as itself, and the ledger takes it.
func FuzzParseObservation(f *testing.F) {
	f.Add(evidenceLine(nil))
	f.Add(outcomeLine(map[string]any{"na": true, "pass": nil, "received_at": "2026-11-22T10:02:00.5+05:30"}))
	f.Add(outcomeLine(map[string]any{"signal": "safety_pass_rate", "pass": false, "severity": "critical", "id": "1"}))
	f.Add(outcomeLine(map[string]any{"signal": "p95_latency_ms", "value": 1e308, "at": "9999-12-31T23:59:59Z"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		l := NewLedger(DefaultPolicy(), LedgerOptions{})
		cause := l.Add(data, time.Time{})
		o, err := ParseObservation(data)
		if err != nil {
			return
		}
		if cause == Malformed {
			t.Fatalf("the ledger says malformed of %s", data)
		}
		raw, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseObservation(raw)
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if !o.At.Equal(again.At) || !o.ReceivedAt.Equal(again.ReceivedAt) {
			t.Fatalf("times %v, %v became %v, %v", o.At, o.ReceivedAt, again.At, again.ReceivedAt)
		}
		again.At, again.ReceivedAt = o.At, o.ReceivedAt
		if !reflect.DeepEqual(o, again) {
			t.Fatalf("%+v became %+v", o, again)
		}
		s := l.Snapshot(o.received().Add(time.Hour), Progress{})
		if d := Decide(DefaultPolicy(), s, State{}); d.Reason == SnapshotInvalid {
			t.Fatalf("the ledger's own snapshot is invalid: %s", d.Detail)
		}
	})
}

// Any line is answered with a known verdict, and what holds no whole snapshot
// is never promoted.
func FuzzAnswer(f *testing.F) {
	vectors, err := os.ReadFile("testdata/vectors.ndjson")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(vectors)) {
		f.Add([]byte(line))
	}
	f.Add([]byte(`{"snapshot":{"exposures":{"treatment":1e400}},"state":{"elapsed_s":-1}}`))
	f.Add([]byte(`{"policy":{"signals":{"0":null}},"snapshot":null,"state":{"prior_passes":-9223372036854775808}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		reply, err := Answer(line)
		if err != nil && reply.Verdict != Hold {
			t.Fatalf("%v, and %s", err, reply.Verdict)
		}
		if strings.Contains(reply.Detail, "panicked") {
			t.Fatal(reply.Detail)
		}
		if reply.Verdict == Promote && reply.Reason != AllPass && reply.Reason != BuildAllPass {
			t.Fatalf("%s for %s", reply.Verdict, reply.Reason)
		}
		again, _ := Answer(line)
		if diff := cmp.Diff(reply, again); diff != "" {
			t.Fatalf("answered twice (-first +second)\n%s", diff)
		}
		if _, err := json.Marshal(reply); err != nil {
			t.Fatal(err)
		}
	})
}
