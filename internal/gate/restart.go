package gate

import (
	"math"
	"slices"
	"time"
)

const (
	restartEvery  = 100  // cases of the treatment between two restart points
	restartSparse = 1000 // points after which, and cases between which, they are taken
)

// restartPoints are those of one signal. A point is taken at an evaluation, or
// where an interval of time begins, never in the middle of lines that were
// received together, so that their order is no evidence.
type restartPoints struct {
	marks   []int64 // lines added before each
	planned []int64 // marks of an earlier ledger that are still to come
	cases   int64   // outcomes of the treatment so far
	last    int64   // cases at the last point
}

// count returns how many points were taken.
func (p *restartPoints) count() uint16 { return uint16(len(p.marks)) }

// take takes a point after so many lines; one that was taken there already is
// the same.
func (p *restartPoints) take(lines int64) {
	n := len(p.marks)
	if n == math.MaxUint16 || n > 0 && p.marks[n-1] == lines {
		return
	}
	p.marks = append(p.marks, lines)
	p.last = p.cases
}

// evaluate takes a point where the treatment has enough more cases, and no
// earlier ledger said where the points are.
func (p *restartPoints) evaluate(lines int64) {
	if len(p.planned) > 0 {
		return
	}
	every := int64(restartEvery)
	if len(p.marks) >= restartSparse {
		every = restartSparse
	}
	if p.cases-p.last >= every {
		p.take(lines)
	}
}

// enter begins an epoch and takes the points that are due where a line is the first of its
// interval: before it, so that the order of lines within one is no evidence.
func (l *Ledger) enter(received time.Time) {
	if l.options.PointsEvery == 0 {
		return
	}
	if at := received.Truncate(l.options.PointsEvery); at.After(l.interval) {
		l.interval = at
		l.turn(received)
		l.evaluatePoints()
	}
}

// evaluatePoints takes a point for each signal that is due one.
func (l *Ledger) evaluatePoints() {
	for i := range l.points {
		l.points[i].evaluate(l.lines)
	}
}

// replay takes the planned points of a line.
func (p *restartPoints) replay(lines int64) {
	for len(p.planned) > 0 && p.planned[0] <= lines {
		p.take(lines)
		p.planned = p.planned[1:]
	}
}

// Restart takes a restart point for every signal: at the start of each
// milestone after the first.
func (l *Ledger) Restart() {
	for i := range l.points {
		l.points[i].take(l.lines)
	}
}

// Marks returns the restart points taken so far, by signal, as the number of
// lines added before each. Store them to make the ledger again.
func (l *Ledger) Marks() map[string][]int64 {
	marks := make(map[string][]int64, len(l.points))
	for i := range l.points {
		marks[l.policy.Signals[i].Name] = slices.Clone(l.points[i].marks)
	}
	return marks
}
