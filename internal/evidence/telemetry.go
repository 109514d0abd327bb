package evidence

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// telemetry is a batch that is read from OTLP. Telemetry is sent to whom it
// may concern: what is no business of a running release is counted and not
// complained of, what is meant as evidence and wrong is refused.
type telemetry struct {
	*batch
	current int // number of the span, log record or data point being read
	exposed []joinKey
	later   []later

	refused map[int]struct{} // items of which any part was refused
	reasons map[string]int   // how often each was the reason
}

// later is a finding, its subject and its item. Findings wait until the whole
// request is read, so that they meet every exposure in it.
type later struct {
	finding finding
	subject subject
	item    int
}

func (in *Ingest) newTelemetry(ctx context.Context, p control.Principal) (*telemetry, error) {
	b, err := in.newBatch(ctx, p)
	return &telemetry{batch: b, refused: map[int]struct{}{}, reasons: map[string]int{}}, err
}

// find takes note of a finding.
func (t *telemetry) find(s subject, f finding) {
	t.later = append(t.later, later{f, s, t.current})
}

// join takes the outcomes that were waiting for an exposure of this request,
// then those of the request itself.
func (t *telemetry) join() {
	for _, m := range t.in.join.free(t.exposed...) {
		t.freed = append(t.freed, m.waiting)
		t.settle(m)
	}
	for _, l := range t.later {
		t.current = l.item
		t.outcome(l.subject, l.finding)
	}
}

// attributeOf names the fields of an observation as senders of telemetry know
// them.
var attributeOf = map[string]string{
	"environment": attrEnvironment, "flag": attrFlag, "unit": attrContext, "arm": attrVariant,
	"build": attrVersion, "case": attrCase, "signal": attrEvaluation, "at": "timestamp",
}

// noUnit is why metrics are of no use to the gate.
const noUnit = "a metric's data point has no unit that could be in an arm: send spans or events"

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
