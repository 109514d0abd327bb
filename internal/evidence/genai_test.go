package evidence

import (
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/lockflight/lockflight/internal/gate"
)

// spansOf is a trace of an agent below which are spans of these attributes,
// with an exposure on the agent.
func spansOf(t *testing.T, agent attrs, below ...attrs) ptrace.Traces {
	t.Helper()
	all := ptrace.NewTraces()
	rs := all.ResourceSpans().AppendEmpty()
	service.fill(t, rs.Resource().Attributes())
	for i, a := range append(below, agent) {
		span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		span.SetTraceID(trace(1))
		span.SetSpanID(pcommon.SpanID{byte(i + 1)})
		if i < len(below) {
			span.SetParentSpanID(pcommon.SpanID{byte(len(below) + 1)})
		} else {
			ev := span.Events().AppendEmpty()
			ev.SetName(eventFlag)
			ev.SetTimestamp(pcommon.NewTimestampFromTime(noon.Add(-time.Second)))
			exposed.fill(t, ev.Attributes())
		}
		span.SetStartTimestamp(pcommon.NewTimestampFromTime(noon.Add(-time.Second)))
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(noon))
		a.fill(t, span.Attributes())
	}
	return all
}

// chat is an inference that ended for a reason.
func chat(model string, in, out int, reasons ...any) attrs {
	return attrs{
		"gen_ai.operation.name": "chat", "gen_ai.response.model": model, "gen_ai.response.finish_reasons": reasons,
		"gen_ai.usage.input_tokens": in, "gen_ai.usage.output_tokens": out,
	}
}

var (
	anAgent = attrs{"gen_ai.operation.name": "invoke_agent"}
	anLLM   = attrs{"openinference.span.kind": "LLM", "llm.model_name": "m", "llm.finish_reason": "stop", "llm.token_count.prompt": 100, "llm.token_count.completion": 10}
)

