// Package rounds times contenders in turns, so that what a machine does
// meanwhile meets all of them: a ratio within one run holds where no absolute
// figure does.
package rounds

import (
	"runtime"
	"slices"
	"sync"
	"time"
)

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
	Nanoseconds float64 // the median of the rounds, by operation
	Allocations float64 // by operation
}

// Table has the results by contender and case.
type Table map[string]map[string]Result

// Parallel is a loop on two goroutines; its time is the wall's, by the
// operations of both.
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
		times []float64
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
				x := &cell{loop: loop}
				x.n = calibrate(loop, span)
				x.Allocations = allocations(loop, x.n)
				cells[c.Name][name] = x
				order = append(order, x)
			}
		}
	}
	for range rounds {
		for _, x := range order {
			began := time.Now()
			x.loop(x.n)
			x.times = append(x.times, float64(time.Since(began).Nanoseconds())/float64(x.n))
		}
	}
	table := make(Table)
	for contender, byCase := range cells {
		table[contender] = make(map[string]Result)
		for name, x := range byCase {
			slices.Sort(x.times)
			x.Nanoseconds = x.times[len(x.times)/2]
			table[contender][name] = x.Result
		}
	}
	return table
}

// calibrate returns how many operations take about span.
func calibrate(loop Loop, span time.Duration) int {
	for n := 1000; ; n *= 2 {
		began := time.Now()
		loop(n)
		if took := time.Since(began); took >= span/4 {
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
