package gate

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// The sandbox of a self-test: cases per arm at most, and between two looks.
const (
	selfTestCases = 3000
	selfTestBatch = 10

	leastBad        = 0.25 // however low its threshold, a rate that three of four cases fail is bad
	selfTestMissing = 500  // cases where a signal is missing, which more of them do not change
)

// The faults that a self-test injects.
const (
	FaultBad      = "bad"      // the signals are far beyond their rollback threshold
	FaultMissing  = "missing"  // the signals never arrive
	FaultCritical = "critical" // more critical events than the policy allows
	FaultNone     = "none"     // a healthy build: it is not to be blocked
)

// Trial is one build in the sandbox of a self-test.
type Trial struct {
	Fault   string   `json:"fault"`
	Signals []string `json:"signals,omitempty"` // that the fault is in
	Blocked bool     `json:"blocked"`           // it was never promoted
	Verdict Verdict  `json:"verdict"`           // that ended the trial, or the last one
	Reason  string   `json:"reason"`
	N       Count    `json:"n"` // cases per arm until then
}

// SelfTest is the proof that a policy blocks a build that is known to be bad,
// or that it does not.
type SelfTest struct {
	Policy Metadata `json:"policy"`
	Blocks bool     `json:"blocks"` // every bad build was blocked, and one guardrail at least was tried
	Trials []Trial  `json:"trials"` // healthy first
}

// Failed returns the bad builds that were promoted.
func (s *SelfTest) Failed() []Trial {
	return slices.DeleteFunc(slices.Clone(s.Trials), func(t Trial) bool { return t.Blocked || t.Fault == FaultNone })
}

// String names the build.
func (t Trial) String() string {
	if t.Fault == FaultNone {
		return "healthy"
	}
	return strings.TrimSpace(t.Fault + " " + strings.Join(t.Signals, " + "))
}

// SelfTest injects builds into a sandbox, one after the other, and says which
// the policy blocks: each guardrail bad by itself, each two, all of them; each
// required signal missing; critical events. A signal that is bad passes half as
// often as its rollback threshold asks, or one time in four (a rate, a score), has twice as many
// events (a counter), half of its values twice over it (a quantile), or is as
// far beyond it as it is from promote (a level); all others, and the control, are
// healthy. Blocked means never promoted, in 3,000 cases per arm (500 where a
// signal is missing) with a look after every ten. Evidence takes the way of all evidence, through a [Ledger],
// a [Progress] and [Rules.Decide]. Goals (on_fail: warn) are not tested, since
// they decide nothing: a policy of goals alone blocks nothing.
//
// The error is that of a policy that is not valid.
func (r Rules) SelfTest(p Policy) (SelfTest, error) {
	if err := p.Validate(); err != nil {
		return SelfTest{}, err
	}
	out := SelfTest{Policy: p.Metadata, Trials: []Trial{r.try(p, Trial{Fault: FaultNone})}}
	for _, t := range p.badBuilds() {
		out.Trials = append(out.Trials, r.try(p, t))
	}
	bad := func(t Trial) bool { return t.Fault == FaultBad }
	out.Blocks = slices.ContainsFunc(out.Trials, bad) && len(out.Failed()) == 0
	return out, nil
}

// badBuilds returns what is injected.
func (p *Policy) badBuilds() []Trial {
	var out []Trial
	var guardrails, required []string
	safety := false
	for i := range p.Signals {
		s := &p.Signals[i]
		safety = safety || s.Name == safetySignal && s.Kind == Bernoulli
		if s.OnFail != OnFailWarn {
			guardrails = append(guardrails, s.Name)
		}
		if s.Required {
			required = append(required, s.Name)
		}
	}
	for i, name := range guardrails {
		out = append(out, Trial{Fault: FaultBad, Signals: []string{name}})
		for _, other := range guardrails[i+1:] {
			out = append(out, Trial{Fault: FaultBad, Signals: []string{name, other}})
		}
	}
	slices.SortStableFunc(out, func(a, b Trial) int { return len(a.Signals) - len(b.Signals) })
	if len(guardrails) > 2 {
		out = append(out, Trial{Fault: FaultBad, Signals: guardrails})
	}
	for _, name := range required {
		out = append(out, Trial{Fault: FaultMissing, Signals: []string{name}})
	}
	if safety {
		out = append(out, Trial{Fault: FaultCritical})
	}
	return out
}

// sandbox is one trial under way.
type sandbox struct {
	trial  Trial
	policy *Policy
	ledger *Ledger
	now    time.Time
}

