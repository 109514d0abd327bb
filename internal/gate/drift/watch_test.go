package drift

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/lockflight/lockflight/internal/gate"
)

var completed = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const (
	safety  = "safety_pass_rate"
	covered = "evidence_coverage"
	latency = "p95_latency_ms"
)

// watched is agent-default with a holdback and a fallback.
func watched(on string, holdback int) *gate.Policy {
	p := gate.DefaultPolicy()
	p.Drift.OnDrift, p.Drift.Holdback = on, holdback
	return &p
}

// frozen is what a release had shown: .96 of 1,000 cases in each arm pass.
func frozen(p *gate.Policy) Reference {
	arm := func() *gate.Arm { return &gate.Arm{N: new(gate.Count(1000)), K: new(gate.Count(960))} }
	s := gate.Snapshot{Signals: map[string]gate.Measure{
		safety:  {Treatment: arm(), Control: arm()},
		covered: {Treatment: arm(), Control: arm()},
		latency: {Treatment: &gate.Arm{N: new(gate.Count(1000)), GtPromote: new(gate.Count(10)), QHi: new(9000.0)}},
	}}
	return Freeze(p, s, 1000)
}

// lines are outcomes, one a second.
type lines struct {
	w    *Watch
	at   time.Time
	unit int
}

func begin(p *gate.Policy) *lines {
	return &lines{w: NewWatch(*p, frozen(p), map[string]string{"agent": "b2"}, completed, nil), at: completed.Add(time.Hour)}
}

func line(t testing.TB, o gate.Observation) []byte {
	t.Helper()
	o.At, o.Environment, o.Flag = completed, "production", "agent"
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// send sends n cases of an arm, of which each bad-th fails the signal; none
// where bad is 0. The last window is over after it.
func (l *lines) send(t testing.TB, arm, signal string, n, bad int) {
	t.Helper()
	build := map[string]string{gate.Treatment: "b2", gate.Control: "b1"}[arm]
	for i := 1; i <= n; i++ {
		l.unit++
		l.at = l.at.Add(time.Second)
		l.w.Add(line(t, gate.Observation{Arm: arm, Build: build, Unit: fmt.Sprint("u", l.unit), Signal: signal, Pass: new(bad == 0 || i%bad != 0)}), l.at)
	}
	l.at = l.at.Add(time.Hour)
	l.w.Add(line(t, gate.Observation{Arm: gate.Treatment, Build: "b2", Unit: "clock", Signal: "exposure"}), l.at)
}

func (l *lines) action(signal string) Action {
	for _, f := range l.w.Findings() {
		if f.Signal == signal {
			return f.Action
		}
	}
	return "not watched"
}

func TestFreeze(t *testing.T) {
	t.Parallel()
	p := watched(gate.OnDriftIncident, 5)
	ref := frozen(p)
	lo, _ := gate.RateInterval(960, 1000, 0.05)
	want := Reference{Schema: ReferenceSchema, CasesPerDay: 1000, Signals: []Signal{
		{Name: safety, Acts: true, Treatment: Normal{1000, lo, 85_500}, Control: &Normal{1000, lo, 4500}},
		{Name: covered, Acts: true, Treatment: Normal{1000, lo, 85_500}, Control: &Normal{1000, lo, 4500}},
		{Name: latency, Over: new(9000.0), Treatment: Normal{1000, 0.95, 85_500}},
	}}
	if diff := cmp.Diff(want, ref, cmpopts.EquateApprox(0, 1e-6)); diff != "" {
		t.Errorf("reference (-want +got)\n%s", diff)
	}
	if none := Freeze(p, gate.Snapshot{}, 1000); len(none.Signals) != 0 {
		t.Errorf("without evidence %+v is watched", none.Signals)
	}
	few := Freeze(p, gate.Snapshot{Signals: map[string]gate.Measure{
		latency: {Treatment: &gate.Arm{N: new(gate.Count(50)), GtPromote: new(gate.Count(0))}},
	}}, 0)
	if s := few.Signals[0]; *s.Over != 15000 || s.Treatment.P0 < 0.88 || s.Treatment.Threshold != leastRun {
		t.Errorf("from few cases %+v", s)
	}
}

func TestActions(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		on       string
		holdback int
		send     func(l *lines)
		signal   string
		want     Action
	}{
		"as it was":                    {gate.OnDriftFallback, 0, func(l *lines) { l.send(t, gate.Treatment, safety, 3000, 20) }, safety, ""},
		"a fall, reported":             {gate.OnDriftIncident, 0, func(l *lines) { l.send(t, gate.Treatment, safety, 300, 2) }, safety, Report},
		"a fall, with nothing beside":  {gate.OnDriftFallback, 0, func(l *lines) { l.send(t, gate.Treatment, covered, 300, 2) }, covered, FallBack},
		"a fall, and a good control":   {gate.OnDriftFallback, 10, func(l *lines) { l.send(t, gate.Treatment, safety, 300, 2); l.send(t, gate.Control, safety, 300, 20) }, safety, FallBack},
		"a fall of both":               {gate.OnDriftFallback, 10, func(l *lines) { l.send(t, gate.Control, safety, 300, 2); l.send(t, gate.Treatment, safety, 300, 2) }, safety, ControlDrifts},
		"a fall of a signal of others": {gate.OnDriftFallback, 0, func(l *lines) { l.send(t, gate.Treatment, safety, 300, 2) }, covered, ""},
		"a fall of the control alone":  {gate.OnDriftFallback, 10, func(l *lines) { l.send(t, gate.Control, safety, 300, 2) }, safety, ""},
	} {
		l := begin(watched(tc.on, tc.holdback))
		tc.send(l)
		if got := l.action(tc.signal); got != tc.want {
			t.Errorf("%s: %q, want %q\n%+v", name, got, tc.want, l.w.Findings())
		}
	}
}

