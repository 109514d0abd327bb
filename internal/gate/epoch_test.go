package gate

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// told sends cases of both arms that say what answered them.
type told struct {
	ledger *Ledger
	at     time.Time
	unit   int
}

func (s *told) send(n int, model, prompt, judge string) {
	for range n {
		s.unit++
		for _, arm := range []string{Treatment, Control} {
			o := Observation{
				At: s.at, Environment: "production", Flag: "agent", Arm: arm, Build: map[string]string{Treatment: "b2", Control: "b1"}[arm],
				Unit: fmt.Sprint(arm, s.unit), Signal: exposureSignal,
			}
			s.ledger.AddObservation(&o)
			o.Signal, o.Pass = "task_success_rate", new(true)
			o.Evaluator = &Evaluator{ID: "code", Version: judge}
			if arm == Treatment {
				o.Identity = &CaseIdentity{Model: model, Prompt: prompt}
			}
			s.ledger.AddObservation(&o)
		}
	}
	s.at = s.at.Add(time.Second)
}

func (s *told) snapshot() Snapshot { return s.ledger.Snapshot(s.at, Progress{}) }

func TestEpochs(t *testing.T) {
	t.Parallel()
	s := &told{ledger: NewLedger(DefaultPolicy(), LedgerOptions{Candidate: "b2", Split: "rel-1/userId", PointsEvery: time.Second}), at: virtualStart}
	s.send(50, "m1", "p1", "1")
	s.send(60, "m2", "p1", "1") // a second model, before anybody knew what the build is made of
	s.send(10, "m1", "p1", "1")
	first := s.snapshot()
	want := &Identity{ResponseModels: []string{"m1", "m2"}, PromptHash: "p1", Judges: []string{"code@1"}, Split: "rel-1/userId"}
	if diff := cmp.Diff(want, first.Identity); diff != "" || first.Epoch != 0 || first.Exposures.Treatment != 120 {
		t.Fatalf("epoch %d of %v, identity (-want +got)\n%s", first.Epoch, first.Exposures.Treatment, diff)
	}

	s.send(1, "m3", "p1", "2")
	s.send(30, "m3", "p1", "2")
	second := s.snapshot()
	if diff := cmp.Diff([]string{"model", "judge"}, second.Changed); diff != "" || second.Epoch != 2 || second.Exposures.Treatment != 30 {
		t.Errorf("epoch %d of %v, changed (-want +got)\n%s", second.Epoch, second.Exposures.Treatment, diff)
	}
	if outcomes := s.ledger.Outcomes(); outcomes != 151 {
		t.Errorf("%d outcomes, want 151: they never become fewer", outcomes)
	}
	s.send(200, "m1", "p1", "2") // what was known before is no change
	if third := s.snapshot(); third.Epoch != 2 || third.Exposures.Treatment != 230 {
		t.Errorf("epoch %d of %v", third.Epoch, third.Exposures.Treatment)
	}
}

// What says nothing of itself has one epoch.
func TestOneEpochWithoutIdentity(t *testing.T) {
	t.Parallel()
	s := &told{ledger: NewLedger(DefaultPolicy(), LedgerOptions{Candidate: "b2"}), at: virtualStart}
	for range 3 {
		s.send(100, "", "", "")
		if got := s.snapshot(); got.Epoch != 0 {
			t.Errorf("epoch %d", got.Epoch)
		}
	}
}

// TestEpochsDependOnLinesAlone makes a ledger again from the lines and marks of
// another, looked at at other moments and with the lines of each second in
// another order: live is replay.
func TestEpochsDependOnLinesAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		policy := DefaultPolicy()
		policy.Evidence.MinExposuresPerArm = 5
		options := LedgerOptions{Candidate: "b2", PointsEvery: time.Second}
		live := NewLedger(policy, options)
		var seconds [][]Observation
		at := virtualStart
		for second := range rapid.IntRange(1, 40).Draw(t, "seconds") {
			var lines []Observation
			for i := range r.IntN(8) {
				arm, build := Treatment, "b2"
				if r.IntN(2) == 0 {
					arm, build = Control, "b1"
				}
				o := Observation{At: at, Environment: "production", Flag: "agent", Arm: arm, Build: build, Unit: fmt.Sprint(second, "-", i), Signal: exposureSignal}
				lines = append(lines, o)
				o.Signal, o.Pass = "task_success_rate", new(r.IntN(4) > 0)
				o.Identity = &CaseIdentity{Model: fmt.Sprint("m", r.IntN(1+second/10))}
				lines = append(lines, o)
			}
			seconds = append(seconds, lines)
			at = at.Add(time.Second)
		}
		fold := func(l *Ledger, look bool) Snapshot {
			for i, lines := range seconds {
				for _, j := range r.Perm(len(lines)) {
					o := lines[j]
					l.AddObservation(&o)
				}
				if look && r.IntN(3) == 0 {
					l.Snapshot(virtualStart.Add(time.Duration(i)*time.Second), Progress{})
				}
			}
			return l.Snapshot(at, Progress{})
		}
		want, err := json.Marshal(fold(live, true))
		if err != nil {
			t.Fatal(err)
		}
		options.Marks = live.Marks()
		got, err := json.Marshal(fold(NewLedger(policy, options), false))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Fatalf("live and again (-live +again)\n%s", diff)
		}
	})
}

var virtualStart = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
