package demo

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/lockflight/lockflight/examples/supportapp/support"
	"github.com/lockflight/lockflight/sdk/eval"
)

// exporter sends OTLP over HTTP, as any OpenTelemetry SDK does.
type exporter struct {
	url, token string
	client     *http.Client
}

func (e *exporter) post(ctx context.Context, path string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Authorization", "Bearer "+e.token)
	resp, err := e.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("POST %s: %s: %s", path, resp.Status, text)
	}
	return err
}

// telemetry is one batch of traces and logs.
type telemetry struct {
	traces ptrace.Traces
	logs   plog.Logs
	n      int
}

// add puts one outcome into the batch: the latency as the root span of the
// conversation, any other as an evaluator's result, joined by trace and unit.
func (t *telemetry) add(a agent, unit, arm string, o support.Outcome) {
	if t.n == 0 {
		t.traces, t.logs = ptrace.NewTraces(), plog.NewLogs()
	}
	t.n++
	build := a.old
	if arm == eval.Treatment {
		build = a.new
	}
	if o.Signal == support.Latency {
		rs := t.traces.ResourceSpans().AppendEmpty()
		resource(rs.Resource(), a, build)
		root(rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty(), a, unit, arm, time.Duration(*o.Value)*time.Millisecond)
		return
	}
	rl := t.logs.ResourceLogs().AppendEmpty()
	resource(rl.Resource(), a, build)
	result(rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty(), a, unit, arm, o)
}

func root(span ptrace.Span, a agent, unit, arm string, took time.Duration) {
	now := time.Now()
	span.SetName("invoke_agent " + a.flag)
	span.SetTraceID(traceID(unit))
	span.SetSpanID(pcommon.SpanID{1})
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(now.Add(-took)))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(now))
	join(span.Attributes(), a, unit, arm)
}

func result(r plog.LogRecord, a agent, unit, arm string, o support.Outcome) {
	r.SetEventName("gen_ai.evaluation.result")
	r.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	r.SetTraceID(traceID(unit))
	r.Attributes().PutStr("gen_ai.evaluation.name", o.Signal)
	label := "fail"
	if *o.Pass {
		label = "pass"
	}
	r.Attributes().PutStr("gen_ai.evaluation.score.label", label)
	join(r.Attributes(), a, unit, arm)
}

func resource(r pcommon.Resource, a agent, build string) {
	r.Attributes().PutStr("service.name", a.flag)
	r.Attributes().PutStr("service.version", build)
	r.Attributes().PutStr("deployment.environment.name", Environment)
}

func join(m pcommon.Map, a agent, unit, arm string) {
	m.PutStr("feature_flag.key", a.flag)
	m.PutStr("feature_flag.context.id", unit)
	m.PutStr("feature_flag.result.variant", arm)
}

func traceID(unit string) pcommon.TraceID {
	var id pcommon.TraceID
	copy(id[:], unit[max(0, len(unit)-8):])
	binary.BigEndian.PutUint64(id[8:], uint64(eval.NormalizedHash("trace", unit, 1<<31, 1))) //nolint:gosec // a positive hash
	return id
}

func (t *telemetry) send(ctx context.Context, e *exporter) error {
	if t.n == 0 {
		return nil
	}
	traces, err := ptraceotlp.NewExportRequestFromTraces(t.traces).MarshalProto()
	if err != nil {
		return err
	}
	logs, err := plogotlp.NewExportRequestFromLogs(t.logs).MarshalProto()
	if err != nil {
		return err
	}
	return errors.Join(e.post(ctx, "/v1/traces", traces), e.post(ctx, "/v1/logs", logs))
}
