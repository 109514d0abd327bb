package demo

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestLoad counts the latest conversations as a list of them does.
func TestLoad(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var l load
		window := len(l.seen)
		all := rapid.SliceOfN(rapid.Bool(), 0, 3*window).Draw(t, "treated")
		for _, treated := range all {
			l.add(treated)
		}
		n := 0
		for _, treated := range all[max(0, len(all)-window):] {
			if treated {
				n++
			}
		}
		if l.n != n || l.overloaded() != (float64(n) >= overloadedAt*float64(window)) {
			t.Fatalf("%d of the latest %d, overloaded %v, want %d", l.n, window, l.overloaded(), n)
		}
	})
}

// TestQuality degrades one arm of one agent, and only under its load.
func TestQuality(t *testing.T) {
	t.Parallel()
	var idle, busy load
	for i := range busy.seen {
		idle.add(i%20 == 0) // the 5 % milestone
		busy.add(i%10 == 0) // the 10 % one
	}
	for _, a := range agents {
		for _, l := range []*load{&idle, &busy} {
			for _, treated := range []bool{true, false} {
				want := healthy
				if a.degrades && treated && l == &busy {
					want = degraded
				}
				if got := a.quality(l, treated); got != want {
					t.Errorf("%s treated %v, overloaded %v: %+v", a.flag, treated, l.overloaded(), got)
				}
			}
		}
	}
}

// TestDraw draws what the telemetry is then made of: rates and a P95 within
// 5 standard errors of what is meant.
func TestDraw(t *testing.T) {
	t.Parallel()
	const n = 20000
	r := rand.New(rand.NewPCG(1, 2))
	for name, q := range map[string]quality{"healthy": healthy, "degraded": degraded} {
		var success, context, safe, cited, slow float64
		p95 := time.Duration(float64(q.median) * math.Exp(sigma*1.6448536))
		for range n {
			c := q.draw(r)
			for _, one := range []struct {
				sum *float64
				is  bool
			}{{&success, c.success}, {&context, c.context}, {&safe, c.safe}, {&cited, c.cited}, {&slow, c.latency > p95}} {
				if one.is {
					*one.sum++
				}
			}
		}
		for what, rate := range map[string]struct{ got, want float64 }{
			"success": {success, q.success}, "context": {context, q.context}, "safe": {safe, q.safe},
			"cited": {cited, q.cited}, "slower than P95": {slow, 0.05},
		} {
			if se := math.Sqrt(rate.want * (1 - rate.want) / n); math.Abs(rate.got/n-rate.want) > 5*se {
				t.Errorf("%s, %s: %.4f, want %.4f", name, what, rate.got/n, rate.want)
			}
		}
	}
}