// TestAwaitsControl gives the control its time before a fallback.
func TestAwaitsControl(t *testing.T) {
	t.Parallel()
	p := watched(gate.OnDriftFallback, 10)
	p.Drift.ControlWait = gate.Duration(3 * time.Hour)
	l := begin(p)
	l.send(t, gate.Treatment, safety, 300, 2)
	if got := l.action(safety); got != Await {
		t.Fatalf("at once: %q", got)
	}
	l.at = l.at.Add(3 * time.Hour)
	l.send(t, gate.Treatment, safety, 1, 0)
	if got := l.action(safety); got != FallBack {
		t.Errorf("after its time: %q", got)
	}
}

// TestRearm begins anew after an alarm was dealt with.
func TestRearm(t *testing.T) {
	t.Parallel()
	l := begin(watched(gate.OnDriftIncident, 0))
	l.send(t, gate.Treatment, safety, 300, 2)
	l.w.Rearm(safety)
	if got := l.action(safety); got != "" {
		t.Fatalf("after it was dealt with: %q", got)
	}
	l.send(t, gate.Treatment, safety, 300, 2)
	if got := l.action(safety); got != Report {
		t.Errorf("of another fall: %q", got)
	}
}

// TestLaggingPassesAreNoDrift has failures at once and passes ten minutes later.
func TestLaggingPassesAreNoDrift(t *testing.T) {
	t.Parallel()
	p := watched(gate.OnDriftFallback, 0)
	l := begin(p)
	type late struct {
		at   time.Time
		unit int
		pass bool
	}
	var queue []late
	for i := range 4000 {
		at := completed.Add(time.Duration(i) * time.Second)
		if i%25 == 0 {
			queue = append(queue, late{at, i, false})
		} else {
			queue = append(queue, late{at.Add(10 * time.Minute), i, true})
		}
	}
	for at := completed; at.Before(completed.Add(4 * time.Hour)); at = at.Add(time.Second) {
		for _, q := range queue {
			if q.at.Equal(at) {
				l.w.Add(line(t, gate.Observation{Arm: gate.Treatment, Build: "b2", Unit: strconv.Itoa(q.unit), Signal: safety, Pass: new(q.pass)}), at)
			}
		}
	}
	if got := l.action(safety); got != "" {
		t.Errorf("lag alone: %q", got)
	}
}

