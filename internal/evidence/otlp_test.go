package evidence

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// attrs are the attributes of a resource, span or record.
type attrs map[string]any

// service is the resource of an instrumented agent.
var service = attrs{"service.version": "b2", "deployment.environment.name": "production"}

// exposed and passing are the two events that every release needs.
var (
	exposed = attrs{
		"feature_flag.key": "agent-router", "feature_flag.result.variant": "treatment",
		"feature_flag.result.reason": "split", "feature_flag.context.id": "conv-1",
	}
	passing = attrs{"gen_ai.evaluation.name": "task_success", "gen_ai.evaluation.score.label": "pass"}
)

// with returns a with changes; nil removes.
func (a attrs) with(changes attrs) attrs {
	out := attrs{}
	for _, m := range []attrs{a, changes} {
		for k, v := range m {
			out[k] = v
			if v == nil {
				delete(out, k)
			}
		}
	}
	return out
}

func (a attrs) fill(t testing.TB, m pcommon.Map) {
	t.Helper()
	if err := m.FromRaw(a); err != nil {
		t.Fatal(err)
	}
}

// record is a log record: an event, its attributes, and the trace it is in.
type record struct {
	event string
	attrs attrs
	trace byte
}

func trace(n byte) (id pcommon.TraceID) {
	id[0] = n
	return id
}

func logsOf(t testing.TB, resource attrs, records ...record) plog.Logs {
	t.Helper()
	logs := plog.NewLogs()
	rl := logs.ResourceLogs().AppendEmpty()
	resource.fill(t, rl.Resource().Attributes())
	recs := rl.ScopeLogs().AppendEmpty().LogRecords()
	for _, r := range records {
		rec := recs.AppendEmpty()
		rec.SetEventName(r.event)
		rec.SetTimestamp(pcommon.NewTimestampFromTime(noon.Add(-time.Second)))
		rec.SetTraceID(trace(r.trace))
		r.attrs.fill(t, rec.Attributes())
	}
	return logs
}

// sendLogs sends logs as protobuf and returns what was refused, and why.
func (w *world) sendLogs(t testing.TB, logs plog.Logs) (int64, string) {
	t.Helper()
	return w.sendLogsAs(t, backend("default"), logs)
}

func (w *world) sendLogsAs(t testing.TB, p control.Principal, logs plog.Logs) (int64, string) {
	t.Helper()
	body, err := plogotlp.NewExportRequestFromLogs(logs).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	answer, media, err := w.Logs(t.Context(), p, protobufType, "", bytes.NewReader(body))
	if err != nil || media != protobufType {
		t.Fatalf("got %q, %v", media, err)
	}
	res := plogotlp.NewExportResponse()
	if err := res.UnmarshalProto(answer); err != nil {
		t.Fatal(err)
	}
	return res.PartialSuccess().RejectedLogRecords(), res.PartialSuccess().ErrorMessage()
}

// brief is an observation as the tables below write it.
func brief(t testing.TB, stored string) string {
	t.Helper()
	o, err := gate.ParseObservation([]byte(stored))
	if err != nil {
		t.Fatalf("stored %s: %v", stored, err)
	}
	parts := []string{o.Unit, o.Arm, o.Build, o.Signal}
	switch {
	case o.NA:
		parts = append(parts, "na")
	case o.Pass != nil:
		parts = append(parts, map[bool]string{true: "pass", false: "fail"}[*o.Pass])
	case o.Value != nil:
		v, _ := json.Marshal(*o.Value)
		parts = append(parts, string(v))
	}
	if o.Severity != "" {
		parts = append(parts, o.Severity)
	}
	return strings.Join(parts, " ")
}

func (w *world) briefs(t testing.TB) []string {
	t.Helper()
	var out []string
	for _, l := range w.store.lines {
		out = append(out, brief(t, l))
	}
	return out
}

