package evidence

import (
	"container/list"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/lockflight/lockflight/internal/control"
)

// The bounds of what is remembered between requests. Beyond them the entries
// untouched for longest go first, and what waits in them is unjoinable.
const (
	maxJoins       = 1 << 17
	maxWaiting     = 1 << 16
	maxWaitingEach = 64      // outcomes of one trace or unit
	maxAssignments = 16      // flags and units of one trace
	maxShown       = 1 << 19 // ids of documents, citations and spans, of all traces
)

// joinKey is what an outcome and an exposure have in common: a trace or, with
// the zero trace, a unit, each within its environment.
type joinKey struct {
	environment string
	trace       pcommon.TraceID
	unit        string
}

// assignment is an exposure as outcomes need it: the arm that a unit of a
// release is in, and the build that serves it.
type assignment struct {
	release string
	flag    string
	arm     string
	unit    string
	kase    string // of the exposure; an outcome may name its own
	build   string
}

// waiting is an outcome whose exposure has not been seen, who sent it, and
// what it waits under.
type waiting struct {
	finding finding
	from    control.Principal
	key     joinKey
}

// join remembers exposures by trace and by unit, and keeps the outcomes that
// came before theirs, for as long as an outcome may count. It is in memory and
// of this process alone: after a crash those that waited are missing evidence,
// which promotes nothing.
type join struct {
	ttl time.Duration

	mu      sync.Mutex
	entries map[joinKey]*list.Element
	order   list.List // of *joined, the last touched in front
	waiting int
	shown   int // the size of what traces have shown
	traces  int // entries of traces that have shown anything

	settling  [2][]due      // traces whose root has come, and others, each in order of time
	queued    chan struct{} // one is
	forgotten int64         // traces that were to be judged, and had to make room
	since     time.Time     // what traces that began after it have shown is known in full
}

type joined struct {
	key         joinKey
	touched     time.Time
	assignments []assignment
	waiting     []waiting
	shown       *shown        // of a trace; nil where it has shown nothing
	first       [1]assignment // room for the one that most have
}

func newJoin(ttl time.Duration, now time.Time) *join {
	return &join{ttl: ttl, entries: map[joinKey]*list.Element{}, queued: make(chan struct{}, 1), since: now}
}

// assign remembers an exposure under each key. The first one of a release
// stays: a conversation is in the arm of its first turn for ever.
func (j *join) assign(now time.Time, a assignment, keys ...joinKey) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, k := range keys {
		j.touch(now, k).assign(a)
	}
}

// match is an outcome that waited, and the exposures that it speaks of.
type match struct {
	waiting
	to []assignment
}

// free returns the outcomes under the keys that have their exposure now, and
// no longer keeps them.
func (j *join) free(keys ...joinKey) []match {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []match
	for _, k := range keys {
		el := j.entries[k]
		if el == nil {
			continue
		}
		e, before := entry(el), len(entry(el).waiting)
		e.waiting = slices.DeleteFunc(e.waiting, func(w waiting) bool {
			to := e.meant(nil, &w.finding)
			if len(to) > 0 {
				out = append(out, match{w, to})
			}
			return len(to) > 0
		})
		j.waiting -= before - len(e.waiting)
	}
	return out
}

// meant returns the exposures that a finding speaks of: of each flag one. It
// leaves out a flag of which the trace has several units, as in a batch job,
// where the finding does not say whose it is.
func (e *joined) meant(out []assignment, f *finding) []assignment {
	for i, a := range e.assignments {
		if f.flag != "" && f.flag != a.flag || f.unit != "" && f.unit != a.unit {
			continue
		}
		if f.unit == "" && e.others(i) {
			continue
		}
		out = append(out, a)
	}
	return out
}

// others says whether another unit was exposed to the flag of assignment i.
func (e *joined) others(i int) bool {
	for k, a := range e.assignments {
		if k != i && a.flag == e.assignments[i].flag {
			return true
		}
	}
	return false
}

func (e *joined) assign(a assignment) {
	for i, known := range e.assignments {
		if known.flag == a.flag && known.unit == a.unit {
			if known.release != a.release {
				e.assignments[i] = a
			}
			return
		}
	}
	if len(e.assignments) < maxAssignments {
		e.assignments = append(e.assignments, a)
	}
}

// findOrWait returns the exposures that a finding speaks of, under the first of
// keys that has any, in buf where they fit. Where none has, it waits under the
// last, and lost are the outcomes that became unjoinable to make room.
func (j *join) findOrWait(now time.Time, buf []assignment, f *finding, from control.Principal, keys ...joinKey) (found []assignment, lost []waiting) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, k := range keys {
		if el := j.entries[k]; el != nil {
			if found = entry(el).meant(buf[:0], f); len(found) > 0 {
				j.refresh(now, el)
				return found, nil
			}
		}
	}
	return nil, j.keep(now, waiting{finding: *f, from: from, key: keys[len(keys)-1]})
}

// restore keeps again what free has returned, as findOrWait does.
func (j *join) restore(now time.Time, ws ...waiting) (lost []waiting) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.keep(now, ws...)
}

func (j *join) keep(now time.Time, ws ...waiting) (lost []waiting) {
	for _, w := range ws {
		e := j.touch(now, w.key)
		if len(e.waiting) >= maxWaitingEach {
			lost = append(lost, w)
			continue
		}
		e.waiting = append(e.waiting, w)
		j.waiting++
	}
	return append(lost, j.trim(now)...)
}

// expire forgets what is older than the window and returns the outcomes that
// became unjoinable by that.
func (j *join) expire(now time.Time) []waiting {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.trim(now)
}

func (j *join) trim(now time.Time) []waiting {
	var lost []waiting
	for el := j.order.Back(); el != nil; el = j.order.Back() {
		e := entry(el)
		if now.Sub(e.touched) <= j.ttl && len(j.entries) <= maxJoins && j.waiting <= maxWaiting && j.shown <= maxShown {
			break
		}
		j.order.Remove(el)
		delete(j.entries, e.key)
		j.waiting -= len(e.waiting)
		lost = append(lost, e.waiting...)
		if e.shown != nil {
			j.since = e.touched
			j.traces--
			j.shown -= e.shown.size()
			j.forgotten += e.shown.unjudged()
		}
	}
	return lost
}

// touch returns the entry of k, made where there is none, as the newest.
func (j *join) touch(now time.Time, k joinKey) *joined {
	el := j.entries[k]
	if el == nil {
		e := &joined{key: k}
		e.assignments = e.first[:0]
		el = j.order.PushFront(e)
		j.entries[k] = el
	}
	return j.refresh(now, el)
}

// refresh makes an entry the newest.
func (j *join) refresh(now time.Time, el *list.Element) *joined {
	j.order.MoveToFront(el)
	e := entry(el)
	e.touched = now
	return e
}

func entry(el *list.Element) *joined {
	e, _ := el.Value.(*joined) // the list holds nothing else
	return e
}
