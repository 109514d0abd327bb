package demo

import (
	"testing"

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

// TestFaults degrades one arm of one agent, and only under its load.
func TestFaults(t *testing.T) {
	t.Parallel()
	var idle, busy load
	for i := range busy.seen {
		idle.add(i%20 == 0) // the 5 % milestone
		busy.add(i%10 == 0) // the 10 % one
	}
	for _, a := range agents {
		for _, l := range []*load{&idle, &busy} {
			for _, treated := range []bool{true, false} {
				want := a.degrades && treated && l == &busy
				if got := a.faults(l, treated) != nil; got != want {
					t.Errorf("%s treated %v, overloaded %v: faults %v", a.flag, treated, l.overloaded(), got)
				}
			}
		}
	}
}
