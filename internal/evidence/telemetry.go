package evidence

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// telemetry is a batch that is read from OTLP. Telemetry is sent to whom it
// may concern: what is no business of a running release is counted and not
// complained of, what is meant as evidence and wrong is refused.
type telemetry struct {
	*batch
	current int // number of the span, log record or data point being read

	*scratch
	env                           string // of the resource being read
	resourceMessage, scopeMessage []byte // those being read

	refused map[int]struct{} // items of which any part was refused
	reasons map[string]int   // how often each was the reason
}

// scratch is the memory that reading a request takes, and the next one takes
// again.
type scratch struct {
	body     bytes.Buffer
	wire     wire
	resource attributes // those of the resource being read
	spanned  attributes // those of the span being read
	own      attributes // those of the event or log record being read

	exposed  []joinKey
	assigned []assigned
	later    []later
	keys     []joinKey
	found    []assignment
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// maxScratch is the most findings, and maxKept the most bytes, of which the
// memory is kept for the next request.
const (
	maxScratch = 1 << 14
	maxKept    = 1 << 20
)

// putBack gives the memory back. Nothing of the request may be used after it.
func (s *scratch) putBack() {
	if cap(s.later) > maxScratch || s.body.Cap() > maxKept {
		return
	}
	clear(s.exposed)
	clear(s.assigned)
	clear(s.later)
	clear(s.keys)
	clear(s.found)
	*s = scratch{
		body: s.body, resource: s.resource, spanned: s.spanned, own: s.own,
		exposed: s.exposed[:0], assigned: s.assigned[:0], later: s.later[:0], keys: s.keys[:0], found: s.found[:0],
	}
	s.body.Reset()
	scratches.Put(s)
}

// assigned is an exposure, and which of the exposed keys are its own.
type assigned struct {
	assignment
	from, to int
}

// later is a finding and its item. Findings wait until the whole request is
// read, so that they meet every exposure in it.
type later struct {
	finding finding
	item    int
}

func (in *Ingest) newTelemetry(ctx context.Context, p control.Principal, s *scratch) (*telemetry, error) {
	b, err := in.newBatch(ctx, p)
	return &telemetry{batch: b, scratch: s, refused: map[int]struct{}{}, reasons: map[string]int{}}, err
}

// find takes note of a finding.
func (t *telemetry) find(f finding) {
	t.later = append(t.later, later{f, t.current})
}

// join remembers the exposures of this request, and takes the outcomes that were waiting for an exposure of this request,
// then those of the request itself.
func (t *telemetry) join() {
	for _, e := range t.assigned {
		t.in.join.assign(t.now, e.assignment, t.exposed[e.from:e.to]...)
	}
	for _, m := range t.in.join.free(t.exposed...) {
		t.freed = append(t.freed, m.waiting)
		t.settle(m)
	}
	for i := range t.later {
		t.current = t.later[i].item
		f := &t.later[i].finding
		if f.name == findingRootError {
			t.in.join.root(t.now, joinKey{environment: f.env, trace: f.trace})
		}
		t.outcome(f)
	}
}

// attributeOf names the fields of an observation as senders of telemetry know
// them.
var attributeOf = map[string]string{
	"environment": attrEnvironment.String(), "flag": attrFlag.String(), "unit": attrContext.String(), "arm": attrVariant.String(),
	"build": attrVersion.String(), "case": attrCase.String(), "signal": attrEvaluation.String(), "at": "timestamp",
}

// quiet are the causes of which senders of telemetry are not told.
var quiet = []gate.Cause{gate.Foreign, gate.UnknownSignal, Fallback, Unexposed, EvaluationError}

// fail counts a refusal of the item being read.
func (t *telemetry) fail(ref *refusal) {
	t.note(ref)
	if slices.Contains(quiet, ref.cause) {
		return
	}
	said := *ref
	said.field = cmp.Or(attributeOf[ref.field], ref.field)
	t.refused[t.current] = struct{}{}
	t.reasons[said.Error()]++
}

// partial returns how many items were refused, and why, most frequent first:
// what OTLP calls a partial success. It is 0 and "" where all were used.
func (t *telemetry) partial() (refused int64, why string) {
	const most = 8
	if len(t.refused) == 0 {
		return 0, ""
	}
	reasons := slices.SortedFunc(maps.Keys(t.reasons), func(a, b string) int {
		return cmp.Or(t.reasons[b]-t.reasons[a], strings.Compare(a, b))
	})
	var s strings.Builder
	s.WriteString(strconv.Itoa(len(t.refused)) + " not used")
	for i, reason := range reasons[:min(len(reasons), most)] {
		s.WriteString([]string{": ", "; "}[min(i, 1)])
		s.WriteString(strconv.Itoa(t.reasons[reason]) + " × " + reason)
	}
	return int64(len(t.refused)), s.String()
}
