package gate

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// healthy returns the snapshot of a release that does well, n cases an arm.
func healthy(n Count) Snapshot {
	rate := func(share float64) Measure {
		k := Count(share * float64(n))
		return Measure{Treatment: &Arm{N: new(n), K: &k}, Control: &Arm{N: new(n), K: &k}}
	}
	latency := &Arm{N: new(n), GtPromote: new(n / 50), GtRollback: new(n / 250), QLo: new(9800.0), QHi: new(13000.0)}
	return Snapshot{
		Exposures: Exposures{Treatment: n, Control: n},
		Signals: map[string]Measure{
			"safety_pass_rate":     rate(0.992),
			"evidence_coverage":    rate(0.90),
			"task_success_rate":    rate(0.88),
			"context_preservation": rate(0.96),
			"p95_latency_ms":       {Treatment: latency, Control: latency},
		},
	}
}

func BenchmarkDecide(b *testing.B) {
	p := DefaultPolicy()
	for _, n := range []Count{100, 10_000} {
		b.Run(fmt.Sprintf("cases=%d", n), func(b *testing.B) {
			s, st := healthy(n), State{ElapsedSeconds: 7200, PriorPasses: 1, Final: true}
			b.ReportAllocs()
			for b.Loop() {
				Decide(p, s, st)
			}
		})
	}
}

// BenchmarkLedger folds a million lines, five signals a unit, in batches with
// a snapshot after each thousand.
func BenchmarkLedger(b *testing.B) {
	p := DefaultPolicy()
	lines := benchLines(200_000)
	b.ReportAllocs()
	for b.Loop() {
		l := NewLedger(p, LedgerOptions{Candidate: "b2", Flag: "f", Environment: "e"})
		for i := range lines {
			l.Add(lines[i], time.Time{})
			if i%1000 == 999 {
				l.Snapshot(modelStart.Add(time.Duration(i)*10*time.Millisecond), Progress{})
			}
		}
	}
	b.ReportMetric(float64(len(lines))*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

func benchLines(n int) [][]byte {
	lines := make([][]byte, n)
	signals := []string{"exposure", "safety_pass_rate", "evidence_coverage", "task_success_rate", "context_preservation", "p95_latency_ms"}
	for i := range lines {
		unit, signal := i/len(signals), signals[i%len(signals)]
		o := Observation{
			At: modelStart.Add(time.Duration(i) * 10 * time.Millisecond), Environment: "e", Flag: "f",
			Arm: Treatment, Build: "b2", Unit: fmt.Sprint("conversation-", unit), Signal: signal,
		}
		if unit%2 == 0 {
			o.Arm, o.Build = Control, "b1"
		}
		switch signal {
		case "exposure":
		case "p95_latency_ms":
			o.Value = new(float64(unit*7919%20000) / 1.5)
		default:
			o.Pass = new(unit%50 != 0)
		}
		lines[i], _ = json.Marshal(o)
	}
	return lines
}
