package evidence

import (
	"math"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/lockflight/lockflight/internal/gate"
)

// The attributes that are read. feature_flag.* and gen_ai.* are
// OpenTelemetry's semantic conventions (1.44, and semantic-conventions-genai),
// lockflight.* are extensions where those have nothing yet.
const (
	attrEventName    = "event.name"
	attrEnvironment  = "deployment.environment.name"
	attrEnvironment0 = "deployment.environment" // until semantic conventions 1.27
	attrVersion      = "service.version"
	attrBuild        = "lockflight.build.id"

	attrFlag    = "feature_flag.key"
	attrVariant = "feature_flag.result.variant"
	attrReason  = "feature_flag.result.reason"
	attrContext = "feature_flag.context.id"
	attrUnit    = "lockflight.unit"

	attrConversation = "gen_ai.conversation.id"
	attrCase         = "lockflight.case.id"
	attrCaseClass    = "lockflight.case.class"

	attrEvaluation = "gen_ai.evaluation.name"
	attrSignal     = "lockflight.signal"
	attrLabel      = "gen_ai.evaluation.score.label"
	attrScore      = "gen_ai.evaluation.score.value"
	attrError      = "error.type"

	attrSeverity         = "lockflight.safety.severity"
	attrEvidenceRequired = "lockflight.evidence.required"
	attrEvidencePresent  = "lockflight.evidence.present"
	attrContextRequired  = "lockflight.context.required"
	attrContextKept      = "lockflight.context.kept"

	attrEvaluatorID      = "lockflight.evaluator.id"
	attrEvaluatorVersion = "lockflight.evaluator.version"
	attrEvaluatorKind    = "lockflight.evaluator.kind"
)

// subject is one span, span event or log record, with what it inherits.
type subject struct {
	event string // the name of an event; "" for a span and a plain log record
	at    time.Time
	trace pcommon.TraceID
	env   string
	attrs pcommon.Map   // its own
	above []pcommon.Map // its span's, its resource's
}

// text returns the first of keys that the subject has, its own attributes
// before those above it.
func (s subject) text(keys ...string) string {
	if v := textOf(s.attrs, keys...); v != "" {
		return v
	}
	for _, attrs := range s.above {
		if v := textOf(attrs, keys...); v != "" {
			return v
		}
	}
	return ""
}

func textOf(attrs pcommon.Map, keys ...string) string {
	for _, key := range keys {
		v, ok := attrs.Get(key)
		if !ok {
			continue
		}
		switch v.Type() {
		case pcommon.ValueTypeStr:
			if v.Str() != "" {
				return v.Str()
			}
		case pcommon.ValueTypeInt, pcommon.ValueTypeDouble, pcommon.ValueTypeBool:
			return v.AsString()
		default: // lists, maps and bytes identify nothing
		}
	}
	return ""
}

// unit is what decides the arm.
func (s subject) unit() string { return s.text(attrContext, attrUnit) }

// caseID is the conversation or task, "" where none is named.
func (s subject) caseID() string { return s.text(attrCase, attrConversation) }

// build is the build that the subject speaks of: the one named for it, or the
// version of the service that emitted it.
func (s subject) build() string { return s.text(attrBuild, attrVersion) }

// number returns an own attribute as a finite number, and whether it is there.
func (s subject) number(key string) (float64, bool, *refusal) {
	v, ok := s.attrs.Get(key)
	if !ok {
		return 0, false, nil
	}
	f := math.NaN()
	switch v.Type() {
	case pcommon.ValueTypeInt:
		f = float64(v.Int())
	case pcommon.ValueTypeDouble:
		f = v.Double()
	default: // a number in a string is a fault of the emitter that would spread
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, true, &refusal{cause: gate.BadValue, field: key, msg: quote(v.AsString()) + " is not a finite number"}
	}
	return f, true, nil
}

// count returns an own attribute as a count.
func (s subject) count(key string) (float64, bool, *refusal) {
	f, ok, ref := s.number(key)
	if ref == nil && (f < 0 || f != math.Trunc(f)) {
		ref = &refusal{cause: gate.BadValue, field: key, msg: strconv.FormatFloat(f, 'g', -1, 64) + " is not a count: use a whole number from 0"}
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
func timeOf(now time.Time, stamps ...pcommon.Timestamp) time.Time {
	for _, ts := range stamps {
		if ts != 0 {
			return ts.AsTime()
		}
	}
	return now
}
