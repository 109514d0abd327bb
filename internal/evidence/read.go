package evidence

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/lockflight/lockflight/internal/control"
)

// The events that are read: OpenTelemetry semantic conventions 1.44
// (feature-flags-events) and semantic-conventions-genai (gen-ai-events).
const (
	eventFlag       = "feature_flag.evaluation"
	eventEvaluation = "gen_ai.evaluation.result"
)

// The fields that the requests of all services have in common, by their
// messages (opentelemetry/proto/collector): resources, of which each has
// itself and its scopes, of which each has items.
const (
	fieldResources  = 1
	fieldResource   = 1
	fieldScopes     = 2
	fieldItems      = 2
	fieldAttributes = 1 // of a resource
)

// request reads an export request: use is called with each item, while
// t.resource and t.env are those of its resource.
func (t *telemetry) request(data []byte, use func(item []byte) error) error {
	items := func(scope []byte) error {
		t.scopeMessage = scope
		return each(scope, fieldItems, use)
	}
	return each(data, fieldResources, func(of []byte) error {
		t.resource.reset()
		if err := each(of, fieldResource, t.readResource); err != nil {
			return err
		}
		t.env = t.environment()
		return each(of, fieldScopes, items)
	})
}

func (t *telemetry) readResource(message []byte) error {
	t.resourceMessage = message
	return each(message, fieldAttributes, func(kv []byte) error { return t.wire.attribute(kv, &t.resource) })
}

// environment returns the resource's environment, or the only one that the
// sender may write to.
func (t *telemetry) environment() string {
	if env := t.resource.text(attrEnvironment, attrEnvironment0); env != "" {
		return env
	}
	if len(t.environments) == 1 && t.environments[0] != control.All {
		return t.environments[0]
	}
	return ""
}

// record reads a LogRecord.
func (t *telemetry) record(message []byte) error {
	const stamp, attributes, trace, observed, event = 1, 6, 9, 11, 12
	t.current++
	var at, seen uint64
	s := subject{env: t.env, attrs: &t.own}
	s.above[1] = &t.resource
	t.own.reset()
	f := walk(message)
	for f.next() {
		switch {
		case f.fixed(stamp):
			at = f.bits
		case f.fixed(observed):
			seen = f.bits
		case f.message(trace):
			s.trace = traceID(f.bytes)
		case f.message(event):
			s.event = t.wire.text(f.bytes)
		case f.message(attributes):
			f.err = t.wire.attribute(f.bytes, &t.own)
		}
	}
	if f.err != nil {
		return f.err
	}
	if s.event == "" {
		s.event = t.own.text(attrEventName)
	}
	s.at = timeOf(t.now, at, seen)
	t.subject(&s)
	return nil
}

// span reads a Span, its events, and how long it took where it is a root.
func (t *telemetry) span(message []byte) error {
	const trace, id, parent, started, ended, attributes, event, status = 1, 2, 4, 7, 8, 9, 11, 15
	t.current++
	x := extent{root: true}
	s := subject{env: t.env, attrs: &t.spanned}
	s.above[1] = &t.resource
	t.spanned.reset()
	f := walk(message)
	for f.next() {
		switch {
		case f.message(trace):
			s.trace = traceID(f.bytes)
		case f.message(parent):
			x.root = isZero(f.bytes)
		case f.message(id):
			copy(x.id[:], f.bytes)
		case f.fixed(started):
			x.start = f.bits
		case f.fixed(ended):
			x.end = f.bits
		case f.message(attributes):
			f.err = t.wire.attribute(f.bytes, &t.spanned)
		case f.message(status):
			x.erred, f.err = isError(f.bytes)
		}
	}
	if f.err != nil {
		return f.err
	}
	s.at = timeOf(t.now, x.end, x.start)
	x.erred = x.erred || s.attrs.text(attrError) != ""
	t.subject(&s)
	t.genai(&s, x)
	err := each(message, event, func(ev []byte) error { return t.event(ev, &s, x.end) })
	if err == nil && x.root {
		t.ended(s.finding("", ""), x)
	}
	return err
}

// The names of whether a root span ended well, and how long it took. They mean
// the signals whose source is span: root_error and span: root_duration.
const (
	findingRootError    = "lockflight.root_error"
	findingRootDuration = "lockflight.root_duration"
)

// ended finds whether a root span ended well, and how long it took.
func (t *telemetry) ended(f finding, x extent) {
	f.name, f.field = findingRootError, "status"
	f.ambient, f.result = true, passOf(!x.erred)
	t.find(f)
	if x.start != 0 && x.end >= x.start {
		f.name, f.field, f.result = findingRootDuration, "duration", unlabelled
		f.score, f.scored = float64(x.end-x.start)/float64(time.Millisecond), true
		t.find(f)
	}
}

// isError says whether a Status is one.
func isError(status []byte) (erred bool, err error) {
	const code, failed = 3, 2
	f := walk(status)
	for f.next() {
		if f.num == code && f.typ == protowire.VarintType {
			erred = f.bits == failed
		}
	}
	return erred, f.err
}

// event reads an Event of a span that ended at end.
func (t *telemetry) event(message []byte, of *subject, end uint64) error {
	const stamp, name, attributes = 1, 2, 3
	var at uint64
	s := subject{env: t.env, trace: of.trace, attrs: &t.own}
	s.above[0], s.above[1] = of.attrs, &t.resource
	t.own.reset()
	f := walk(message)
	for f.next() {
		switch {
		case f.fixed(stamp):
			at = f.bits
		case f.message(name):
			s.event = t.wire.text(f.bytes)
		case f.message(attributes):
			f.err = t.wire.attribute(f.bytes, &t.own)
		}
	}
	s.at = timeOf(t.now, at, end)
	if f.err == nil {
		t.subject(&s)
	}
	return f.err
}

// traceID returns the id that is on the wire, or none where it is not one.
func traceID(b []byte) (id pcommon.TraceID) {
	if len(b) == len(id) {
		copy(id[:], b)
	}
	return id
}

func isZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// subject reads one subject: an exposure, an evaluation, extensions, or
// nothing of ours.
func (t *telemetry) subject(s *subject) {
	if s.event == eventFlag || s.event == "" && s.attrs.text(attrReason) != "" {
		t.exposure(s)
	}
	if s.event == eventEvaluation {
		if f, ref := s.evaluation(); ref != nil {
			t.fail(ref)
		} else {
			t.find(f)
		}
	}
	if ref := s.extensions(t.find); ref != nil {
		t.fail(ref)
	}
	if ref := s.judgements(t.find); ref != nil {
		t.fail(ref)
	}
}
