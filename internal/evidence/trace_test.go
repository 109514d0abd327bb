package evidence

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"pgregory.net/rapid"

	"github.com/lockflight/lockflight/internal/gate"
)

// twoDocuments are those that answers may cite.
var twoDocuments = []any{map[string]any{"id": "doc-1"}, map[string]any{"id": "doc-2"}}

// below puts an agent's trace below the span of an HTTP server.
func below(all ptrace.Traces) ptrace.Traces {
	spans := all.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	agent := spans.At(spans.Len() - 1)
	agent.SetParentSpanID(pcommon.SpanID{9})
	server := spans.AppendEmpty()
	server.SetTraceID(trace(1))
	server.SetSpanID(pcommon.SpanID{9})
	server.SetStartTimestamp(agent.StartTimestamp() - 1)
	server.SetEndTimestamp(agent.EndTimestamp() + 1)
	return all
}

// requests sends each span of a trace in a request of its own, in an order.
func (w *world) requests(t *testing.T, all ptrace.Traces, order []int) {
	t.Helper()
	for _, i := range order {
		one := ptrace.NewTraces()
		all.CopyTo(one)
		n := -1
		one.ResourceSpans().At(0).ScopeSpans().At(0).Spans().RemoveIf(func(ptrace.Span) bool {
			n++
			return n != i
		})
		w.sendTraces(t, one)
	}
}

// However the spans of a trace come, the outcome is that of all of them.
func TestTraceInAnyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		w.source(signalCovered, gate.Source{EvidenceSlots: map[string]any{}})
		answer, want := said("See [doc-1]."), "pass"
		if rapid.Bool().Draw(rt, "points nowhere") {
			answer, want = said("See [doc-9]."), "fail"
		}
		all := agentTrace(t, twoDocuments, answer, nil)
		if rapid.Bool().Draw(rt, "below a server") {
			all = below(all)
		}
		order := rapid.Permutation([]int{0, 1, 2, 3, 4}[:all.SpanCount()]).Draw(rt, "order")
		w.requests(t, all, order)
		w.settled(t, settleAfterRoot-time.Millisecond)
		if got := w.stored(t, signalCovered); got != "" {
			rt.Fatalf("judged too soon: %q", got)
		}
		w.settled(t, settleWithout)
		if got := w.stored(t, signalCovered); got != want {
			rt.Fatalf("in the order %v: got %q, want %q", order, got, want)
		}
	})
}

// An agent whose root never comes is judged when its trace is quiet; a span
// that comes after that is late, and counted.
func TestTraceWithoutRoot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.source(signalCovered, gate.Source{EvidenceSlots: map[string]any{}})
	all := below(agentTrace(t, twoDocuments, said("See [doc-1]."), nil))
	w.requests(t, all, []int{3})
	w.settled(t, settleWithout-time.Second)
	w.requests(t, all, []int{0}) // the retrieval, of a process that was slow
	w.settled(t, time.Second)
	if got := w.stored(t, signalCovered); got != "" {
		t.Fatalf("judged while it moved: %q", got)
	}
	w.settled(t, settleWithout)
	if got := w.stored(t, signalCovered); got != "pass" {
		t.Errorf("got %q, want pass", got)
	}
	w.requests(t, all, []int{1})
	want := map[string]int64{Accepted: 3, string(gate.Late): 1} // the exposure, the agent's duration, the citation
	if diff := cmp.Diff(want, w.Counts("rel-1")); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// What began before this process, or may have been forgotten, is missing and no
// failure; what is there passes all the same.
func TestTraceOfABeforeLife(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{"See [doc-1].": "pass", "See [doc-9].": ""} {
		w := newWorld(t)
		w.source(signalCovered, gate.Source{EvidenceSlots: map[string]any{}})
		w.join.since = noon
		if got := w.outcomes(t, agentTrace(t, twoDocuments, said(answer), nil), signalCovered); got != want {
			t.Errorf("%s: got %q, want %q", answer, got, want)
		}
		if got := w.Counts("rel-1")[string(Incomplete)]; (got == 1) != (want == "") {
			t.Errorf("%s: %d incomplete", answer, got)
		}
	}
}

// Citations of more documents than are kept are not called unresolved.
func TestTraceOfManyDocuments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.source(signalCovered, gate.Source{EvidenceSlots: map[string]any{}})
	var many []any
	for i := range maxSources + 1 {
		many = append(many, map[string]any{"id": string(rune('a'+i%26)) + time.Duration(i).String()})
	}
	if got := w.outcomes(t, agentTrace(t, many, said("See [doc-9]."), nil), signalCovered); got != "" {
		t.Errorf("got %q, want nothing", got)
	}
}

// Run judges by itself, and goes on when the store does.
func TestRunSettles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Ingest.now = time.Now
		w.join.since = time.Time{}
		w.source(signalCovered, gate.Source{EvidenceSlots: map[string]any{}})
		done := make(chan error, 1)
		go func() { done <- w.Run(t.Context()) }()
		all := agentTrace(t, twoDocuments, said("See [doc-1]."), nil)
		spans := all.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
		for i := range spans.Len() {
			spans.At(i).SetEndTimestamp(pcommon.NewTimestampFromTime(time.Now()))
			spans.At(i).Events().RemoveIf(func(e ptrace.SpanEvent) bool {
				e.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
				return false
			})
		}
		w.sendTraces(t, all)
		w.store.mu.Lock()
		w.store.err = errDisk
		w.store.mu.Unlock()
		time.Sleep(settleAfterRoot + 5*retryAfter)
		w.store.mu.Lock()
		w.store.err = nil
		w.store.mu.Unlock()
		time.Sleep(retryAfter)
		synctest.Wait()
		if got := w.stored(t, signalCovered); got != "pass" {
			t.Errorf("got %q, want pass", got)
		}
	})
}

// What traces have shown is bounded, in all; those that had to make room are
// counted, and no failures.
func TestTracesAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.source(signalCovered, gate.Source{EvidenceSlots: map[string]any{}})
	var many []any
	for i := range maxSources {
		many = append(many, map[string]any{"id": strconv.Itoa(i)})
	}
	const traces = maxShown/maxSources + 10
	for i := range traces {
		all := agentTrace(t, many, said("See [doc-9]."), nil)
		spans := all.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
		for k := range spans.Len() {
			spans.At(k).SetTraceID([16]byte{byte(i), byte(i >> 8), 1})
		}
		w.sendTraces(t, all)
	}
	w.expire(w.now)
	if w.join.shown > maxShown {
		t.Errorf("%d ids are kept, want at most %d", w.join.shown, maxShown)
	}
	w.settled(t, settleAfterRoot)
	incomplete := w.Counts("")[string(Incomplete)]
	if incomplete < 10 || w.join.shown != 0 {
		t.Errorf("%d of %d had to make room; %d ids are left", incomplete, traces, w.join.shown)
	}
}
