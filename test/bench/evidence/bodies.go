package main

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/lockflight/lockflight/internal/gate"
)

// perBody is how many observations or events one request carries, and bodies
// how many different ones a case walks through.
const (
	perBody = 1000
	bodies  = 32
)

// spanEvents is how many events a span has: an exposure, and as many
// evaluations as make up the rest.
const spanEvents = 4

var evaluations = []string{"task_success", "evidence_coverage", "context_preservation"}

func unit(body, i int) string { return "conversation-" + strconv.Itoa(body*perBody+i) }

// ring makes the bodies of a case.
func ring(one func(w *world, body int) ([]byte, error)) ([][]byte, error) {
	w := newWorld()
	var all [][]byte
	for i := range bodies {
		data, err := one(w, i)
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

// lines are native observations: every second one an exposure, and after it an
// outcome of its unit.
func lines(w *world, body int) ([]byte, error) {
	var text bytes.Buffer
	pass := true
	for i := range perBody {
		o := gate.Observation{
			At: time.Now().UTC(), Environment: environment, Flag: flagName, Unit: unit(body, i/2), Build: build, Signal: "exposure",
		}
		o.Arm, _ = w.view.Arm(o.Unit)
		if i%2 == 1 {
			o.Signal, o.Pass = "evidence_coverage", &pass
		}
		text.Write(append(o.AppendTo(nil), '\n'))
	}
	return text.Bytes(), nil
}

// resource fills in what emitters say of themselves.
func resource(m pcommon.Map) {
	m.PutStr("service.name", "support-agent")
	m.PutStr("service.version", build)
	m.PutStr("deployment.environment.name", environment)
	m.PutStr("telemetry.sdk.language", "go")
}

func exposure(w *world, m pcommon.Map, unit string) {
	arm, _ := w.view.Arm(unit)
	m.PutStr("feature_flag.key", flagName)
	m.PutStr("feature_flag.provider.name", "lockflight")
	m.PutStr("feature_flag.result.variant", arm)
	m.PutStr("feature_flag.result.reason", "split")
	m.PutStr("feature_flag.context.id", unit)
}

func evaluation(m pcommon.Map, name string) {
	m.PutStr("gen_ai.evaluation.name", name)
	m.PutStr("gen_ai.evaluation.score.label", "pass")
	m.PutDouble("gen_ai.evaluation.score.value", 0.93)
	m.PutStr("gen_ai.response.id", "chatcmpl-123")
}

func traceID(body, i int) (id pcommon.TraceID) {
	binary.BigEndian.PutUint64(id[:], uint64(body+1))
	binary.BigEndian.PutUint64(id[8:], uint64(i+1))
	return id
}

// spans are root spans of agents, each with an exposure and its evaluations as
// events.
func spans(w *world, body int) ([]byte, error) {
	all := ptrace.NewTraces()
	rs := all.ResourceSpans().AppendEmpty()
	resource(rs.Resource().Attributes())
	scope := rs.ScopeSpans().AppendEmpty().Spans()
	now := time.Now()
	for i := range perBody / spanEvents {
		span := scope.AppendEmpty()
		span.SetName("invoke_agent router")
		span.SetTraceID(traceID(body, i))
		span.SetSpanID(pcommon.SpanID{1, byte(i)})
		span.SetStartTimestamp(pcommon.NewTimestampFromTime(now.Add(-time.Second)))
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(now))
		a := span.Attributes()
		a.PutStr("gen_ai.operation.name", "invoke_agent")
		a.PutStr("gen_ai.provider.name", "openai")
		a.PutStr("gen_ai.agent.name", "router")
		a.PutStr("gen_ai.request.model", "gpt-5")
		a.PutStr("gen_ai.conversation.id", unit(body, i))
		a.PutInt("gen_ai.usage.input_tokens", 1200)
		a.PutInt("gen_ai.usage.output_tokens", 180)
		for e := range spanEvents {
			event := span.Events().AppendEmpty()
			event.SetTimestamp(pcommon.NewTimestampFromTime(now))
			if e == 0 {
				event.SetName("feature_flag.evaluation")
				exposure(w, event.Attributes(), unit(body, i))
				continue
			}
			event.SetName("gen_ai.evaluation.result")
			evaluation(event.Attributes(), evaluations[e-1])
		}
	}
	return ptraceotlp.NewExportRequestFromTraces(all).MarshalProto()
}

// records are log records: every second one an exposure, and after it an
// evaluation in the same trace.
func records(w *world, body int) ([]byte, error) {
	all := plog.NewLogs()
	rl := all.ResourceLogs().AppendEmpty()
	resource(rl.Resource().Attributes())
	scope := rl.ScopeLogs().AppendEmpty().LogRecords()
	now := time.Now()
	for i := range perBody {
		rec := scope.AppendEmpty()
		rec.SetTimestamp(pcommon.NewTimestampFromTime(now))
		rec.SetTraceID(traceID(body, i/2))
		if i%2 == 0 {
			rec.SetEventName("feature_flag.evaluation")
			exposure(w, rec.Attributes(), unit(body, i/2))
			continue
		}
		rec.SetEventName("gen_ai.evaluation.result")
		evaluation(rec.Attributes(), evaluations[0])
	}
	return plogotlp.NewExportRequestFromLogs(all).MarshalProto()
}
