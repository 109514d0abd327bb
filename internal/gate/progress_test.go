package gate

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// journey records decisions a minute apart.
type journey struct {
	plan     Plan
	progress Progress
	minute   int
	outcomes int64
}

func newJourney() *journey {
	return &journey{plan: PlanOf(DefaultPolicy()), progress: NewProgress(modelStart)}
}

func (j *journey) now() time.Time { return modelStart.Add(time.Duration(j.minute) * time.Minute) }

func (j *journey) state() State { return j.progress.State(&j.plan, j.now(), j.outcomes) }

// decide goes on a minute, with new evidence or without, and records.
func (j *journey) decide(v Verdict, reason string, outcomes int64) Move {
	j.minute++
	j.outcomes += outcomes
	return j.progress.Record(&j.plan, j.now(), Decision{Verdict: v, Reason: reason}, j.outcomes)
}

func TestProgressClimbs(t *testing.T) {
	t.Parallel()
	j := newJourney()
	for step := range 5 {
		st := j.state()
		if st.Final != (step == 4) || (st.Pass == NoHarm) != (step < 3) || st.ElapsedSeconds != 0 {
			t.Errorf("step %d begins as %+v", step, st)
		}
		if got := j.decide(Hold, PassAgain, 1); got != Stay {
			t.Errorf("a HOLD makes the release %q", got)
		}
		want := Advance
		if step == 4 {
			want = Complete
		}
		if got := j.decide(Promote, AllPass, 1); got != want {
			t.Errorf("PROMOTE from step %d makes the release %q, want %q", step, got, want)
		}
	}
	if got := j.decide(Rollback, CriticalEvent, 1); got != Complete || j.progress.Reason != AllPass {
		t.Errorf("a completed release takes %q: %+v", got, j.progress)
	}
}

func TestProgressCountsPasses(t *testing.T) {
	t.Parallel()
	j := newJourney()
	expect := func(when string, want int) {
		t.Helper()
		j.minute++
		if got := j.progress.State(&j.plan, j.now(), j.outcomes+1).PriorPasses; got != want {
			t.Errorf("%s: prior passes %d, want %d", when, got, want)
		}
		j.minute--
	}
	expect("at first", 0)
	if got := j.state().PriorPasses; got != 0 {
		t.Errorf("without evidence: %d, want min(0, 2-2)", got)
	}
	j.decide(Hold, PassAgain, 1)
	expect("after a pass", 1)
	if got := j.state().PriorPasses; got != 0 {
		t.Errorf("after a pass, in silence: %d, want 0", got)
	}
	j.decide(Hold, PassAgain, 0)
	expect("after a pass in silence", 1)
	j.decide(Hold, of(BelowPromote, "x"), 1)
	expect("after another HOLD", 0)

	// Live the gate looks more often than evaluate_every.
	j.decide(Hold, PassAgain, 1)
	soon := j.now().Add(time.Second)
	if got := j.progress.State(&j.plan, soon, j.outcomes+1).PriorPasses; got != 0 {
		t.Errorf("a second after a pass: %d, want 0", got)
	}
	j.progress.Record(&j.plan, soon, Decision{Reason: PassAgain}, j.outcomes+1)
	if j.progress.Passes != 1 {
		t.Errorf("%d passes in a second", j.progress.Passes)
	}

	j.plan.Policy.Hysteresis.ConsecutivePasses = 1
	if got := j.progress.State(&j.plan, soon, j.outcomes).PriorPasses; got != -1 {
		t.Errorf("one pass asked, in silence: %d, want -1", got)
	}
}

func TestProgressClocks(t *testing.T) {
	t.Parallel()
	j := newJourney()
	j.decide(Hold, of(EvidenceMissing, "a"), 1)
	if st := j.state(); st.MissingForSeconds != 0 {
		t.Errorf("missing just now: %v s", st.MissingForSeconds)
	}
	j.decide(Hold, of(EvidenceMissing, "b"), 1)
	j.decide(Hold, of(EvidenceMissing, "a"), 1)
	if st := j.state(); st.MissingForSeconds != 120 || st.IntegrityForSeconds != 0 {
		t.Errorf("missing for %v s, want 120", st.MissingForSeconds)
	}
	j.decide(Hold, BuildMismatch, 1)
	j.decide(Hold, SRM, 1)
	if st := j.state(); st.MissingForSeconds != 0 || st.IntegrityForSeconds != 60 {
		t.Errorf("missing for %v s, want 0; integrity for %v s, want 60", st.MissingForSeconds, st.IntegrityForSeconds)
	}
	for _, reason := range []string{MinExposures, of(NotDetermined, "a"), Cooldown, PassAgain} {
		j.decide(Hold, reason, 1)
	}
	if st := j.state(); st.HoldRun != HoldInsufficient || st.HoldElapsedSeconds != 180 {
		t.Errorf("held as %+v, want P9 for 180 s", st)
	}
	j.decide(Hold, of(BelowPromote, "a"), 1)
	j.decide(Hold, of(RegressionSmall, "a"), 1)
	if st := j.state(); st.HoldRun != HoldBad || st.HoldElapsedSeconds != 60 {
		t.Errorf("held as %+v, want P8 for 60 s", st)
	}
	// Without a rule for lack of evidence every HOLD adds up: five minutes
	// held here, and the sixth goes on. The cool-down does not count.
	j.plan.Policy.HoldRule.OnInsufficient = ""
	if st := j.state(); st.HoldRun != holdAny || st.HoldElapsedSeconds != 240 {
		t.Errorf("held as %+v, want 240 s in all", st)
	}
	j.decide(Promote, AllPass, 1)
	if st := j.state(); st.HoldElapsedSeconds != 0 || st.PriorPasses != 0 {
		t.Errorf("after PROMOTE: %+v", st)
	}
}

func TestProgressRollsBackForGood(t *testing.T) {
	t.Parallel()
	j := newJourney()
	if got := j.decide(Rollback, CriticalEvent, 1); got != RolledBack {
		t.Errorf("ROLLBACK makes the release %q", got)
	}
	if got := j.decide(Promote, AllPass, 1); got != RolledBack || j.progress.Step != 0 {
		t.Errorf("PROMOTE afterwards makes it %q", got)
	}
}

func TestProgressThroughJSON(t *testing.T) {
	t.Parallel()
	j := newJourney()
	j.decide(Hold, PassAgain, 3)
	j.decide(Hold, of(BelowPromote, "a"), 3)
	raw, err := json.Marshal(j.progress)
	if err != nil {
		t.Fatal(err)
	}
	var again Progress
	if err := json.Unmarshal(raw, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(j.progress, again); diff != "" {
		t.Errorf("(-before +after)\n%s", diff)
	}
}
