package main

import (
	"fmt"

	"github.com/lockflight/lockflight/test/bench/internal/cases"
	"github.com/lockflight/lockflight/test/bench/internal/rounds"
)

// peer is another SDK. The contexts of a case are made when it is opened.
type peer struct {
	name string
	// on asks for a flag with the context at this place of the ring for so many
	// users; nil for a case that the peer has no rules for.
	on map[string]func(flag string, i int) bool
	// variant asks for the variant of F, if it is not nil.
	variant func(i int) string
}

// contender returns the peer's cases.
func (p peer) contender() rounds.Contender {
	c := rounds.Contender{Name: p.name, Cases: make(map[string]rounds.Loop)}
	for name, on := range p.on {
		c.Cases[name] = asked(on, name)
	}
	if p.variant != nil {
		c.Cases["F"] = func(n int) {
			for i := range n {
				p.variant(i % cases.Ring)
			}
		}
	}
	c.Cases["G"] = rounds.Parallel(asked(p.on["C"], "C"))
	c.Cases["H"] = askedMany(p.on["H"])
	return c
}

func asked(on func(string, int) bool, flag string) rounds.Loop {
	return func(n int) {
		for i := range n {
			on(flag, i%cases.Ring)
		}
	}
}

func askedMany(on func(string, int) bool) rounds.Loop {
	names := cases.Names(cases.Rollouts(cases.Many))
	next := 0
	return func(n int) {
		for i := range n {
			on(names[(next+i)%len(names)], i%cases.Ring)
		}
		next += n
	}
}

// check compares the peer's answers with what the cases say: everybody in A, B
// and E, half of the users in C, D and H, and a third for each variant of F.
func (p peer) check() error {
	for name, on := range p.on {
		flag, yes := name, 0
		if name == "H" {
			flag = "flag-1234"
		}
		for i := range cases.Ring {
			if on(flag, i) {
				yes++
			}
		}
		low, high := cases.Ring, cases.Ring
		if name == "C" || name == "D" || name == "H" {
			low, high = cases.Ring*2/5, cases.Ring*3/5
		}
		if yes < low || yes > high {
			return fmt.Errorf("case %s is on for %d of %d", name, yes, cases.Ring)
		}
	}
	if p.variant == nil {
		return nil
	}
	got := make(map[string]int)
	for i := range cases.Ring {
		got[p.variant(i)]++
	}
	for _, name := range []string{"x", "y", "z"} {
		if got[name] < cases.Ring/4 || got[name] > cases.Ring*5/12 {
			return fmt.Errorf("case F has the variants %v", got)
		}
	}
	return nil
}
