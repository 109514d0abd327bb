// Package rounds times contenders in turns, so that what a machine does
// meanwhile meets all of them: a ratio within one run holds where no absolute
// figure does. Times are those that the processors spent on this process, and
// not on others.
package rounds

import (
	"runtime"
	"slices"
	"sync"
	"time"
)

// parallel is the case on two cores. Its time is half of what both spend: the
// wall's where nobody else runs.
const parallel = "G"

// Cases are the names of all cases, in the order of a table.
var Cases = []string{"A", "B", "C", "D", "E", "F", "G", "H", "I"}

// Loop does a case n times.
type Loop func(n int)

// Contender is one implementation of the cases; it may lack some.
type Contender struct {
	Name  string
	Cases map[string]Loop
}

// Result is what one case costs one contender.
type Result struct {
	Nanoseconds float64   // the median of the rounds, by operation
	Allocations float64   // by operation
	times       []float64 // by round, as Nanoseconds
}

// Over returns how many times the other's time r takes: the median of what it
// is in each round.
func (r Result) Over(other Result) float64 {
	ratios := make([]float64, len(r.times))
	for i := range ratios {
		ratios[i] = r.times[i] / other.times[i]
	}
	return median(ratios)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// Table has the results by contender and case.
type Table map[string]map[string]Result

// Parallel is a loop on two goroutines, each with half of the operations.
func Parallel(loop Loop) Loop {
	return func(n int) {
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() { loop(n / 2) })
		}
		both.Wait()
	}
}

// Run times every case of every contender for about span, so many times.
func Run(contenders []Contender, rounds int, span time.Duration) Table {
	type cell struct {
		loop  Loop
		n     int
		cores float64
		Result
	}
	var order []*cell
	cells := make(map[string]map[string]*cell)
	for _, name := range Cases {
		for _, c := range contenders {
			if cells[c.Name] == nil {
				cells[c.Name] = make(map[string]*cell)
			}
			if loop := c.Cases[name]; loop != nil {
				x := &cell{loop: loop, cores: 1}
				if name == parallel {
					x.cores = 2
				}
				x.n = calibrate(loop, span)
				x.Allocations = allocations(loop, x.n)
				cells[c.Name][name] = x
				order = append(order, x)
			}
		}
	}
	for range rounds {
		for _, x := range order {
			began := spent()
			x.loop(x.n)
			x.times = append(x.times, float64((spent()-began).Nanoseconds())/float64(x.n)/x.cores)
		}
	}
	table := make(Table)
	for contender, byCase := range cells {
		table[contender] = make(map[string]Result)
		for name, x := range byCase {
			x.Nanoseconds = median(x.times)
			table[contender][name] = x.Result
		}
	}
	return table
}

// calibrate returns how many operations take about span.
func calibrate(loop Loop, span time.Duration) int {
	for n := 1000; ; n *= 2 {
		began := spent()
		loop(n)
		if took := spent() - began; took >= span/4 {
			return max(1000, int(float64(n)*float64(span)/float64(took)))
		}
	}
}

// allocations returns the allocations of one operation.
func allocations(loop Loop, n int) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	loop(n)
	runtime.ReadMemStats(&after)
	return float64((after.Mallocs-before.Mallocs)*100/uint64(n)) / 100
}