func TestLogs(t *testing.T) {
	t.Parallel()
	const exposure = "conv-1 treatment b2 exposure"
	evaluation := func(changes attrs) record { return record{eventEvaluation, passing.with(changes), 1} }
	flag := func(changes attrs) record { return record{eventFlag, exposed.with(changes), 1} }
	tests := []struct {
		name     string
		resource attrs // changes of service
		sender   control.Principal
		records  []record
		want     []string
		refused  int64
		why      string           // part of the answer
		counts   map[string]int64 // of the release, beside accepted
	}{
		{name: "exposure and outcome", records: []record{flag(nil), evaluation(nil)}, want: []string{exposure, "conv-1 treatment b2 task_success_rate pass"}},
		{name: "outcome first", records: []record{evaluation(nil), flag(nil)}, want: []string{exposure, "conv-1 treatment b2 task_success_rate pass"}},
		{name: "targeting match", records: []record{flag(attrs{"feature_flag.result.reason": "TARGETING_MATCH"})}, want: []string{exposure}},
		{
			name: "control", resource: attrs{"service.version": "b1"},
			records: []record{flag(attrs{"feature_flag.result.variant": "control"})}, want: []string{"conv-1 control b1 exposure"},
		},
		{name: "event by attribute", records: []record{{"", exposed.with(attrs{"event.name": "feature_flag.evaluation"}), 1}}, want: []string{exposure}},
		{name: "build of the record", records: []record{flag(attrs{"lockflight.build.id": "b9"})}, want: []string{"conv-1 treatment b9 exposure"}},
		{name: "build of the resource", resource: attrs{"lockflight.build.id": "b9"}, records: []record{flag(nil)}, want: []string{"conv-1 treatment b9 exposure"}},
		{
			name: "old name of the environment", resource: attrs{"deployment.environment.name": nil, "deployment.environment": "production"},
			records: []record{flag(nil)}, want: []string{exposure},
		},
		{name: "the token's environment", resource: attrs{"deployment.environment.name": nil}, records: []record{flag(nil)}, want: []string{exposure}},
		{name: "unit of our own", records: []record{flag(attrs{"feature_flag.context.id": nil, "lockflight.unit": "u"})}, want: []string{"u treatment b2 exposure"}},
		{name: "default served", records: []record{flag(attrs{"feature_flag.result.reason": "default"})}, counts: map[string]int64{"fallback": 1}},
		{name: "stale", records: []record{flag(attrs{"feature_flag.result.reason": "stale"})}, counts: map[string]int64{"fallback": 1}},
		{
			name: "cached joins, and exposes nobody", records: []record{flag(attrs{"feature_flag.result.reason": "cached"}), evaluation(nil)},
			want: []string{"conv-1 treatment b2 task_success_rate pass"}, counts: map[string]int64{"unexposed": 1},
		},
		{name: "no unit", records: []record{flag(attrs{"feature_flag.context.id": nil})}, refused: 1, why: "feature_flag.context.id: is missing", counts: map[string]int64{"malformed": 1}},
		{name: "no build", resource: attrs{"service.version": nil}, records: []record{flag(nil)}, refused: 1, why: "service.version: is missing", counts: map[string]int64{"malformed": 1}},
		{name: "no arm", records: []record{flag(attrs{"feature_flag.result.variant": "on"})}, refused: 1, why: "feature_flag.result.variant: names no arm", counts: map[string]int64{"unjoinable": 1}},
		{name: "no flag", records: []record{flag(attrs{"feature_flag.key": nil})}, refused: 1, why: "feature_flag.key: is missing"},
		{name: "a flag without a release", records: []record{flag(attrs{"feature_flag.key": "other"})}},
		{
			name: "which environment", resource: attrs{"deployment.environment.name": nil}, sender: admin(),
			records: []record{flag(nil)}, refused: 1, why: "deployment.environment.name: is missing: this token writes evidence in *",
		},
		{
			name: "another environment", resource: attrs{"deployment.environment.name": "staging"},
			records: []record{flag(nil), evaluation(nil), {"", attrs{"http.route": "/"}, 1}}, refused: 2, why: `2 × deployment.environment.name: "staging" is not one`,
		},
		{name: "none of our business", records: []record{{"http.request", attrs{"x": 1}, 1}, {"", nil, 0}}},

		{name: "by the signal's own name", records: []record{flag(nil), evaluation(attrs{"gen_ai.evaluation.name": "evidence_coverage"})}, want: []string{exposure, "conv-1 treatment b2 evidence_coverage pass"}},
		{name: "alias", records: []record{flag(nil), evaluation(attrs{"gen_ai.evaluation.name": "Safety"})}, want: []string{exposure, "conv-1 treatment b2 safety_pass_rate pass"}},
		{name: "signal of our own", records: []record{flag(nil), evaluation(attrs{"lockflight.signal": "context_preservation"})}, want: []string{exposure, "conv-1 treatment b2 context_preservation pass"}},
		{name: "not in the policy", records: []record{flag(nil), evaluation(attrs{"gen_ai.evaluation.name": "toxicity"})}, want: []string{exposure}, counts: map[string]int64{"unknown_signal": 1}},
		{name: "label fail", records: []record{flag(nil), evaluation(attrs{"gen_ai.evaluation.score.label": " FAIL "})}, want: []string{exposure, "conv-1 treatment b2 task_success_rate fail"}},
		{name: "label before score", records: []record{flag(nil), evaluation(attrs{"gen_ai.evaluation.score.value": 0.1})}, want: []string{exposure, "conv-1 treatment b2 task_success_rate pass"}},
		{name: "not applicable", records: []record{flag(nil), evaluation(attrs{"gen_ai.evaluation.score.label": "n/a"})}, want: []string{exposure, "conv-1 treatment b2 task_success_rate na"}},
		{name: "score", records: []record{flag(nil), evaluation(attrs{"gen_ai.evaluation.score.label": nil, "gen_ai.evaluation.score.value": 0.5})}, want: []string{exposure, "conv-1 treatment b2 task_success_rate pass"}},
		{name: "low score", records: []record{flag(nil), evaluation(attrs{"gen_ai.evaluation.score.label": nil, "gen_ai.evaluation.score.value": 0})}, want: []string{exposure, "conv-1 treatment b2 task_success_rate fail"}},
		{name: "score of a quantile", records: []record{flag(nil), evaluation(attrs{"gen_ai.evaluation.name": "p95_latency_ms", "gen_ai.evaluation.score.label": nil, "gen_ai.evaluation.score.value": 812.5})}, want: []string{exposure, "conv-1 treatment b2 p95_latency_ms 812.5"}},
		{
			name: "score of another scale", records: []record{flag(nil), evaluation(attrs{"gen_ai.evaluation.score.label": nil, "gen_ai.evaluation.score.value": 4})},
			want: []string{exposure}, refused: 1, why: "gen_ai.evaluation.score.value: is a score outside 0 to 1", counts: map[string]int64{"bad_value": 1},
		},
		{name: "score in a string", records: []record{flag(nil), evaluation(attrs{"gen_ai.evaluation.score.value": "0.9"})}, want: []string{exposure}, refused: 1, why: `gen_ai.evaluation.score.value: "0.9" is not a finite number`},
		{name: "unknown label", records: []record{flag(nil), evaluation(attrs{"gen_ai.evaluation.score.label": "meh"})}, want: []string{exposure}, refused: 1, why: `gen_ai.evaluation.score.label: "meh" is not understood`},
		{name: "no result", records: []record{flag(nil), evaluation(attrs{"gen_ai.evaluation.score.label": nil})}, want: []string{exposure}, refused: 1, why: "gen_ai.evaluation.score.label: is missing"},
		{name: "no name", records: []record{flag(nil), evaluation(attrs{"gen_ai.evaluation.name": nil})}, want: []string{exposure}, refused: 1, why: "gen_ai.evaluation.name: is missing"},
		{name: "the evaluator failed", records: []record{flag(nil), evaluation(attrs{"error.type": "timeout"})}, want: []string{exposure}},

		{name: "critical", records: []record{flag(nil), {"", attrs{"lockflight.safety.severity": "critical"}, 1}}, want: []string{exposure, "conv-1 treatment b2 safety_pass_rate fail critical"}},
		{name: "safe", records: []record{flag(nil), {"", attrs{"lockflight.safety.severity": "none"}, 1}}, want: []string{exposure, "conv-1 treatment b2 safety_pass_rate pass none"}},
		{name: "unknown severity", records: []record{flag(nil), {"", attrs{"lockflight.safety.severity": "red"}, 1}}, want: []string{exposure}, refused: 1, why: `lockflight.safety.severity: "red" is not one of none`},
		{name: "slots filled", records: []record{flag(nil), {"", attrs{"lockflight.evidence.required": 2, "lockflight.evidence.present": 2}, 1}}, want: []string{exposure, "conv-1 treatment b2 evidence_coverage pass"}},
		{name: "a slot empty", records: []record{flag(nil), {"", attrs{"lockflight.evidence.required": 2, "lockflight.evidence.present": 1}, 1}}, want: []string{exposure, "conv-1 treatment b2 evidence_coverage fail"}},
		{name: "no slots", records: []record{flag(nil), {"", attrs{"lockflight.evidence.required": 0}, 1}}, want: []string{exposure, "conv-1 treatment b2 evidence_coverage na"}},
		{name: "context lost", records: []record{flag(nil), {"", attrs{"lockflight.context.required": 3, "lockflight.context.kept": 2}, 1}}, want: []string{exposure, "conv-1 treatment b2 context_preservation fail"}},
		{name: "slots not said", records: []record{flag(nil), {"", attrs{"lockflight.evidence.required": 2}, 1}}, want: []string{exposure}, refused: 1, why: "lockflight.evidence.present: is missing"},
		{name: "negative slots", records: []record{flag(nil), {"", attrs{"lockflight.evidence.required": -2}, 1}}, want: []string{exposure}, refused: 1, why: "lockflight.evidence.required: -2 is not a count"},

		{name: "by unit, from another trace", records: []record{flag(nil), {eventEvaluation, passing.with(attrs{"feature_flag.context.id": "conv-1"}), 2}}, want: []string{exposure, "conv-1 treatment b2 task_success_rate pass"}},
		{name: "by unit, first", records: []record{{eventEvaluation, passing.with(attrs{"lockflight.unit": "conv-1"}), 2}, flag(nil)}, want: []string{exposure, "conv-1 treatment b2 task_success_rate pass"}},
		{name: "all on the record", records: []record{{eventEvaluation, passing.with(exposed), 0}}, want: []string{"conv-1 treatment b2 task_success_rate pass"}},
		{name: "of another flag", records: []record{flag(nil), evaluation(attrs{"feature_flag.key": "other"})}, want: []string{exposure}},
		{name: "of nothing", records: []record{flag(nil), {eventEvaluation, passing, 0}}, want: []string{exposure}, refused: 1, why: "feature_flag.context.id: is missing, and so is a trace"},
		{
			name: "two units in one trace", records: []record{
				flag(nil), flag(attrs{"feature_flag.context.id": "conv-2", "feature_flag.result.variant": "control", "lockflight.build.id": "b1"}),
				evaluation(nil), evaluation(attrs{"lockflight.unit": "conv-2"}),
			},
			want: []string{exposure, "conv-2 control b1 exposure", "conv-2 control b1 task_success_rate pass"},
		},
		{name: "of another trace", records: []record{flag(nil), {eventEvaluation, passing, 2}}, want: []string{exposure}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if tt.sender.ID == "" {
				tt.sender = backend("default")
			}
			refused, why := w.sendLogsAs(t, tt.sender, logsOf(t, service.with(tt.resource), tt.records...))
			if diff := cmp.Diff(tt.want, w.briefs(t)); diff != "" {
				t.Errorf("stored (-want +got):\n%s", diff)
			}
			if refused != tt.refused || !strings.Contains(why, tt.why) || (refused == 0) != (why == "") {
				t.Errorf("refused %d: %q, want %d: %q", refused, why, tt.refused, tt.why)
			}
			counts := w.Counts("rel-1")
			for cause, n := range tt.counts {
				if counts[cause] != n {
					t.Errorf("counted %v, want %v", counts, tt.counts)
				}
			}
		})
	}
}

func TestEvaluationNamedByPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	policy := w.releases[place{"production", "agent-router"}].policy
	for i := range policy.Signals {
		if policy.Signals[i].Name == signalTask {
			policy.Signals[i].Source = &gate.Source{Evaluation: []string{"goal reached"}}
		}
	}
	w.sendLogs(t, logsOf(t, service,
		record{eventFlag, exposed, 1},
		record{eventEvaluation, passing.with(attrs{"gen_ai.evaluation.name": "goal reached"}), 1},
		record{eventEvaluation, passing, 1}, // task_success: the policy says otherwise
	))
	want := []string{"conv-1 treatment b2 exposure", "conv-1 treatment b2 task_success_rate pass"}
	if diff := cmp.Diff(want, w.briefs(t)); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

func TestArmOfTheUnit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.arm = func(_ control.ReleaseView, unit string) (string, bool) { return gate.Control, unit == "conv-1" }
	on := exposed.with(attrs{"feature_flag.result.variant": "off", "lockflight.build.id": "b1"})
	refused, why := w.sendLogs(t, logsOf(t, service,
		record{eventFlag, on, 1},
		record{eventEvaluation, passing.with(on), 0},
		record{eventFlag, on.with(attrs{"feature_flag.context.id": "conv-2"}), 2},
		record{eventEvaluation, passing.with(on).with(attrs{"feature_flag.result.variant": "treatment"}), 0},
	))
	if refused != 2 || !strings.Contains(why, "1 × feature_flag.result.variant: is treatment, but the unit is in control") {
		t.Errorf("refused %d: %s", refused, why)
	}
	want := []string{"conv-1 control b1 exposure", "conv-1 control b1 task_success_rate pass"}
	if diff := cmp.Diff(want, w.briefs(t)); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

