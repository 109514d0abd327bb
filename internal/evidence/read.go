package evidence

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/lockflight/lockflight/internal/control"
)

// The events that are read: OpenTelemetry semantic conventions 1.44
// (feature-flags-events) and semantic-conventions-genai (gen-ai-events).
const (
	eventFlag       = "feature_flag.evaluation"
	eventEvaluation = "gen_ai.evaluation.result"
)

// logs reads every log record.
func (t *telemetry) logs(logs plog.Logs) {
	for _, rl := range logs.ResourceLogs().All() {
		res := rl.Resource().Attributes()
		env, above := t.environment(res), []pcommon.Map{res}
		for _, sl := range rl.ScopeLogs().All() {
			for _, rec := range sl.LogRecords().All() {
				event := rec.EventName()
				if event == "" {
					event = textOf(rec.Attributes(), attrEventName)
				}
				t.current++
				t.subject(subject{
					event: event, at: timeOf(t.now, rec.Timestamp(), rec.ObservedTimestamp()), trace: rec.TraceID(),
					env: env, attrs: rec.Attributes(), above: above,
				})
			}
		}
	}
}

// traces reads every span with its events.
func (t *telemetry) traces(traces ptrace.Traces) {
	for _, rs := range traces.ResourceSpans().All() {
		res := rs.Resource().Attributes()
		env := t.environment(res)
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				t.current++
				t.span(span, res, env)
			}
		}
	}
}

// span reads one span, its events, and how long it took where it is a root.
func (t *telemetry) span(span ptrace.Span, res pcommon.Map, env string) {
	s := subject{
		at: timeOf(t.now, span.EndTimestamp(), span.StartTimestamp()), trace: span.TraceID(),
		env: env, attrs: span.Attributes(), above: []pcommon.Map{res},
	}
	t.subject(s)
	for _, ev := range span.Events().All() {
		t.subject(subject{
			event: ev.Name(), at: timeOf(t.now, ev.Timestamp(), span.EndTimestamp()), trace: span.TraceID(),
			env: env, attrs: ev.Attributes(), above: []pcommon.Map{span.Attributes(), res},
		})
	}
	start, end := span.StartTimestamp(), span.EndTimestamp()
	if span.ParentSpanID().IsEmpty() && start != 0 && end >= start {
		f := s.finding(signalLatency, "duration")
		ms := float64(end-start) / float64(time.Millisecond)
		f.score, f.ambient = &ms, true
		t.find(s, f)
	}
}

// subject reads one subject: an exposure, an evaluation, extensions, or
// nothing of ours.
func (t *telemetry) subject(s subject) {
	if s.event == eventFlag || s.event == "" && textOf(s.attrs, attrReason) != "" {
		t.exposure(s)
	}
	if s.event == eventEvaluation {
		if f, ref := s.evaluation(); ref != nil {
			t.fail(ref)
		} else {
			t.find(s, f)
		}
	}
	found, ref := s.extensions()
	if ref != nil {
		t.fail(ref)
	}
	for _, f := range found {
		t.find(s, f)
	}
}

// environment returns the resource's environment, or the only one that the
// sender may write to.
func (t *telemetry) environment(res pcommon.Map) string {
	if env := textOf(res, attrEnvironment, attrEnvironment0); env != "" {
		return env
	}
	if len(t.environments) == 1 && t.environments[0] != control.All {
		return t.environments[0]
	}
	return ""
}
