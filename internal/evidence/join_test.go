package evidence

import (
	"bytes"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"pgregory.net/rapid"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

var joinedPair = []string{"conv-1 treatment b2 exposure", "conv-1 treatment b2 task_success_rate pass"}

func TestJoinOverRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sendLogs(t, logsOf(t, attrs{}, record{eventEvaluation, passing, 1}))
	if len(w.store.lines) != 0 {
		t.Fatalf("stored %q before the exposure", w.store.lines)
	}
	w.now = w.now.Add(outcomeWindow)
	w.sendLogs(t, logsOf(t, service, record{eventFlag, exposed, 1}))
	if diff := cmp.Diff(joinedPair, w.briefs(t)); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	w.sendLogs(t, logsOf(t, attrs{}, record{eventEvaluation, passing, 1}))
	if diff := cmp.Diff(append(joinedPair[:2:2], joinedPair[1]), w.briefs(t)); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

func TestJoinExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sendLogs(t, logsOf(t, service, record{eventEvaluation, passing, 1}, record{eventEvaluation, passing, 2}))
	w.now = w.now.Add(outcomeWindow)
	if n := w.Counts("")["unjoinable"]; n != 0 {
		t.Errorf("gave up %d within the window", n)
	}
	w.now = w.now.Add(time.Second)
	if n := w.Counts("")["unjoinable"]; n != 2 {
		t.Errorf("gave up %d, want 2", n)
	}
	w.sendLogs(t, logsOf(t, service, record{eventFlag, exposed, 1}))
	if diff := cmp.Diff(joinedPair[:1], w.briefs(t)); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

func TestJoinSurvivesAFailedAppend(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sendLogs(t, logsOf(t, service, record{eventEvaluation, passing, 1}))
	w.store.err = errDisk
	body, err := plogotlp.NewExportRequestFromLogs(logsOf(t, service, record{eventFlag, exposed, 1})).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Logs(t.Context(), backend("default"), protobufType, "", bytes.NewReader(body)); kindOf(err) != control.Unavailable {
		t.Fatalf("got %v", err)
	}
	w.store.err = nil
	w.sendLogs(t, logsOf(t, service, record{eventFlag, exposed, 1}))
	if diff := cmp.Diff(joinedPair, w.briefs(t)); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

// What waits counts for a release only if its own sender may write there.
func TestJoinKeepsToTheSendersProjects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body, err := plogotlp.NewExportRequestFromLogs(logsOf(t, service, record{eventEvaluation, passing, 1})).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Logs(t.Context(), backend("other"), protobufType, "", bytes.NewReader(body)); err != nil {
		t.Fatal(err)
	}
	if refused, why := w.sendLogs(t, logsOf(t, service, record{eventFlag, exposed, 1})); refused != 0 {
		t.Errorf("refused %d: %s", refused, why)
	}
	if diff := cmp.Diff(joinedPair[:1], w.briefs(t)); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	if n := w.Counts("")["denied"]; n != 1 {
		t.Errorf("counted %d denied, want 1", n)
	}
}

// A trace may carry several flags; each has its own release.
func TestJoinTwoFlags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	policy := gate.DefaultPolicy()
	w.start("rel-2", "default", "production", "summary", &policy)
	other := exposed.with(attrs{"feature_flag.key": "summary", "feature_flag.result.variant": "control"})
	w.sendLogs(t, logsOf(t, service,
		record{eventEvaluation, passing, 1}, record{eventFlag, exposed, 1}, record{eventFlag, other, 1}, record{eventEvaluation, passing, 1},
	))
	for _, release := range []string{"rel-1", "rel-2"} {
		if got := w.Counts(release)[Accepted]; got != 3 {
			t.Errorf("%s has %d observations, want 3", release, got)
		}
	}
}

func TestJoinForgetsAReleaseThatEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sendLogs(t, logsOf(t, service, record{eventFlag, exposed, 1}))
	policy := gate.DefaultPolicy()
	w.start("rel-2", "default", "production", "agent-router", &policy)
	w.sendLogs(t, logsOf(t, service, record{eventEvaluation, passing, 1}))
	if n := w.Counts("rel-2")[Accepted]; n != 0 {
		t.Errorf("%d outcomes of the old release count for the new one", n)
	}
	w.sendLogs(t, logsOf(t, service, record{eventFlag, exposed, 1}, record{eventEvaluation, passing, 1}))
	if n := w.Counts("rel-2")[Accepted]; n != 2 {
		t.Errorf("got %d, want 2", n)
	}
}

func TestJoinIsBounded(t *testing.T) {
	t.Parallel()
	j := newJoin(outcomeWindow, noon)
	lost := 0
	for i := range maxWaiting + 100 {
		_, gone := j.findOrWait(noon, nil, &finding{}, control.Principal{}, joinKey{unit: strconv.Itoa(i)})
		lost += len(gone)
	}
	if lost != 100 || j.waiting != maxWaiting || len(j.entries) != maxWaiting || j.order.Len() != maxWaiting {
		t.Errorf("lost %d, waiting %d, entries %d", lost, j.waiting, len(j.entries))
	}
	newest := joinKey{unit: strconv.Itoa(maxWaiting + 99)}
	for range maxWaitingEach {
		_, gone := j.findOrWait(noon, nil, &finding{}, control.Principal{}, newest)
		lost += len(gone)
	}
	j.assign(noon, assignment{}, newest)
	if free := j.free(newest); len(free) != maxWaitingEach {
		t.Errorf("freed %d of one unit, want %d", len(free), maxWaitingEach)
	}
}

// Whatever the order, an outcome is found, freed, lost or still waiting: once.
func TestJoinLosesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		j := newJoin(outcomeWindow, noon)
		now, sent, seen := noon, 0, 0
		for range rapid.IntRange(1, 200).Draw(rt, "steps") {
			k := joinKey{unit: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "unit")}
			flag := rapid.SampledFrom([]string{"", "f", "g"}).Draw(rt, "flag")
			switch rapid.IntRange(0, 3).Draw(rt, "step") {
			case 0:
				j.assign(now, assignment{flag: flag}, k)
				seen += len(j.free(k))
			case 1, 2:
				sent++
				found, lost := j.findOrWait(now, nil, &finding{flag: flag}, control.Principal{}, k)
				seen += len(lost) + min(len(found), 1)
			case 3:
				now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(rt, "minutes")) * time.Minute)
				seen += len(j.expire(now))
			}
			if sent != seen+j.waiting {
				rt.Fatalf("%d sent, %d seen, %d waiting", sent, seen, j.waiting)
			}
		}
		seen += len(j.expire(now.Add(2 * outcomeWindow)))
		if sent != seen || j.waiting != 0 || len(j.entries) != 0 || j.order.Len() != 0 {
			rt.Fatalf("%d sent, %d seen; left: %d waiting, %d entries", sent, seen, j.waiting, len(j.entries))
		}
	})
}

func TestConcurrentSenders(t *testing.T) {
	t.Parallel()
	const units = 50
	w := newWorld(t)
	w.appended = func([]string) {}
	var wg sync.WaitGroup
	for i := range units {
		unit := attrs{"feature_flag.context.id": strconv.Itoa(i)}
		for _, rec := range []record{{eventFlag, exposed.with(unit), byte(i + 1)}, {eventEvaluation, passing, byte(i + 1)}} {
			logs := logsOf(t, service, rec)
			wg.Go(func() {
				if refused, why := w.sendLogs(t, logs); refused != 0 {
					t.Errorf("refused %d: %s", refused, why)
				}
			})
		}
	}
	wg.Wait()
	if n := w.Counts("rel-1")[Accepted]; n != 2*units || len(w.store.lines) != 2*units {
		t.Errorf("accepted %d, stored %d, want %d", n, len(w.store.lines), 2*units)
	}
}
