package flaggen

import (
	"fmt"
	"math/rand/v2"

	"github.com/lockflight/lockflight/sdk/eval"
)

// World is flags with their segments, and contexts.
type World struct {
	Flags    []eval.Flag    // a parent comes before its children
	Segments []eval.Segment // with the ids that Flags name them by
	Contexts []eval.Context
}

// segments is how many segments a World has.
const segments = 6

// New makes a world; the same arguments make the same one. The first flags
// take turns at the themes, so that from 43 flags on each is there.
func New(seed uint64, flags, contexts int) World {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0))}
	for id := range segments {
		g.world.Segments = append(g.world.Segments, g.segment(id+1))
	}
	all := themes()
	for i := range flags {
		g.world.Flags = append(g.world.Flags, g.flag(fmt.Sprintf("flag-%03d", i), all[i%len(all)]))
	}
	for i := range contexts {
		g.world.Contexts = append(g.world.Contexts, g.context(i))
	}
	return g.world
}

// generator draws a world.
type generator struct {
	*rand.Rand
	world World
}

// pick draws one of a list.
func pick[T any](g *generator, from []T) T { return from[g.IntN(len(from))] }

// some draws n of a list, each once, in the list's order.
func some[T any](g *generator, n int, from []T) []T {
	out := make([]T, 0, n)
	for i, item := range from {
		if g.IntN(len(from)-i) < n-len(out) {
			out = append(out, item)
		}
	}
	return out
}

// chance is true in one of n draws.
func (g *generator) chance(n int) bool { return g.IntN(n) == 0 }
