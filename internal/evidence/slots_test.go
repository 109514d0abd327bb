package evidence

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/lockflight/lockflight/internal/gate"
)

// said is gen_ai.output.messages, as JSON, which is how SDKs without lists of
// maps record it.
func said(text string) string {
	return `[{"role":"assistant","parts":[{"type":"text","content":"` + text + `"}],"finish_reason":"stop"}]`
}

// agentTrace is a stock GenAI trace: an agent that retrieves two documents, or
// what documents says, asks a tool, and answers.
func agentTrace(t testing.TB, documents any, answer string, changes attrs) ptrace.Traces {
	t.Helper()
	all := ptrace.NewTraces()
	rs := all.ResourceSpans().AppendEmpty()
	service.fill(t, rs.Resource().Attributes())
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	add := func(id byte, a attrs) ptrace.Span {
		span := spans.AppendEmpty()
		span.SetTraceID(trace(1))
		span.SetSpanID(pcommon.SpanID{id})
		if id > 1 {
			span.SetParentSpanID(pcommon.SpanID{1})
		}
		span.SetStartTimestamp(pcommon.NewTimestampFromTime(noon.Add(-time.Second)))
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(noon.Add(-time.Duration(id) * time.Millisecond)))
		a.fill(t, span.Attributes())
		return span
	}
	add(4, attrs{"gen_ai.operation.name": "retrieval"}.with(attrs{"gen_ai.retrieval.documents": documents}))
	add(3, attrs{"gen_ai.operation.name": "execute_tool", "gen_ai.tool.call.id": "call_7"})
	add(2, attrs{"gen_ai.operation.name": "chat", "gen_ai.output.messages": said("one moment")})
	root := add(1, attrs{"gen_ai.operation.name": "invoke_agent", "gen_ai.conversation.id": "conv-1"}.with(changes))
	if answer != "" {
		root.Attributes().PutStr("gen_ai.output.messages", answer)
	}
	ev := root.Events().AppendEmpty()
	ev.SetName(eventFlag)
	ev.SetTimestamp(pcommon.NewTimestampFromTime(noon.Add(-time.Second)))
	exposed.fill(t, ev.Attributes())
	return all
}

// Evidence coverage is derived from traces that know nothing of Lockflight.
func TestEvidenceSlots(t *testing.T) {
	t.Parallel()
	both := []any{map[string]any{"id": "doc-1", "score": 0.9}, map[string]any{"id": "doc-2"}}
	for name, c := range map[string]struct {
		documents any
		answer    string
		changes   attrs
		want      string
	}{
		"citations that were retrieved":   {both, said("Refunds take 5 days [doc-1], see [doc-2]."), nil, "pass"},
		"a tool's answer is cited":        {both, said("It is 7 degrees [call_7]."), nil, "pass"},
		"a citation that points nowhere":  {both, said("Refunds take 5 days [doc-9]."), nil, "fail"},
		"one of two points nowhere":       {both, said("See [doc-1] and [doc-3]."), nil, "fail"},
		"citations stripped":              {both, said("Refunds take 5 days."), nil, "fail"},
		"documents as JSON":               {`[{"id":"doc-1"}]`, said("See [doc-1]."), nil, "pass"},
		"a link":                          {`[{"id":"https://a.example/faq"}]`, said("See [the FAQ](https://a.example/faq)."), nil, "pass"},
		"nothing retrieved":               {[]any{}, said("See [doc-1]."), nil, "fail"},
		"refs beside the text":            {both, "", attrs{"lockflight.evidence.refs": []any{"doc-2"}}, "pass"},
		"refs that point nowhere":         {both, "", attrs{"lockflight.evidence.refs": []any{"doc-8"}}, "fail"},
		"messages that cannot be read":    {both, "no JSON", nil, "fail"},
		"the documents were not recorded": {nil, said("See [doc-1]."), nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.source(signalCovered, gate.Source{EvidenceSlots: map[string]any{}})
			if got := w.outcomes(t, agentTrace(t, c.documents, c.answer, c.changes), signalCovered); got != c.want {
				t.Errorf("got %q, want %q; stored %q", got, c.want, w.store.lines)
			}
		})
	}
}

// Whether a root span ended well is an outcome where the policy says so.
func TestRootError(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		changes attrs
		status  ptrace.StatusCode
		want    string
	}{
		"well":              {nil, ptrace.StatusCodeUnset, "pass"},
		"an error's type":   {attrs{"error.type": "timeout"}, ptrace.StatusCodeUnset, "fail"},
		"the span's status": {nil, ptrace.StatusCodeError, "fail"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.source(signalTask, gate.Source{Span: "root_error"})
			all := agentTrace(t, nil, "", c.changes)
			spans := all.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
			spans.At(spans.Len() - 1).Status().SetCode(c.status)
			if got := w.outcomes(t, all, signalTask); got != c.want {
				t.Errorf("got %q, want %q; stored %q", got, c.want, w.store.lines)
			}
		})
	}
}

// source makes the release's policy take a signal from s.
func (w *world) source(signal string, s gate.Source) {
	policy := gate.DefaultPolicy()
	for i := range policy.Signals {
		if policy.Signals[i].Name == signal {
			policy.Signals[i].Source = &s
		}
	}
	w.start("rel-1", "default", "production", "agent-router", &policy)
}

// outcomes sends traces, and returns the outcomes of a signal that are stored
// when they have settled.
func (w *world) outcomes(t *testing.T, all ptrace.Traces, signal string) string {
	t.Helper()
	w.sendTraces(t, all)
	w.settled(t, settleAfterRoot)
	return w.stored(t, signal)
}

func (w *world) sendTraces(t *testing.T, all ptrace.Traces) {
	t.Helper()
	body, err := ptraceotlp.NewExportRequestFromTraces(all).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Traces(t.Context(), backend("default"), protobufType, "", bytes.NewReader(body)); err != nil {
		t.Fatal(err)
	}
}

// settled lets so much time go by, and Run do what it does then.
func (w *world) settled(t testing.TB, after time.Duration) {
	t.Helper()
	w.now = w.now.Add(after)
	w.settle(t.Context())
}

// stored returns the outcomes of a signal that are stored.
func (w *world) stored(t *testing.T, signal string) string {
	t.Helper()
	var got []string
	for _, line := range w.store.lines {
		o, err := gate.ParseObservation([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case o.Signal != signal:
		case o.Pass != nil:
			got = append(got, map[bool]string{true: "pass", false: "fail"}[*o.Pass])
		case o.Value != nil:
			got = append(got, strconv.FormatFloat(*o.Value, 'g', -1, 64))
		}
	}
	return strings.Join(got, " ")
}
