package evidence

import (
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// How long a trace is waited for. Spans are exported by the process that ends
// them, a batch at a time (every 5 s in OpenTelemetry's SDKs), so those of one
// trace come in many requests and in any order.
const (
	settleAfterRoot = 10 * time.Second // after the span that has no parent has come
	settleWithout   = 2 * time.Minute  // after its last span, where that one does not come
)

// shown is what a trace has shown so far. It is judged once, when the trace
// has settled: until then a span that is not there yet is no failure.
type shown struct {
	cited
	finishes
	spent
	by     *speaker // nil where none has come
	rooted bool     // the span without a parent has come
	queued bool
	judged bool
}

// speaker is the span that speaks for its trace: whose unit, case and build
// what the trace shows is of.
type speaker struct {
	finding
	extent
	agent bool              // or a workflow; else an inference
	from  control.Principal // who sent it
}

// outer takes by for the trace's speaker where it is: an agent before an
// inference, and of each the one that began first and ended last. So what is
// judged does not depend on the order in which spans come.
func (s *shown) outer(by speaker) {
	s.rooted = s.rooted || by.root
	if s.by == nil || by.outside(s.by) {
		s.by = &by
	}
}

func (s *speaker) outside(o *speaker) bool {
	switch {
	case s.agent != o.agent:
		return s.agent
	case s.start != o.start:
		return s.start < o.start
	}
	return s.end > o.end
}

// shows takes note of what a trace has shown. A trace that
// has been judged already is told nothing: what comes then is late.
func (t *telemetry) shows(key joinKey, notes []func(*shown)) {
	if release, late := t.in.join.shows(t.now, key, notes); late {
		t.count(release, string(gate.Late), 1)
	}
}

// shows is telemetry.shows; release is the first that the trace was exposed to.
func (j *join) shows(now time.Time, key joinKey, notes []func(*shown)) (release string, late bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e := j.touch(now, key)
	if e.shown == nil {
		e.shown = &shown{}
		j.traces++
	}
	if e.shown.judged {
		return e.release(), true
	}
	j.note(now, e, notes...)
	return "", false
}

// root takes note that the span without a parent has come, where the trace has
// shown anything.
func (j *join) root(now time.Time, key joinKey) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.traces == 0 {
		return // a service without agents
	}
	if el := j.entries[key]; el != nil && entry(el).shown != nil {
		j.note(now, entry(el), func(s *shown) { s.rooted = true })
	}
}

// note changes what a trace has shown, and queues it. One whose root has come
// now is no longer in the right queue.
func (j *join) note(now time.Time, e *joined, notes ...func(*shown)) {
	rooted := e.shown.rooted
	j.shown -= e.shown.size()
	for _, note := range notes {
		note(e.shown)
	}
	j.shown += e.shown.size()
	e.shown.queued = e.shown.queued && e.shown.rooted == rooted
	j.queue(now, e)
}

// size is how much is kept of the trace beyond what every trace takes: ids.
func (s *shown) size() int { return len(s.sources) + len(s.citations) + len(s.spans) }

// unjudged is 1 where the trace waits to be judged.
func (s *shown) unjudged() int64 {
	if s.judged || s.by == nil {
		return 0
	}
	return 1
}

func (e *joined) release() string {
	if len(e.assignments) == 0 {
		return ""
	}
	return e.assignments[0].release
}

// due is when a trace is to be looked at.
type due struct {
	key joinKey
	at  time.Time
}

// queue puts a trace that can be judged into the queue of those that wait as
// long: each queue is in order of time by itself.
func (j *join) queue(now time.Time, e *joined) {
	s := e.shown
	if s.queued || s.judged || s.by == nil {
		return
	}
	s.queued = true
	if s.rooted {
		j.settling[0] = append(j.settling[0], due{e.key, now.Add(settleAfterRoot)})
	} else {
		j.settling[1] = append(j.settling[1], due{e.key, now.Add(settleWithout)})
	}
	select {
	case j.queued <- struct{}{}:
	default:
	}
}

// settled is a trace that is to be judged.
type settled struct {
	shown
	known   bool   // nothing of it was forgotten
	release string // the first that it was exposed to
}

// settle returns the traces that have settled, how many that waited were
// forgotten, and when to ask again; zero: when one is queued.
func (j *join) settle(now time.Time) (done []settled, forgotten int64, next time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	forgotten, j.forgotten = j.forgotten, 0
	for i := range j.settling {
		for len(j.settling[i]) > 0 && !j.settling[i][0].at.After(now) {
			key := j.settling[i][0].key
			j.settling[i] = j.settling[i][1:]
			if el := j.entries[key]; el != nil {
				done = j.judge(done, now, entry(el), i == 0)
			}
		}
		if len(j.settling[i]) > 0 && (next.IsZero() || j.settling[i][0].at.Before(next)) {
			next = j.settling[i][0].at
		}
	}
	return done, forgotten, next
}

// judge appends a trace that is due, unless it still moves: one whose root has
// come since is in the other queue, one without a root is waited for until it
// is quiet.
func (j *join) judge(done []settled, now time.Time, e *joined, rooted bool) []settled {
	s := e.shown
	switch {
	case s == nil || s.judged || s.rooted != rooted:
		return done
	case !rooted && now.Sub(e.touched) < settleWithout:
		j.settling[1] = append(j.settling[1], due{e.key, now.Add(settleWithout)})
		return done
	}
	done = append(done, settled{*s, !timeOf(s.by.at, s.by.start).Before(j.since), e.release()})
	j.shown -= s.size()
	*s = shown{judged: true} // all that is still to be known of it
	return done
}