// What the spans of generative systems show of themselves, under the
// conventions of OpenTelemetry and of OpenInference.
func TestGenAI(t *testing.T) {
	t.Parallel()
	length, filter := gate.Source{Span: gate.SpanFinishLength}, gate.Source{Span: gate.SpanContentFilter}
	cached := 0.5
	cost := gate.Source{Usage: gate.UsageCost, Prices: map[string]gate.Price{"m": {Input: 2, Output: 10}, "n": {Input: 4, Output: 20, Cached: &cached}}}
	for name, c := range map[string]struct {
		source gate.Source
		signal string
		agent  attrs
		spans  []attrs
		want   string
	}{
		"none was cut":        {length, signalContext, anAgent, []attrs{chat("m", 1, 1, "stop"), chat("m", 1, 1, "tool_call")}, "pass"},
		"one was cut":         {length, signalContext, anAgent, []attrs{chat("m", 1, 1, "stop"), chat("m", 1, 1, "stop", "length")}, "fail"},
		"none says why":       {length, signalContext, anAgent, []attrs{{"gen_ai.operation.name": "chat"}}, ""},
		"no agent, one root":  {length, signalContext, chat("m", 1, 1, "length"), nil, "fail"},
		"nothing filtered":    {filter, signalSafety, anAgent, []attrs{chat("m", 1, 1, "stop")}, "pass"},
		"filtered":            {filter, signalSafety, anAgent, []attrs{chat("m", 1, 1, "content_filter")}, "fail"},
		"an LLM was cut":      {length, signalContext, attrs{"openinference.span.kind": "AGENT"}, []attrs{anLLM.with(attrs{"llm.finish_reason": "length"})}, "fail"},
		"a guardrail blocked": {filter, signalSafety, attrs{"openinference.span.kind": "AGENT"}, []attrs{{"openinference.span.kind": "GUARDRAIL", "evaluations.0.evaluation.name": "toxicity", "evaluations.0.evaluation.label": "toxic"}}, "fail"},

		"tokens":            {gate.Source{Usage: gate.UsageTokens}, signalLatency, anAgent, []attrs{chat("m", 100, 10), chat("m", 200, 20)}, "330"},
		"input":             {gate.Source{Usage: gate.UsageInput}, signalLatency, anAgent, []attrs{chat("m", 100, 10), chat("n", 200, 20)}, "300"},
		"the agent's sum":   {gate.Source{Usage: gate.UsageTokens}, signalLatency, anAgent.with(attrs{"gen_ai.usage.input_tokens": 500}), []attrs{chat("m", 100, 10)}, "110"},
		"the agent's alone": {gate.Source{Usage: gate.UsageTokens}, signalLatency, anAgent.with(attrs{"gen_ai.usage.input_tokens": 500}), nil, "500"},
		"an LLM's":          {gate.Source{Usage: gate.UsageOutput}, signalLatency, attrs{"openinference.span.kind": "AGENT"}, []attrs{anLLM, anLLM}, "20"},
		"cost":              {cost, signalLatency, anAgent, []attrs{chat("m", 500_000, 100_000), chat("n", 250_000, 0).with(attrs{"gen_ai.usage.cache_read.input_tokens": 200_000})}, "2.3"},
		"no price":          {cost, signalLatency, anAgent, []attrs{chat("m", 1, 1), chat("other", 1, 1)}, ""},
		"not metered":       {cost, signalLatency, anAgent, []attrs{{"gen_ai.operation.name": "chat"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.source(c.signal, c.source)
			all := spansOf(t, c.agent, c.spans...)
			if c.source.Usage != "" {
				w.sendTraces(t, all) // and once more, as after a lost answer: a span is metered once
			}
			if got := w.outcomes(t, all, c.signal); got != c.want {
				t.Errorf("got %q, want %q; stored %q", got, c.want, w.store.lines)
			}
			if name == "no price" && w.Counts("rel-1")[string(gate.BadValue)] != 1 {
				t.Errorf("counts: %v", w.Counts("rel-1"))
			}
		})
	}
}

// OpenInference's traces say the same as OpenTelemetry's.
func TestOpenInference(t *testing.T) {
	t.Parallel()
	agent := attrs{"openinference.span.kind": "AGENT", "session.id": "conv-1", "output.value": "See [doc-1]."}
	retriever := attrs{"openinference.span.kind": "RETRIEVER", "retrieval.documents.0.document.id": "doc-1", "retrieval.documents.0.document.content": "…", "retrieval.documents.1.document.id": 2}
	judged := func(label, score any) attrs {
		return agent.with(attrs{"annotations.0.annotation.name": "task_success", "annotations.0.annotation.label": label, "annotations.0.annotation.score": score, "annotations.0.annotation.annotator_kind": "LLM", "annotations.0.annotation.identifier": "judge-2"})
	}
	slots := gate.Source{EvidenceSlots: map[string]any{}}
	for name, c := range map[string]struct {
		signal string
		source gate.Source
		agent  attrs
		spans  []attrs
		want   string
	}{
		"a citation that was retrieved":  {signalCovered, slots, agent, []attrs{retriever}, "pass"},
		"an id that is a number":         {signalCovered, slots, agent.with(attrs{"output.value": "See [2]."}), []attrs{retriever}, "pass"},
		"a citation that points nowhere": {signalCovered, slots, agent.with(attrs{"output.value": "See [doc-9]."}), []attrs{retriever}, "fail"},
		"a message cites":                {signalCovered, slots, agent.with(attrs{"output.value": nil, "llm.output_messages.0.message.content": "See [doc-9]."}), []attrs{retriever}, "fail"},
		"a part of a message cites":      {signalCovered, slots, agent.with(attrs{"output.value": nil, "llm.output_messages.0.message.contents.0.message_content.text": "See [doc-1]."}), []attrs{retriever}, "pass"},
		"an output in JSON is not read":  {signalCovered, slots, agent.with(attrs{"output.value": `["doc-9"]`}), []attrs{retriever}, "pass"},
		"documents without ids":          {signalCovered, slots, agent, []attrs{{"openinference.span.kind": "RETRIEVER", "retrieval.documents.0.document.content": "…"}}, ""},
		"a tool":                         {signalCovered, slots, agent.with(attrs{"output.value": "See [call_7]."}), []attrs{{"openinference.span.kind": "TOOL", "tool.id": "call_7"}}, "pass"},
		"a tool's output is no answer":   {signalCovered, slots, agent, []attrs{retriever, {"openinference.span.kind": "TOOL", "output.value": "[doc-9]"}}, "pass"},
		"judged good":                    {signalTask, gate.Source{Evaluation: []string{"task_success"}}, judged("correct", nil), nil, "pass"},
		"judged bad, with a score of 1":  {signalTask, gate.Source{Evaluation: []string{"task_success"}}, judged("hallucinated", 1), nil, "fail"},
		"a label of its own":             {signalTask, gate.Source{Evaluation: []string{"task_success"}}, judged("chartreuse", 1), nil, ""},
		"a score alone":                  {signalTask, gate.Source{Evaluation: []string{"task_success"}}, judged(nil, 1.0), nil, ""},
		"a score of a score":             {signalLatency, gate.Source{Evaluation: []string{"task_success"}}, judged("chartreuse", 0.5), nil, "0.5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.source(c.signal, c.source)
			if got := w.outcomes(t, spansOf(t, c.agent, c.spans...), c.signal); got != c.want {
				t.Errorf("got %q, want %q; stored %q", got, c.want, w.store.lines)
			}
			if stored := strings.Join(w.store.lines, ""); name == "judged good" && !strings.Contains(stored, `"evaluator":{"id":"judge-2","kind":"llm"}`) {
				t.Errorf("the evaluator is not kept: %s", stored)
			}
		})
	}
}

// Of a trace that is not known in full, only what the rest cannot change counts.
func TestGenAIInPart(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]string{"stop": "", "length": "fail"} {
		w := newWorld(t)
		w.source(signalContext, gate.Source{Span: gate.SpanFinishLength})
		w.join.since = noon
		if got := w.outcomes(t, spansOf(t, anAgent, chat("m", 1, 1, reason)), signalContext); got != want {
			t.Errorf("%s: got %q, want %q", reason, got, want)
		}
	}
}

// A sender says nothing about the traces of an environment that it may not
// write in.
func TestTracesOfOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := agentTrace(t, twoDocuments, said("See [doc-1]."), nil)
	all.ResourceSpans().At(0).Resource().Attributes().PutStr("deployment.environment.name", "elsewhere")
	w.sendTraces(t, all)
	if len(w.join.entries) != 0 {
		t.Errorf("%d entries are kept", len(w.join.entries))
	}
}
