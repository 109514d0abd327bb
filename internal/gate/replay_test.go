package gate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// traffic makes the evidence of a release: units a minute in each arm, each
// with all five signals ten seconds after its exposure.
type traffic struct {
	r       *rand.Rand
	perMin  int
	minutes int
	rates   func(minute int, arm string) float64 // of evidence coverage
}

func (g traffic) lines() [][]byte {
	var out [][]byte
	for minute := range g.minutes {
		for i := range g.perMin {
			for _, arm := range []string{Treatment, Control} {
				out = append(out, g.unit(minute, i, arm)...)
			}
		}
	}
	return out
}

func (g traffic) unit(minute, i int, arm string) [][]byte {
	at := modelStart.Add(time.Duration(minute)*time.Minute + time.Duration(i)*time.Minute/time.Duration(g.perMin)).Truncate(time.Second)
	o := Observation{
		At: at, Environment: "e", Flag: "f", Arm: arm, Unit: fmt.Sprint(arm, minute, "-", i),
		Build: builds[arm], Signal: "exposure",
	}
	lines := [][]byte{encode(o)}
	o.At = at.Add(10 * time.Second)
	for i, rate := range []float64{0.995, g.rates(minute, arm), 0.92, 0.97} {
		o.Signal, o.Pass = DefaultPolicy().Signals[i].Name, new(g.r.Float64() < rate)
		lines = append(lines, encode(o))
	}
	o.Signal, o.Pass, o.Value = "p95_latency_ms", nil, new(3000+g.r.ExpFloat64()*2000)
	return append(lines, encode(o))
}

func encode(o Observation) []byte {
	raw, _ := json.Marshal(o)
	return raw
}

func steady(int, string) float64 { return 0.93 }

// quickPolicy is agent-default with milestones of ten minutes.
func quickPolicy() Policy {
	p := DefaultPolicy()
	p.Evidence.MinDuration = minutes(10)
	return p
}

// transitions replays and returns "minute step verdict reason" a line.
func transitions(t *testing.T, p Policy, lines [][]byte) ([]string, Summary) {
	t.Helper()
	var out []string
	summary, err := Replay(p, slices.Values(lines), time.Minute, func(tr Transition) error {
		out = append(out, fmt.Sprintf("%.0f %d%% %s %s", tr.At.Sub(modelStart).Minutes(), tr.Percent, tr.Verdict, tr.Reason))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, summary
}

func TestReplayClimbs(t *testing.T) {
	t.Parallel()
	g := traffic{r: rand.New(rand.NewPCG(1, 1)), perMin: 60, minutes: 90, rates: steady}
	got, summary := transitions(t, quickPolicy(), g.lines())
	if summary.State != Completed || summary.Step != 5 || summary.Percent != 100 || summary.Reason != AllPass {
		t.Errorf("ended as %+v after\n%s", summary, strings.Join(got, "\n"))
	}
	promoted := 0
	for _, line := range got {
		if strings.Contains(line, "PROMOTE") {
			promoted++
		}
	}
	if promoted != 5 {
		t.Errorf("%d promotions, want 5:\n%s", promoted, strings.Join(got, "\n"))
	}
}

// A build that loses its citations at the 10 % milestone is rolled back
// within 300 bad cases, whatever good it did before.
func TestReplayRollsBackLateChange(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		g := traffic{r: rand.New(rand.NewPCG(seed, 2)), perMin: 60, minutes: 60, rates: func(minute int, arm string) float64 {
			if arm == Treatment && minute >= 40 {
				return 0.55
			}
			return 0.93
		}}
		got, summary := transitions(t, quickPolicy(), g.lines())
		if summary.State != WasRolledBack || !strings.HasSuffix(summary.Reason, ":evidence_coverage") || summary.Verdict != Rollback {
			t.Errorf("seed %d ended as %+v after\n%s", seed, summary, strings.Join(got, "\n"))
		}
		if after := summary.At.Sub(modelStart.Add(40 * time.Minute)); after > 5*time.Minute {
			t.Errorf("seed %d: found %s after the change", seed, after)
		}
	}
}

// Silence promotes nothing: after the last outcome no pass counts.
func TestReplaySilence(t *testing.T) {
	t.Parallel()
	g := traffic{r: rand.New(rand.NewPCG(3, 3)), perMin: 600, minutes: 5, rates: steady}
	lines := g.lines()
	last := Observation{
		At: modelStart.Add(24 * time.Hour), Environment: "e", Flag: "f", Arm: Control, Unit: "late", Build: "b1", Signal: "exposure",
	}
	got, summary := transitions(t, quickPolicy(), append(lines, encode(last)))
	for _, line := range got {
		if strings.Contains(line, "PROMOTE") {
			t.Errorf("promoted in silence: %s", line)
		}
	}
	if summary.State != Running || summary.Evaluations != 24*60 {
		t.Errorf("ended as %+v", summary)
	}
}

// The order of lines in a file changes no transition.
func TestReplayShuffled(t *testing.T) {
	t.Parallel()
	g := traffic{r: rand.New(rand.NewPCG(4, 4)), perMin: 40, minutes: 50, rates: func(minute int, arm string) float64 {
		if arm == Treatment && minute >= 30 {
			return 0.6
		}
		return 0.93
	}}
	lines := g.lines()
	want, wantSummary := transitions(t, quickPolicy(), lines)
	for range 3 {
		g.r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		got, summary := transitions(t, quickPolicy(), lines)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-in order +shuffled)\n%s", diff)
		}
		if diff := cmp.Diff(wantSummary, summary); diff != "" {
			t.Fatalf("(-in order +shuffled)\n%s", diff)
		}
	}
}

