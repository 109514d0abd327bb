package drift

import (
	"flag"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/gate"
)

var (
	_       = flag.Bool("simulate", false, "nothing more: these simulations always run at full size")
	simSeed = flag.Uint64("seed", 20261123, "the seed of the simulations; 0 takes a fresh one and prints it")
)

// runs returns after how many cases each of so many detectors reached a
// threshold, when the rate is p0 for so many cases and rate from then on.
func runs(seed uint64, reps, good int, rate, threshold float64) []float64 {
	lengths := make([]float64, reps)
	for i := range lengths {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		d := NewDetector(0.9)
		for n := 1; ; n++ {
			p := 0.9
			if n > good {
				p = rate
			}
			x := 0.0
			if r.Float64() < p {
				x = 1
			}
			if d.Add(x) >= threshold {
				if n > good {
					lengths[i] = float64(n - good)
					break
				}
				d.Reset() // a false alarm, dealt with
			}
		}
	}
	return lengths
}

// V9: the mean run of a detector in control is at least its
// threshold, and a fall is found soon.
func TestSimulateV9(t *testing.T) {
	t.Parallel()
	seed, reps := *simSeed, 5000
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	if testing.Short() {
		reps = 500
	}
	inControl := runs(seed, reps, 0, 0.9, 1000)
	sum, squares := 0.0, 0.0
	for _, n := range inControl {
		sum += n
		squares += n * n
	}
	mean := sum / float64(reps)
	se := math.Sqrt((squares/float64(reps) - mean*mean) / float64(reps))
	t.Logf("V9: seed %d, %d repetitions\n  mean run in control, A = 1000: %.0f ± %.0f, at least 1000", seed, reps, mean, se)
	if mean+3*se < 1000 {
		t.Errorf("the mean run in control is %.0f ± %.0f, want 1000 or more", mean, se)
	}
	for _, fall := range []struct{ rate, most float64 }{{0.88, math.Inf(1)}, {0.85, math.Inf(1)}, {0.80, math.Inf(1)}, {0.70, 40}, {0.50, math.Inf(1)}} {
		delays := runs(seed, 500, 500, fall.rate, 1000)
		slices.Sort(delays)
		median := delays[len(delays)/2]
		t.Logf("  .90 to %.2f after 500 cases: median delay %.0f", fall.rate, median)
		if median > fall.most {
			t.Errorf(".90 to %.2f: median delay %.0f, want at most %.0f", fall.rate, median, fall.most)
		}
	}
}

// A whole watch, from a frozen reference on, has as many cases between false
// alarms as it says, and finds a fall: the claim of the guide.
func TestSimulateWatch(t *testing.T) {
	t.Parallel()
	seed, reps := *simSeed, 400
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	if testing.Short() {
		reps = 60
	}
	p := watched(gate.OnDriftFallback, 0)
	sum, most, delays := 0.0, 5*leastRun, []float64(nil)
	for rep := range reps {
		r := rand.New(rand.NewPCG(seed, uint64(rep)))
		passed := gate.Count(0)
		for range 1000 {
			passed += gate.Count(indicator(r.Float64() < 0.96))
		}
		ref := Freeze(p, gate.Snapshot{Signals: map[string]gate.Measure{
			safety: {Treatment: &gate.Arm{N: new(gate.Count(1000)), K: &passed}},
		}}, 0)
		run := func(rate float64, most int) float64 {
			w := NewWatch(*p, ref, map[string]string{"agent": "b2"}, completed, nil)
			for n := range most {
				w.count(&Case{Worst: []float64{indicator(r.Float64() < rate)}})
				if w.Findings()[0].Action != "" {
					return float64(n + 1)
				}
			}
			return float64(most)
		}
		sum += run(0.96, most)
		delays = append(delays, run(0.85, most))
	}
	slices.Sort(delays)
	mean, median := sum/float64(reps), delays[len(delays)/2]
	t.Logf("watch: seed %d, %d repetitions\n  mean run in control, cut off at %d: %.0f, at least %d\n  .96 to .85: median %.0f", seed, reps, most, mean, leastRun, median)
	if mean < leastRun || median > 200 {
		t.Errorf("mean run %.0f, want %d or more; median to find .85 %.0f, want 200 or less", mean, leastRun, median)
	}
}
