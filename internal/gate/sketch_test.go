package gate

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The published figures: 15 s falls into bucket 480 of 1 %, whose value is
// 14,917.20; 666 buckets reach from a millisecond to ten minutes.
func TestSketchFigures(t *testing.T) {
	t.Parallel()
	checkFigure(t, "γ", sketchGamma, 1.020202, 5e-7)
	if got := bucketOf(15000); got != 480 {
		t.Errorf("15 s is in bucket %d, want 480", got)
	}
	var s Sketch
	s.Add(15000)
	checkFigure(t, "value", s.Quantile(0.95), 14917.20, 5e-3)
	if got := bucketOf(600_000) - bucketOf(1) + 1; got != 666 {
		t.Errorf("1 ms to 600 s are %d buckets, want 666", got)
	}
}

// Every quantile is within 1 %, and every value between the edges that its
// rank is given; merging is adding, in any order; text reads back.
func TestSketchKeepsItsAccuracy(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var a, b, all Sketch
		var values []float64
		for i := range rapid.IntRange(1, 200).Draw(t, "n") {
			v := math.Exp(rapid.Float64Range(-20, 40).Draw(t, "ln"))
			if rapid.IntRange(0, 20).Draw(t, "zero") == 0 {
				v = 0
			}
			values = append(values, v)
			[]*Sketch{&a, &b}[i%2].Add(v)
			all.Add(v)
		}
		slices.Sort(values)
		for i, v := range values {
			if lo, hi := all.At(Count(i + 1)); v < lo*(1-1e-11) || v > hi*(1+1e-11) {
				t.Fatalf("rank %d: %v is not in [%v, %v)", i+1, v, lo, hi)
			}
			if got := all.Quantile(float64(i) / math.Max(1, float64(len(values)-1))); math.Abs(got-v) > 0.0100001*v && i+1 == len(values) {
				t.Fatalf("rank %d: %v for %v", i+1, got, v)
			}
		}
		ab, ba := a, b
		ab.buckets, ba.buckets = slices.Clone(a.buckets), slices.Clone(b.buckets)
		ab.Merge(&b)
		ba.Merge(&a)
		for _, merged := range []*Sketch{&ab, &ba} {
			if diff := cmp.Diff(all.text(), merged.text()); diff != "" {
				t.Fatalf("merged (-added +merged)\n%s", diff)
			}
		}
		raw, err := json.Marshal(&all)
		if err != nil {
			t.Fatal(err)
		}
		var again Sketch
		if err := json.Unmarshal(raw, &again); err != nil || again.text() != all.text() || again.Count() != Count(len(values)) {
			t.Fatalf("%s became %s: %v", all.text(), again.text(), err)
		}
	})
}

func (s *Sketch) text() string {
	text, _ := s.MarshalText()
	return string(text)
}

// The rank interval of a sketch holds that of the values themselves, so a
// regression that it proves is one.
func TestSketchInterval(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 3))
	arm := func(factor float64) (exact, sketched *Arm) {
		var values sortedValues
		exact = &Arm{N: new(Count(1000)), GtPromote: new(Count(0)), GtRollback: new(Count(0))}
		sketched = &Arm{N: exact.N, GtPromote: exact.GtPromote, GtRollback: exact.GtRollback, Sketch: new(Sketch)}
		for range 1000 {
			v := factor * 3000 * math.Exp(0.3*r.NormFloat64())
			values.add(v)
			sketched.Sketch.Add(v)
		}
		lo, hi, _ := rankInterval(0.95, 1000, 0.05*0.10/4)
		exact.QLo, exact.QHi = new(values.at(lo)), new(values.at(hi))
		return exact, sketched
	}
	p := DefaultPolicy()
	for factor, reason := range map[float64]string{1: AllPass, 3: "P6_REGRESSION:p95_latency_ms"} {
		exactT, sketchT := arm(factor)
		exactC, sketchC := arm(1)
		j := p.judge(4, 1, true, false)
		lo, hi := j.ends(sketchT)
		if *lo > *exactT.QLo || *hi < *exactT.QHi || *hi / *lo > 1.05**exactT.QHi / *exactT.QLo {
			t.Errorf("[%v, %v] for [%v, %v]", *lo, *hi, *exactT.QLo, *exactT.QHi)
		}
		for _, m := range []Measure{{Treatment: exactT, Control: exactC}, {Treatment: sketchT, Control: sketchC}} {
			s := healthy(1000)
			s.Signals["p95_latency_ms"] = m
			if d := Decide(p, s, wellPassed()); d.Reason != reason {
				t.Errorf("%v times as slow: %s", factor, d.Reason)
			}
		}
	}
}

func TestSketchFaults(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"ddsketch:1:*", "ddsketch:1:", "ddsketch:1:gA==", "ddsketch:1:AP////8P", "ddsketch:1:AAAB"} {
		var s Sketch
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%s is read as %s", text, s.text())
		}
	}
	var foreign Sketch
	if err := foreign.UnmarshalText([]byte("ddsketch:CgkJ")); err != nil || foreign.Count() != 0 {
		t.Errorf("another program's sketch: %v, %d values", err, foreign.Count())
	}
}
