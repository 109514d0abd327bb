package gate

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// metered is a policy of one signal that is told by a metric.
func metered(s Signal) Policy {
	p := DefaultPolicy()
	s.Source, s.Name, s.Weight, s.MinN, s.Required = &Source{Metric: "m"}, "metered", 1, 1, true
	s.Tolerance, s.Relative.RequireNI = 0.02, Never
	p.Signals = []Signal{s}
	return p
}

var (
	meteredRate    = Signal{Kind: Bernoulli, Direction: higher, Promote: 0.9, Rollback: 0.5}
	meteredLatency = Signal{Kind: Quantile, Q: 0.95, Direction: lower, Promote: 15_000, Rollback: 21_000}
	meteredEvents  = Signal{Kind: Counter, Direction: lower, Promote: 1, Rollback: 2}
)

// points is a ledger of a metered signal, and its clock in seconds.
type points struct{ *Ledger }

func newPoints(s Signal) points {
	return points{NewLedger(metered(s), LedgerOptions{Candidate: "b2", Flag: "f", Environment: "e"})}
}

func atSecond(s int) time.Time {
	return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC).Add(time.Duration(s) * time.Second)
}

// say sends what one series says of the seconds from and to.
func (p points) say(unit, arm string, from, to int, a Aggregate) Cause {
	a.From = atSecond(from)
	build := map[string]string{Treatment: "b2", Control: "b1"}[arm]
	return p.AddObservation(&Observation{At: atSecond(to), Environment: "e", Flag: "f", Arm: arm, Unit: unit, Build: build, Signal: "metered", Aggregate: &a})
}

func (p points) expose(arm, unit string, at int) {
	build := map[string]string{Treatment: "b2", Control: "b1"}[arm]
	p.AddObservation(&Observation{At: atSecond(at), Environment: "e", Flag: "f", Arm: arm, Unit: unit, Build: build, Signal: exposureSignal})
}

func (p points) measured(at int) Measure {
	return p.Snapshot(atSecond(at), NewProgress(atSecond(0))).Signals["metered"]
}

func (p points) counts(t *testing.T, at int) [2]Count {
	t.Helper()
	m := p.measured(at)
	if m.Error != "" {
		t.Fatal(m.Error)
	}
	return [2]Count{*m.Treatment.N, *m.Treatment.K}
}

// What emitters say adds up once: deltas that are sent again, counts that are
// sent again or late, and emitters that start again.
func TestAggregatesAddUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		say  func(p points) Cause
		want [2]Count
		last Cause
	}{
		"deltas": {func(p points) Cause {
			p.say("a", Treatment, 0, 10, Aggregate{N: 5, K: 4})
			return p.say("a", Treatment, 10, 20, Aggregate{N: 3, K: 3})
		}, [2]Count{8, 7}, ""},
		"a delta again": {func(p points) Cause {
			p.say("a", Treatment, 0, 10, Aggregate{N: 5, K: 4})
			return p.say("a", Treatment, 0, 10, Aggregate{N: 5, K: 4})
		}, [2]Count{5, 4}, Duplicate},
		"two series": {func(p points) Cause {
			p.say("a", Treatment, 0, 10, Aggregate{N: 5, K: 4})
			return p.say("b", Treatment, 0, 10, Aggregate{N: 5, K: 4})
		}, [2]Count{10, 8}, ""},
		"counts": {func(p points) Cause {
			p.say("a", Treatment, 0, 10, Aggregate{Cumulative: true, N: 5, K: 4})
			return p.say("a", Treatment, 0, 20, Aggregate{Cumulative: true, N: 9, K: 7})
		}, [2]Count{9, 7}, ""},
		"a count again": {func(p points) Cause {
			p.say("a", Treatment, 0, 20, Aggregate{Cumulative: true, N: 9, K: 7})
			return p.say("a", Treatment, 0, 10, Aggregate{Cumulative: true, N: 5, K: 4})
		}, [2]Count{9, 7}, Duplicate},
		"an emitter that started again": {func(p points) Cause {
			p.say("a", Treatment, 0, 20, Aggregate{Cumulative: true, N: 9, K: 7})
			return p.say("a", Treatment, 25, 30, Aggregate{Cumulative: true, N: 2, K: 1})
		}, [2]Count{11, 8}, ""},
		"a count that falls": {func(p points) Cause {
			p.say("a", Treatment, 0, 20, Aggregate{Cumulative: true, N: 9, K: 7})
			return p.say("a", Treatment, 0, 30, Aggregate{Cumulative: true, N: 2, K: 1})
		}, [2]Count{9, 7}, BadValue},
		"what was counted before the release": {func(p points) Cause {
			p.say("a", Treatment, -900, 10, Aggregate{Cumulative: true, Before: true, N: 1000, K: 900})
			return p.say("a", Treatment, -900, 20, Aggregate{Cumulative: true, Before: true, N: 1004, K: 903})
		}, [2]Count{4, 3}, ""},
		"another build": {func(p points) Cause {
			return p.AddObservation(&Observation{At: atSecond(1), Environment: "e", Flag: "f", Arm: Treatment, Unit: "a", Build: "b3", Signal: "metered", Aggregate: &Aggregate{From: atSecond(0), N: 1}})
		}, [2]Count{0, 0}, ForeignBuild},
		"more passes than cases": {func(p points) Cause { return p.say("a", Treatment, 0, 10, Aggregate{N: 5, K: 6}) }, [2]Count{0, 0}, BadValue},
		"values of a rate": {func(p points) Cause {
			return p.say("a", Treatment, 0, 10, Aggregate{N: 1, Buckets: []Bucket{{N: 1}}})
		}, [2]Count{0, 0}, BadValue},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPoints(meteredRate)
			if got := c.say(p); got != c.last {
				t.Errorf("the last line: %q, want %q", got, c.last)
			}
			if diff := cmp.Diff(c.want, p.counts(t, 60)); diff != "" {
				t.Errorf("n, k (-want +got):\n%s", diff)
			}
		})
	}
}

