package evidence

import (
	"math"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/lockflight/lockflight/internal/gate"
)

// subject is one span, span event or log record, with what it inherits. It
// holds while the request is read.
type subject struct {
	event string // the name of an event; "" for a span and a plain log record
	at    time.Time
	trace pcommon.TraceID
	env   string
	attrs *attributes    // its own
	above [2]*attributes // its span's, its resource's; nil where it has none
}

// identity is what says whose case a subject speaks of.
type identity struct {
	trace   pcommon.TraceID
	unit    string // what decides the arm
	kase    string // the conversation or task, "" where none is named
	build   string // the one named for it, or the version of the service that emitted it
	variant string
}

func (s *subject) identity() identity {
	return identity{
		trace: s.trace, unit: s.text(attrContext, attrUnit), kase: s.text(attrCase, attrConversation, attrSession),
		build: s.text(attrBuild, attrVersion), variant: s.text(attrVariant),
	}
}

// appendKeys appends what outcomes of the identity are joined by: its trace
// before its unit.
func (id identity) appendKeys(keys []joinKey, env string) []joinKey {
	if !id.trace.IsEmpty() {
		keys = append(keys, joinKey{environment: env, trace: id.trace})
	}
	if id.unit != "" {
		keys = append(keys, joinKey{environment: env, unit: id.unit})
	}
	return keys
}

// text returns the first of the attributes that the subject has, its own
// before those above it.
func (s *subject) text(as ...attr) string {
	if t := s.attrs.text(as...); t != "" {
		return t
	}
	for _, above := range s.above {
		if above == nil {
			continue
		}
		if t := above.text(as...); t != "" {
			return t
		}
	}
	return ""
}

// number returns an own attribute as a finite number, and whether it is there.
func (s *subject) number(a attr) (float64, bool, *refusal) {
	v := s.attrs.get(a)
	if v == nil {
		return 0, false, nil
	}
	f, ref := v.finite(a.String())
	return f, true, ref
}

// finite returns the value of the attribute called name as a finite number. A
// number in a string is a fault of the emitter that would spread.
func (v *value) finite(name string) (float64, *refusal) {
	if v.kind != kindInt && v.kind != kindDouble || math.IsNaN(v.number) || math.IsInf(v.number, 0) {
		return 0, &refusal{cause: gate.BadValue, field: name, msg: quote(v.identifies()) + " is not a finite number"}
	}
	return v.number, nil
}

// count returns an own attribute as a count.
func (s *subject) count(a attr) (float64, bool, *refusal) {
	f, ok, ref := s.number(a)
	if ref == nil && (f < 0 || f != math.Trunc(f)) {
		ref = &refusal{cause: gate.BadValue, field: a.String(), msg: strconv.FormatFloat(f, 'g', -1, 64) + " is not a count: use a whole number from 0"}
	}
	return f, ok, ref
}

// quote quotes the beginning of an outside string for a message.
func quote(s string) string {
	const most = 64
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strconv.Quote(s)
}

// timeOf returns the first timestamp that is set, and now where none is.
func timeOf(now time.Time, stamps ...uint64) time.Time {
	for _, ts := range stamps {
		if ts != 0 {
			return pcommon.Timestamp(ts).AsTime()
		}
	}
	return now
}
