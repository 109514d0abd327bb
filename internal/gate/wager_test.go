package gate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A fixed bet of one half on (1, 0) twenty times against "the mean is at least
// .8": the product of 1 + (.8-x)/2.
func TestFixedBet(t *testing.T) {
	t.Parallel()
	w := newWager(false)
	for i := range 40 {
		w.bet(0.8 - float64((i+1)%2))
	}
	const half = 5 // of fractions
	checkFigure(t, "log K", math.Log(8*w.Wealth[half]), 4.622234, 1e-6)
}

// The empirical-Bernstein sequence at alpha .05 on (1, 1, 1, 0) repeated.
func TestBernsteinInterval(t *testing.T) {
	t.Parallel()
	want := map[int][2]float64{4: {0, 1}, 20: {0.279160, 1}, 100: {0.596130, 0.900964}, 400: {0.670735, 0.828548}}
	b := newBernstein(0.05)
	if lo, hi := b.interval(); lo != 0 || hi != 1 {
		t.Errorf("without scores [%v, %v]", lo, hi)
	}
	for i := range 400 {
		b.add(float64(min((i+1)%4, 1)))
		if ends, ok := want[i+1]; ok {
			lo, hi := b.interval()
			checkFigure(t, fmt.Sprintf("lower at %d", i+1), lo, ends[0], 1e-6)
			checkFigure(t, fmt.Sprintf("upper at %d", i+1), hi, ends[1], 1e-6)
		}
	}
	checkFigure(t, "mean", b.mean(), 0.75, 1e-15)

	first := bernstein{limit: ln(1 / 0.05), n: 1}
	checkFigure(t, "λ of the first, cut", first.stake(), 0.5, 0)
	checkFigure(t, "λ of the first", math.Sqrt(2*first.limit/(0.25*math.Ln2)), 5.880091, 1e-5)
}

// While the hypothesis holds a wager gains nothing in the mean, whatever is
// in reserve: the expectation over both outcomes of each bet is what it was.
func TestWagerIsFair(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	w := newWager(true)
	for range 2500 {
		up, down := w, w
		up.bet(1)
		down.bet(-0.25)
		if mean := 0.2*up.capital() + 0.8*down.capital(); math.Abs(mean/w.capital()-1) > 1e-12 {
			t.Fatalf("after %d bets %v is %v in the mean", w.N, w.capital(), mean)
		}
		if w = down; r.Float64() < 0.2 {
			w = up
		}
	}
	if w.Points != 25 || math.Abs(w.Reserve-reserve/26) > 1e-12 {
		t.Errorf("%d points and %v in reserve, want 25 and a 26th", w.Points, w.Reserve)
	}
}

// The order of pairs is nothing to a wager without restart points, and two that
// have each their own pairs multiply to the one that has all of them.
func TestWagerOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		outcomes := rapid.SliceOfN(rapid.Float64Range(-1, 1), 0, 60).Draw(rt, "outcomes")
		shuffled := rapid.Permutation(outcomes).Draw(rt, "shuffled")
		cut := rapid.IntRange(0, len(outcomes)).Draw(rt, "cut")
		bet := func(xs []float64) Wager {
			w := newWager(false)
			for _, x := range xs {
				w.bet(x)
			}
			return w
		}
		all, one, other := bet(outcomes), bet(shuffled[:cut]), bet(shuffled[cut:])
		for i, want := range all.Wealth {
			got := float64(len(fractions)) * one.Wealth[i] * other.Wealth[i]
			if math.Abs(got-want) > 1e-9*want {
				rt.Fatalf("at %v: %v and %v make %v, want %v", fractions[i], one.Wealth[i], other.Wealth[i], got, want)
			}
		}
	})
}

// Two wagers with reserves, on pairs of their own, whose capitals are multiplied:
// while the hypothesis holds the product reaches 1/alpha no oftener than alpha,
// looked at after every bet of either.
func TestProductOfWagers(t *testing.T) {
	t.Parallel()
	const runs, alpha = 2000, 0.05
	r := rand.New(rand.NewPCG(3, 4))
	crossed := 0
	for range runs {
		both := [2]Wager{newWager(true), newWager(true)}
		for range 600 {
			both[r.IntN(2)].bet(float64(r.IntN(2)*2 - 1))
			if both[0].capital()*both[1].capital() >= 1/alpha {
				crossed++
				break
			}
		}
	}
	if limit := alpha + 3*math.Sqrt(alpha*(1-alpha)/runs); float64(crossed)/runs > limit {
		t.Errorf("%d of %d products reach 1/alpha, want at most %.3f of them", crossed, runs, limit)
	}
}