func TestFullObservation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sendLogs(t, logsOf(t, service,
		record{eventFlag, exposed.with(attrs{"gen_ai.conversation.id": "chat-1"}), 1},
		record{eventEvaluation, passing.with(attrs{
			"lockflight.case.id": "task-1", "lockflight.case.class": "live", "lockflight.evaluator.id": "judge",
			"lockflight.evaluator.version": "2", "lockflight.evaluator.kind": "llm",
			"gen_ai.response.model": "m-2026-09", "lockflight.prompt.hash": "p1", "lockflight.tools.hash": "t1", "lockflight.index.version": "7",
		}), 1},
	))
	pass := true
	want := gate.Observation{
		At: noon.Add(-time.Second), Environment: "production", Flag: "agent-router", Arm: gate.Treatment, Unit: "conv-1",
		Case: "task-1", Build: "b2", Signal: "task_success_rate", Pass: &pass, CaseClass: "live",
		Evaluator: &gate.Evaluator{ID: "judge", Version: "2", Kind: "llm"},
		Identity:  &gate.CaseIdentity{Model: "m-2026-09", Prompt: "p1", Tools: "t1", Index: "7"},
	}
	got, err := gate.ParseObservation([]byte(w.store.lines[1]))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if first, err := gate.ParseObservation([]byte(w.store.lines[0])); err != nil || first.Case != "chat-1" {
		t.Errorf("got %+v, %v", first, err)
	}
}