func TestReplayOutput(t *testing.T) {
	t.Parallel()
	lines := [][]byte{
		[]byte("not json\n"), []byte("\n"),
		evidenceLine(nil), outcomeLine(nil),
		outcomeLine(map[string]any{"flag": "other"}),
		outcomeLine(map[string]any{"at": "2026-11-22T10:02:30Z", "signal": "unknown"}),
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	summary, err := Replay(quickPolicy(), slices.Values(lines), time.Minute, func(tr Transition) error {
		tr.Signals = nil
		return enc.Encode(tr)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := enc.Encode(summary); err != nil {
		t.Fatal(err)
	}
	want := `{"at":"2026-11-22T10:01:00Z","step":0,"percent":1,"verdict":"HOLD","reason":"P9_MIN_EXPOSURES","signals":null}
{"final":true,"state":"running","step":0,"percent":1,"verdict":"HOLD","reason":"P9_MIN_EXPOSURES","at":"2026-11-22T10:03:00Z","evaluations":3,"rejected":{"foreign":1,"malformed":1,"unknown_signal":1}}
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestReplayOfNothing(t *testing.T) {
	t.Parallel()
	got, summary := transitions(t, quickPolicy(), [][]byte{[]byte("?")})
	want := Summary{Final: true, State: Running, Percent: 1, Reason: MinExposures, Rejected: map[Cause]int64{Malformed: 1}}
	if diff := cmp.Diff(want, summary); diff != "" || len(got) != 0 {
		t.Errorf("%v (-want +got)\n%s", got, diff)
	}
}

func TestReplayRefuses(t *testing.T) {
	t.Parallel()
	none := func(Transition) error { return nil }
	ages := slices.Values([][]byte{evidenceLine(map[string]any{"at": "0002-01-01T00:00:00Z"}), evidenceLine(nil)})
	if _, err := Replay(quickPolicy(), ages, time.Minute, none); err == nil || !strings.Contains(err.Error(), "too many") {
		t.Errorf("two thousand years: %v", err)
	}
	if _, err := Replay(quickPolicy(), ages, 0, none); err == nil {
		t.Error("an evaluation every 0 s")
	}
	if _, err := Replay(Policy{}, ages, time.Minute, none); err == nil {
		t.Error("the zero policy")
	}
}