// A case's own outcome is none of a metric's, nor the other way round.
func TestAggregateAndOutcome(t *testing.T) {
	t.Parallel()
	p := newPoints(meteredRate)
	o := Observation{At: atSecond(1), Environment: "e", Flag: "f", Arm: Treatment, Unit: "u", Build: "b2", Signal: "metered", Pass: new(true)}
	if got := p.AddObservation(&o); got != BadValue {
		t.Errorf("an outcome: %q", got)
	}
	l := NewLedger(DefaultPolicy(), LedgerOptions{})
	o.Signal, o.Pass, o.Aggregate = "task_success_rate", nil, &Aggregate{From: atSecond(0), N: 1, K: 1}
	if got := l.AddObservation(&o); got != BadValue {
		t.Errorf("an aggregate: %q", got)
	}
}

func bucket(gt, le float64, n Count) Bucket { return Bucket{Gt: gt, Le: &le, N: n} }

// A limit that is no edge of the buckets is said so; one within a narrow bucket
// promotes nothing and rolls nothing back.
func TestAggregatedLatency(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		buckets             []Bucket
		overPromote, beyond Count
		err                 string
	}{
		"edges":            {[]Bucket{bucket(0, 15_000, 90), bucket(15_000, 21_000, 8), {Gt: 21_000, N: 2}}, 10, 2, ""},
		"default buckets":  {[]Bucket{bucket(5_120, 10_240, 90), bucket(10_240, 20_480, 10)}, 0, 0, "promote: 15000 is not an edge of the histogram's buckets: 10 values are somewhere above 10240, up to 20480"},
		"the one beyond":   {[]Bucket{bucket(10_000, 15_000, 90), {Gt: 15_000, N: 10}}, 0, 0, "rollback: 21000 is not an edge"},
		"nothing near":     {[]Bucket{bucket(0, 10_240, 100)}, 0, 0, ""},
		"narrow at either": {[]Bucket{bucket(14_500, 15_500, 90), bucket(20_500, 21_500, 10)}, 100, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPoints(meteredLatency)
			var n Count
			for _, b := range c.buckets {
				n += b.N
			}
			if cause := p.say("a", Treatment, 0, 10, Aggregate{N: n, Buckets: c.buckets}); cause != "" {
				t.Fatal(cause)
			}
			m := p.measured(60)
			if !strings.Contains(m.Error, c.err) || (m.Error == "") != (c.err == "") {
				t.Fatalf("error %q, want %q", m.Error, c.err)
			}
			if c.err == "" && (*m.Treatment.GtPromote != c.overPromote || *m.Treatment.GtRollback != c.beyond) {
				t.Errorf("got %d, %d; want %d, %d", *m.Treatment.GtPromote, *m.Treatment.GtRollback, c.overPromote, c.beyond)
			}
		})
	}
}

// The rank interval of buckets holds that of the values in them, however they
// are cut.
func TestBucketsHoldTheirRanks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0, 1000), 1, 50).Draw(rt, "values")
		var sorted sortedValues
		h := histogram{}
		for _, v := range values {
			sorted.add(v)
			width := rapid.SampledFrom([]float64{1, 7, 100}).Draw(rt, "width")
			gt := float64(int(v/width)) * width
			h[span{gt, gt + width}]++
		}
		low := rapid.IntRange(1, len(values)).Draw(rt, "low")
		high := rapid.IntRange(low, len(values)).Draw(rt, "high")
		least, most := h.at(Count(low), Count(high))
		if exact := sorted.at(low); least > exact {
			rt.Errorf("the value of rank %d is %v, not at least %v", low, exact, least)
		}
		if exact := sorted.at(high); most < exact {
			rt.Errorf("the value of rank %d is %v, not at most %v", high, exact, most)
		}
	})
}