// try releases one build in a sandbox until it is promoted or rolled back, or
// there are no more cases.
func (r Rules) try(p Policy, t Trial) Trial {
	p.Signals = slices.Clone(p.Signals)
	for i := range p.Signals {
		if p.Signals[i].Source.Aggregated() {
			p.Signals[i].Source = nil // the sandbox has cases
		}
	}
	plan := PlanOf(p)
	start := time.Unix(0, 0).UTC()
	s := sandbox{trial: t, policy: &p, now: start, ledger: NewLedger(p, LedgerOptions{Candidate: "bad"})}
	progress := NewProgress(start)
	// The shortest time between looks in which a milestone's could pass.
	cases := p.sandboxCases(t.Fault)
	step := max(time.Duration(p.Hysteresis.EvaluateEvery), time.Duration(p.Evidence.MinDuration)*2*selfTestBatch/time.Duration(cases))
	for n := 0; n < cases; n += selfTestBatch {
		for i := n; i < n+selfTestBatch; i++ {
			s.expose(i)
		}
		s.now = s.now.Add(step)
		state := progress.State(&plan, s.now, s.ledger.Outcomes())
		snapshot := s.ledger.Snapshot(s.now, progress)
		s.levels(&snapshot)
		d := r.Decide(p, snapshot, state)
		progress.Record(&plan, s.now, d, s.ledger.Outcomes())
		t.Verdict, t.Reason, t.N = d.Verdict, d.Reason, Count(n+selfTestBatch)
		if d.Verdict != Hold {
			break
		}
	}
	t.Blocked = t.Verdict != Promote
	return t
}

// sandboxCases returns how many cases a trial has at most: for a missing signal
// few, where they are enough for all others to pass.
func (p *Policy) sandboxCases(fault string) int {
	enough := max(p.Evidence.MinExposuresPerArm, p.Evidence.MinStepExposures)
	for i := range p.Signals {
		enough = max(enough, p.Signals[i].MinN)
	}
	if fault == FaultMissing && 2*enough <= selfTestMissing {
		return selfTestMissing
	}
	return selfTestCases
}

// expose adds case i of each arm, with all its outcomes.
func (s *sandbox) expose(i int) {
	for _, arm := range []string{Treatment, Control} {
		o := Observation{At: s.now, Environment: "sandbox", Flag: "sandbox", Arm: arm, Unit: arm + strconv.Itoa(i), Build: "good", Signal: exposureSignal}
		if arm == Treatment {
			o.Build = "bad"
		}
		s.ledger.AddObservation(&o)
		for j := range s.policy.Signals {
			signal := &s.policy.Signals[j]
			bad := arm == Treatment && slices.Contains(s.trial.Signals, signal.Name)
			if signal.Kind == Level || bad && s.trial.Fault == FaultMissing {
				continue
			}
			out := o
			out.Signal = signal.Name
			signal.outcome(&out, i, bad)
			if arm == Treatment && s.trial.Fault == FaultCritical && signal.Name == safetySignal && Count(i) <= s.policy.CriticalEvents.Max {
				out.Pass, out.Severity = new(false), Critical
			}
			s.ledger.AddObservation(&out)
		}
	}
}

// outcome gives case i of a healthy or a bad build.
func (s *Signal) outcome(o *Observation, i int, bad bool) {
	switch s.Kind {
	case Bernoulli:
		o.Pass = new(happens(i, s.typical(bad)) == 1)
	case Counter:
		o.Value = new(happens(i, s.typical(bad)))
	case Quantile:
		v := s.Promote / 2
		if bad && i%2 == 0 {
			v = 2 * s.Rollback
		}
		o.Value = &v
	case Score:
		o.Value = new(s.typical(bad))
	}
}

// typical returns the mean of a signal of a healthy or a bad build.
func (s *Signal) typical(bad bool) float64 {
	switch {
	case s.Kind == Counter && bad:
		return 2 * s.Rollback
	case s.Kind == Counter:
		return s.Promote / 2
	case s.Kind == Level && bad:
		return s.Rollback + (s.Rollback - s.Promote)
	case s.Kind == Level:
		return s.Promote + (s.Promote - s.Rollback)
	case bad:
		return max(s.Rollback/2, leastBad)
	}
	return 1 - float64((1-s.Promote)/4) // a product of its own: nothing may be fused
}

// happens returns how many of so many events a case fall on case i, evenly.
func happens(i int, rate float64) float64 {
	whole := func(n int) int64 { return int64(float64(float64(n)*rate) + epsilon) }
	return float64(whole(i+1) - whole(i))
}

// levels adds the figures that no case carries.
func (s *sandbox) levels(snapshot *Snapshot) {
	for i := range s.policy.Signals {
		signal := &s.policy.Signals[i]
		bad := slices.Contains(s.trial.Signals, signal.Name)
		if signal.Kind == Level && (!bad || s.trial.Fault != FaultMissing) {
			snapshot.Signals[signal.Name] = Measure{Treatment: &Arm{Value: new(signal.typical(bad))}}
		}
	}
}