// TestWorstCounts takes the worst outcome of a unit within its window, and
// passes over what is not this build's, or came before.
func TestWorstCounts(t *testing.T) {
	t.Parallel()
	l := begin(watched(gate.OnDriftIncident, 0))
	add := func(after time.Duration, build string, pass bool) {
		l.w.Add(line(t, gate.Observation{Arm: gate.Treatment, Build: build, Unit: "u", Signal: safety, Pass: &pass}), completed.Add(after))
	}
	add(time.Minute, "b2", false)
	add(time.Hour, "b3", false)
	add(time.Hour+time.Second, "b2", true)
	add(time.Hour+2*time.Second, "b2", false)
	add(time.Hour+3*time.Second, "b2", true)
	add(2*time.Hour, "b2", true)
	add(3*time.Hour, "b2", true)
	d := NewDetector(l.w.ref.Signals[0].Treatment.P0)
	d.Add(0)
	d.Add(1)
	if got := l.w.Findings()[0].Build; got.Cases != 2 || got.Value != d.Value() {
		t.Errorf("%+v, want 2 cases and %v", got, d.Value())
	}
}

// TestWatchDependsOnLinesAlone is the law of replays: a watch that goes on from
// the state of another at any line ends where one does that read them all, and
// the order of lines that were received together is nothing.
func TestWatchDependsOnLinesAlone(t *testing.T) {
	t.Parallel()
	p := watched(gate.OnDriftFallback, 20)
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		one, other := begin(p).w, begin(p).w
		at := completed
		for second := range rapid.IntRange(1, 60).Draw(t, "seconds") {
			at = at.Add(time.Duration(r.IntN(900)) * time.Second)
			var batch [][]byte
			for range r.IntN(20) {
				arm, build := gate.Treatment, "b2"
				if r.IntN(5) == 0 {
					arm, build = gate.Control, "b1"
				}
				text, _ := json.Marshal(gate.Observation{
					At: at, Environment: "production", Flag: "agent", Arm: arm, Build: build, Unit: strconv.Itoa(r.IntN(40)),
					Signal: []string{safety, covered}[r.IntN(2)], Pass: new(r.IntN(3) > 0),
				})
				batch = append(batch, text)
			}
			for _, text := range batch {
				one.Add(text, at)
			}
			r.Shuffle(len(batch), func(i, j int) { batch[i], batch[j] = batch[j], batch[i] })
			if r.IntN(3) == 0 {
				stored, err := json.Marshal(other.State(int64(second)))
				if err != nil {
					t.Fatal(err)
				}
				var from State
				if err := json.Unmarshal(stored, &from); err != nil {
					t.Fatal(err)
				}
				other = NewWatch(*p, frozen(p), map[string]string{"agent": "b2"}, completed, &from)
			}
			for _, text := range batch {
				other.Add(text, at)
			}
		}
		if diff := cmp.Diff(one.Findings(), other.Findings()); diff != "" {
			t.Fatalf("findings (-one +other)\n%s", diff)
		}
	})
}

func TestMix(t *testing.T) {
	t.Parallel()
	var m Mix
	of := func(kinds ...string) {
		for i := range mixCases {
			m.add(kinds[i%len(kinds)])
		}
	}
	of("a", "b")
	of("a", "b")
	if m.Shift != Stable || m.PSI != 0 {
		t.Errorf("the same mix: %+v", m)
	}
	of("a", "c", "c", "c")
	if m.Shift != Alert || m.JS < 0.5 {
		t.Errorf("another mix: %+v", m)
	}
	for i := range mixCases {
		m.add(strconv.Itoa(i))
	}
	if m.Shift != Alert {
		t.Errorf("each case another: %+v", m)
	}
}