// A wager stays finite, and a reserve finds a change that comes late.
func TestWagerLateAndLong(t *testing.T) {
	t.Parallel()
	sure, late := newWager(false), newWager(true)
	for range 1_000_000 {
		sure.bet(1)
		late.bet(-0.1)
	}
	if !isFinite(sure.capital()) || !sure.proves(1e-9) || late.proves(0.5) {
		t.Fatalf("sure %v, late %v", sure.capital(), late.capital())
	}
	n := 0
	for ; !late.proves(0.00875); n++ {
		late.bet(0.5)
	}
	if n > 1100 {
		t.Errorf("a change after a million cases takes %d", n)
	}
	lost := newWager(false)
	for range 1_000_000 {
		lost.bet(-0.9)
	}
	if e := lost.logE(); !isFinite(e) || e > -690 || lost.wouldProve(10, 0.05) {
		t.Errorf("a bet that lost everything is worth %v", e)
	}
	if (*Wager)(nil).proves(0.4) {
		t.Error("no wager proves something")
	}
}

// bettingPolicy bets on a rate and on a score.
func bettingPolicy() Policy {
	p := DefaultPolicy()
	p.Comparison.Estimator = Betting
	p.Signals = []Signal{p.Signals[1], defaultOfKind(Score)}
	p.Signals[0].Weight, p.Signals[1].Weight = 0.5, 0.5
	p.Signals[1].Name, p.Signals[1].Promote, p.Signals[1].Rollback = "support", 0.8, 0.6
	return p
}

// A ledger that was asked often has the bets of one that is asked once: what is
// folded early is what would be folded late, even where units leave, come late
// or answer late.
func TestBetsDoNotDependOnLooks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := bettingPolicy()
		often, once := NewLedger(p, LedgerOptions{Candidate: "b2"}), NewLedger(p, LedgerOptions{Candidate: "b2"})
		minute := 0
		for i := range rapid.IntRange(1, 120).Draw(t, "lines") {
			minute += rapid.IntRange(0, 3).Draw(t, "minutes")
			o := drawLine(t, minute)
			if a, b := often.AddObservation(&o), once.AddObservation(&o); a != b {
				t.Fatalf("line %d: %q and %q", i, a, b)
			}
			if rapid.IntRange(0, 3).Draw(t, "look") == 0 {
				often.Snapshot(modelStart.Add(time.Duration(minute)*time.Minute), Progress{})
			}
		}
		at := modelStart.Add(time.Duration(minute) * time.Minute)
		a, b := often.Snapshot(at, Progress{}), once.Snapshot(at, Progress{})
		if diff := cmp.Diff(b.Signals, a.Signals); diff != "" {
			t.Fatalf("(-once +often)\n%s", diff)
		}
		if d := Decide(p, a, State{}); d.Reason == SnapshotInvalid {
			t.Fatal(d.Detail)
		}
	})
}

// drawLine draws an exposure or an outcome of one of a few units, mostly in
// its own arm, sometimes from the past.
func drawLine(t *rapid.T, minute int) Observation {
	unit := rapid.IntRange(0, 24).Draw(t, "unit")
	arm := []string{Treatment, Control}[unit%2]
	if rapid.IntRange(0, 40).Draw(t, "wrong arm") == 0 {
		arm = Control
	}
	at := minute - rapid.SampledFrom([]int{0, 0, 0, 5, 50}).Draw(t, "ago")
	o := Observation{
		At: modelStart.Add(time.Duration(at) * time.Minute), Environment: "e", Flag: "f",
		Arm: arm, Build: builds[arm], Unit: fmt.Sprint("u", unit),
	}
	switch o.Signal = rapid.SampledFrom([]string{"exposure", "exposure", "evidence_coverage", "support"}).Draw(t, "signal"); o.Signal {
	case "evidence_coverage":
		o.Pass = new(rapid.Bool().Draw(t, "pass"))
	case "support":
		o.Value = new(float64(rapid.IntRange(0, 8).Draw(t, "score")) / 8)
	}
	return o
}

// What a bad build's bets say, through the ledger and the gate.
func TestBettingRollsBack(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		signal string
		reason string
	}{
		{"evidence_coverage", "P6_REGRESSION:evidence_coverage"},
		{"support", "P5_SEVERE:support"},
	} {
		l := NewLedger(bettingPolicy(), LedgerOptions{Candidate: "b2"})
		r := rand.New(rand.NewPCG(7, 7))
		for i := range 240 {
			arm := []string{Treatment, Control}[i%2]
			o := Observation{
				At: modelStart.Add(time.Duration(i) * time.Second), Environment: "e", Flag: "f",
				Arm: arm, Build: builds[arm], Unit: strconv.Itoa(i), Signal: "exposure",
			}
			l.AddObservation(&o)
			o.Signal, o.Pass = "evidence_coverage", new(r.Float64() < 0.95-0.25*float64((1-i%2))*float64(flagOf(tc.signal == "evidence_coverage")))
			l.AddObservation(&o)
			o.Signal, o.Pass, o.Value = "support", nil, new(0.9)
			if tc.signal == "support" && arm == Treatment {
				o.Value = new(0.3)
			}
			l.AddObservation(&o)
		}
		s := l.Snapshot(modelStart.Add(time.Hour), Progress{})
		if d := Decide(bettingPolicy(), s, State{}); d.Reason != tc.reason {
			t.Errorf("%s: %s %v %s; rejected %v, signals %+v", tc.signal, d.Reason, d.Also, d.Detail, l.Rejected(), s.Signals["support"])
		}
	}
}