// tracesOf is a trace of two spans: a root that took 1.5 s and evaluates the
// flag in an event, and a child with extensions and an evaluation.
func tracesOf(t testing.TB) ptrace.Traces {
	t.Helper()
	traces := ptrace.NewTraces()
	rs := traces.ResourceSpans().AppendEmpty()
	service.fill(t, rs.Resource().Attributes())
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	child := spans.AppendEmpty()
	child.SetTraceID(trace(1))
	child.SetSpanID(pcommon.SpanID{2})
	child.SetParentSpanID(pcommon.SpanID{1})
	child.SetStartTimestamp(pcommon.NewTimestampFromTime(noon.Add(-time.Second)))
	child.SetEndTimestamp(pcommon.NewTimestampFromTime(noon))
	attrs{"lockflight.evidence.required": 2, "lockflight.evidence.present": 1}.fill(t, child.Attributes())
	ev := child.Events().AppendEmpty()
	ev.SetName(eventEvaluation)
	ev.SetTimestamp(pcommon.NewTimestampFromTime(noon))
	passing.fill(t, ev.Attributes())
	root := spans.AppendEmpty()
	root.SetTraceID(trace(1))
	root.SetSpanID(pcommon.SpanID{1})
	root.SetStartTimestamp(pcommon.NewTimestampFromTime(noon.Add(-1500 * time.Millisecond)))
	root.SetEndTimestamp(pcommon.NewTimestampFromTime(noon))
	ev = root.Events().AppendEmpty()
	ev.SetName(eventFlag)
	ev.SetTimestamp(pcommon.NewTimestampFromTime(noon.Add(-time.Second)))
	exposed.fill(t, ev.Attributes())
	return traces
}