// An exponential histogram merges its buckets as it grows: what was counted
// before the release goes out of the wider ones.
func TestBucketsThatMerge(t *testing.T) {
	t.Parallel()
	p := newPoints(meteredLatency)
	p.say("a", Treatment, -60, 10, Aggregate{Cumulative: true, Before: true, N: 3, Buckets: []Bucket{bucket(1, 2, 1), bucket(2, 4, 2)}})
	p.say("a", Treatment, -60, 20, Aggregate{Cumulative: true, Before: true, N: 7, Buckets: []Bucket{bucket(1, 4, 6), bucket(4, 16, 1)}})
	if m := p.measured(30); m.Error != "" || *m.Treatment.N != 4 {
		t.Errorf("got %v, %q", m.Treatment, m.Error)
	}
	p.say("a", Treatment, -60, 30, Aggregate{Cumulative: true, Before: true, N: 8, Buckets: []Bucket{bucket(3, 5, 8)}})
	if m := p.measured(30); !strings.Contains(m.Error, "have changed") {
		t.Errorf("error %q", m.Error)
	}
}

// Units tell which share of them a metric can speak of at most, and since when
// it is silent.
func TestAggregatedCoverage(t *testing.T) {
	t.Parallel()
	p := newPoints(meteredEvents)
	for _, arm := range []string{Treatment, Control} {
		for i := range 10 {
			p.expose(arm, arm+string(rune('a'+i)), i)
		}
		p.say(arm, arm, 0, 10, Aggregate{N: 4})
	}
	m := p.measured(400)
	if got, want := [2]Count{*m.Treatment.N, *m.Treatment.K}, [2]Count{10, 4}; got != want {
		t.Errorf("n, k: got %v, want %v", got, want)
	}
	if *m.TelemetryCoverage != 1 || m.AgeSeconds != 0 {
		t.Errorf("coverage %v, age %v", *m.TelemetryCoverage, m.AgeSeconds)
	}
	p.expose(Control, "late", 300)
	if m := p.measured(500); m.AgeSeconds != 200 {
		t.Errorf("age %v, want 200", m.AgeSeconds)
	}
	rate := newPoints(meteredRate)
	for i := range 10 {
		rate.expose(Treatment, string(rune('a'+i)), i)
	}
	rate.say("a", Treatment, 0, 10, Aggregate{N: 4, K: 4})
	if m := rate.measured(400); *m.TelemetryCoverage != 0.4 {
		t.Errorf("coverage %v, want 0.4", *m.TelemetryCoverage)
	}
}

// A metric decides as other evidence does, and is shown to have decided.
func TestMetricDecides(t *testing.T) {
	t.Parallel()
	p := newPoints(meteredRate)
	p.say("a", Treatment, 0, 10, Aggregate{N: 200, K: 20})
	p.say("b", Control, 0, 10, Aggregate{N: 200, K: 190})
	d := Decide(metered(meteredRate), p.Snapshot(atSecond(20), NewProgress(atSecond(0))), State{})
	if d.Verdict != Rollback || d.Reason != SevereFloor+":metered" {
		t.Errorf("got %v %s", d.Verdict, d.Reason)
	}
	p = newPoints(meteredLatency)
	p.say("a", Treatment, 0, 10, Aggregate{N: 1, Buckets: []Bucket{bucket(10_000, 20_000, 1)}})
	d = Decide(metered(meteredLatency), p.Snapshot(atSecond(20), NewProgress(atSecond(0))), State{})
	if s := d.Signals[0]; s.Status != Missing || s.Why != "source_error" || !strings.Contains(s.Detail, "15000 is not an edge") {
		t.Errorf("got %+v", s)
	}
}

// Beyond so many series the signal is missing.
func TestSeriesAreBounded(t *testing.T) {
	t.Parallel()
	p := newPoints(meteredRate)
	for i := range maxSeries + 1 {
		p.say(time.Duration(i).String(), Treatment, 0, 10, Aggregate{N: 1})
	}
	if m := p.measured(20); !strings.Contains(m.Error, "more than 2000 series") {
		t.Errorf("error %q", m.Error)
	}
}

// What is written is what encoding/json writes, and is read back.
func TestAggregateIsWritten(t *testing.T) {
	t.Parallel()
	o := Observation{
		At: atSecond(10), Environment: "e", Flag: "f", Arm: Treatment, Unit: "a", Build: "b2", Signal: "metered",
		Aggregate: &Aggregate{From: atSecond(0), Cumulative: true, Before: true, N: 3, Buckets: []Bucket{bucket(0, 0.5, 1), {Gt: 0.5, N: 2}}},
	}
	want, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	got := o.AppendTo(nil)
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	back, err := ParseObservation(got)
	if diff := cmp.Diff(o, back); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