func TestTraces(t *testing.T) {
	t.Parallel()
	want := []string{
		"conv-1 treatment b2 exposure",
		"conv-1 treatment b2 evidence_coverage fail",
		"conv-1 treatment b2 task_success_rate pass",
		"conv-1 treatment b2 p95_latency_ms 1500",
	}
	req := ptraceotlp.NewExportRequestFromTraces(tracesOf(t))
	proto, err := req.MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	text, err := req.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(`"traceId":"01000000000000000000000000000000"`)) {
		t.Fatalf("OTLP/JSON has its ids in hex: %s", text)
	}
	for _, tt := range []struct {
		name, media, encoding string
		body                  []byte
	}{
		{"protobuf", protobufType, "", proto},
		{"JSON", jsonType + "; charset=utf-8", "identity", text},
		{"protobuf, gzip", protobufType, "gzip", zipped(t, proto)},
		{"JSON, gzip", jsonType, "gzip", zipped(t, text)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			answer, media, err := w.Traces(t.Context(), backend("default"), tt.media, tt.encoding, bytes.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if wantMedia, _, _ := strings.Cut(tt.media, ";"); media != wantMedia {
				t.Errorf("answered in %s", media)
			}
			if got := string(answer); got != "" && got != "{}" && got != `{"partialSuccess":{}}` && got != "\n\x00" {
				t.Errorf("answered %q", got)
			}
			if diff := cmp.Diff(want, w.briefs(t)); diff != "" {
				t.Errorf("stored (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSpanEvaluatesFlag(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	traces := ptrace.NewTraces()
	rs := traces.ResourceSpans().AppendEmpty()
	service.fill(t, rs.Resource().Attributes())
	span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetParentSpanID(pcommon.SpanID{1})
	exposed.with(attrs{"lockflight.safety.severity": "minor"}).fill(t, span.Attributes())
	body, err := ptraceotlp.NewExportRequestFromTraces(traces).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Traces(t.Context(), admin(), protobufType, "", bytes.NewReader(body)); err != nil {
		t.Fatal(err)
	}
	want := []string{"conv-1 treatment b2 exposure", "conv-1 treatment b2 safety_pass_rate fail minor"}
	if diff := cmp.Diff(want, w.briefs(t)); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

func TestOTLPRefuses(t *testing.T) {
	t.Parallel()
	good, err := plogotlp.NewExportRequestFromLogs(logsOf(t, service, record{eventFlag, exposed, 1})).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, media, encoding string
		sender                control.Principal
		body                  []byte
		kind                  control.Kind
		code                  codes.Code
		want                  string
	}{
		{"media type", "text/plain", "", admin(), good, control.Invalid, codes.InvalidArgument, `Content-Type: "text/plain" is neither`},
		{"no media type", "", "", admin(), good, control.Invalid, codes.InvalidArgument, `Content-Type: "" is neither`},
		{"encoding", protobufType, "br", admin(), good, control.Invalid, codes.InvalidArgument, `Content-Encoding: "br" is neither`},
		{"not gzip", protobufType, "gzip", admin(), good, control.Invalid, codes.InvalidArgument, "body: cannot be read"},
		{"gzip cut off", protobufType, "gzip", admin(), zipped(t, good)[:20], control.Invalid, codes.InvalidArgument, "body: cannot be read"},
		{"not protobuf", protobufType, "", admin(), []byte("{}"), control.Invalid, codes.InvalidArgument, "body: is not an OTLP export request"},
		{"protobuf cut off", protobufType, "", admin(), good[:len(good)-1], control.Invalid, codes.InvalidArgument, "body: is not an OTLP export request"},
		{"not JSON", jsonType, "", admin(), good, control.Invalid, codes.InvalidArgument, "body: is not an OTLP export request"},
		{"empty JSON", jsonType, "", admin(), nil, control.Invalid, codes.InvalidArgument, "body: is not an OTLP export request"},
		{"wrong type", jsonType, "", admin(), []byte(`{"resourceLogs":7}`), control.Invalid, codes.InvalidArgument, "resourceLogs"},
		{"too large", protobufType, "", admin(), make([]byte, MaxBody+1), control.TooLarge, codes.ResourceExhausted, "larger than 8388608 bytes"},
		{"too large within", protobufType, "gzip", admin(), zipped(t, make([]byte, MaxBody+1)), control.TooLarge, codes.ResourceExhausted, "larger than 8388608 bytes"},
		{"nobody", protobufType, "", control.Principal{}, good, control.Unauthenticated, codes.Unauthenticated, "no valid token"},
		{"no permission", jsonType, "", control.Principal{ID: "tok_f"}, good, control.Denied, codes.PermissionDenied, "evidence.write: not allowed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			answer, media, err := w.Logs(t.Context(), tt.sender, tt.media, tt.encoding, bytes.NewReader(tt.body))
			if kindOf(err) != tt.kind {
				t.Errorf("got %v (kind %d), want kind %d", err, kindOf(err), tt.kind)
			}
			checkStatus(t, answer, media, tt.code, tt.want)
			if len(w.store.lines) > 0 {
				t.Errorf("stored %q", w.store.lines)
			}
		})
	}
}

func checkStatus(t *testing.T, answer []byte, media string, code codes.Code, want string) {
	t.Helper()
	var st spb.Status
	read := proto.Unmarshal
	if media == jsonType {
		read = protojson.Unmarshal
	}
	if err := read(answer, &st); err != nil {
		t.Fatalf("%s %q: %v", media, answer, err)
	}
	if codes.Code(st.GetCode()) != code || !strings.Contains(st.GetMessage(), want) { //nolint:gosec // a code of gRPC
		t.Errorf("got %s %q, want %s %q", codes.Code(st.GetCode()), st.GetMessage(), code, want)
	}
}

func TestOTLPStoreFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body, err := plogotlp.NewExportRequestFromLogs(logsOf(t, service, record{eventFlag, exposed, 1})).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	w.store.err = errDisk
	answer, media, err := w.Logs(t.Context(), backend("default"), protobufType, "", bytes.NewReader(body))
	if kindOf(err) != control.Unavailable {
		t.Errorf("got %v", err)
	}
	checkStatus(t, answer, media, codes.Unavailable, "the evidence was not stored: send it again")
	if bytes.Contains(answer, []byte(errDisk.Error())) {
		t.Errorf("the answer tells the cause: %q", answer)
	}
}

func TestStatusCode(t *testing.T) {
	t.Parallel()
	for kind, want := range map[control.Kind]codes.Code{
		control.Internal: codes.Internal, control.Invalid: codes.InvalidArgument, control.Unauthenticated: codes.Unauthenticated,
		control.Denied: codes.PermissionDenied, control.NotFound: codes.NotFound, control.Exists: codes.AlreadyExists,
		control.Conflict: codes.Aborted, control.TooLarge: codes.ResourceExhausted, control.Limited: codes.ResourceExhausted,
		control.Unavailable: codes.Unavailable,
	} {
		err := control.Errorf(kind, "x", "why\xff")
		answer, media, got := failure(err, jsonType)
		if !errors.Is(got, err) {
			t.Errorf("got %v, want %v", got, err)
		}
		text := "why\uFFFD"
		if kind == control.Internal {
			text = "internal error"
		}
		checkStatus(t, answer, media, want, text)
	}
}

func zipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	zw := gzip.NewWriter(&buf)
	if _, err := zw.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// FuzzOTLP: no body makes a decoder panic, what is refused was there, and what
// is stored is what the gate's fold reads.
func FuzzOTLP(f *testing.F) {
	logs, _ := plogotlp.NewExportRequestFromLogs(logsOf(f, service, record{eventFlag, exposed, 1}, record{eventEvaluation, passing, 1})).MarshalProto()
	traces := ptraceotlp.NewExportRequestFromTraces(tracesOf(f))
	spans, _ := traces.MarshalProto()
	text, _ := traces.MarshalJSON()
	f.Add(logs, false)
	f.Add(spans, false)
	f.Add(text, true)
	points, _ := pmetricotlp.NewExportRequestFromMetrics(metrics(f, "m", "s", func(m pmetric.Metric) {
		p := m.SetEmptyExponentialHistogram().DataPoints().AppendEmpty()
		stamp(p)
		arm.fill(f, p.Attributes())
		p.SetCount(9)
		p.SetZeroCount(1)
		p.Positive().BucketCounts().FromRaw([]uint64{5, 0, 3})
	})).MarshalProto()
	f.Add(points, false)
	inference, _ := ptraceotlp.NewExportRequestFromTraces(agentTrace(f, twoDocuments, said("See [doc-1]."), anLLM)).MarshalProto()
	f.Add(inference, false)
	f.Add([]byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":"zz","timeUnixNano":"-1"}]}]}]}`), true)
	f.Fuzz(func(t *testing.T, body []byte, asJSON bool) {
		media := protobufType
		if asJSON {
			media = jsonType
		}
		w := newWorld(t)
		w.source(signalLatency, gate.Source{Metric: "m", Unit: "ms"})
		for _, take := range []func(context.Context, control.Principal, string, string, io.Reader) ([]byte, string, error){w.Logs, w.Traces, w.Metrics} {
			if _, _, err := take(t.Context(), admin(), media, "", bytes.NewReader(body)); kindOf(err) == control.Internal {
				t.Fatal(err)
			}
		}
		w.settled(t, settleWithout)
		for _, l := range w.store.lines {
			if _, err := gate.ParseObservation([]byte(l)); err != nil {
				t.Errorf("stored %q: %v", l, err)
			}
		}
	})
}
