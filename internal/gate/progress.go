package gate

import "time"

// Move is what a recorded decision does to a release.
type Move string

// The moves. Stay is the zero Move.
const (
	Stay       Move = ""
	Advance    Move = "advance"     // to the next milestone
	Complete   Move = "complete"    // to the last milestone: nothing follows
	RolledBack Move = "rolled_back" // control for everyone, for ever
)

// Progress is the way of a release through its plan: where it is, since when,
// and how long which HOLD has lasted. It is plain data that the control plane
// stores with the release; the zero Progress has not begun, see
// [NewProgress]. One loop serves replay and live:
//
//	snapshot := ledger.Snapshot(now, progress)
//	state := progress.State(plan, now, ledger.Outcomes())
//	decision := Decide(plan.PolicyAt(progress.Step), snapshot, state)
//	if progress.Record(plan, now, decision, ledger.Outcomes()) == Advance {
//		ledger.Restart()
//	}
//
// A pass counts only with new evidence, so silence promotes nothing.
type Progress struct {
	Step      int       `json:"step"` // of the plan's milestones, from 0
	StepStart time.Time `json:"step_start"`
	Move      Move      `json:"move,omitempty"` // Complete or RolledBack: nothing is recorded any more

	Passes         int       `json:"passes,omitempty"`          // counted at this milestone
	PassedAt       time.Time `json:"passed_at,omitzero"`        // the last pass that counted, or PROMOTE
	PassedOutcomes int64     `json:"passed_outcomes,omitempty"` // the treatment's outcomes then

	HoldRun        HoldRun   `json:"hold_run,omitempty"`     // the HOLD that lasts
	HoldSince      time.Time `json:"hold_since,omitzero"`    // its first evaluation
	HeldFor        Duration  `json:"held_for,omitempty"`     // at this milestone, whichever the HOLD
	MissingSince   time.Time `json:"missing_since,omitzero"` // zero: not missing
	IntegritySince time.Time `json:"integrity_since,omitzero"`

	RecordedAt time.Time `json:"recorded_at,omitzero"`
	Verdict    Verdict   `json:"verdict"`
	Reason     string    `json:"reason,omitempty"` // of the last recorded decision
}

// NewProgress begins at the first milestone.
func NewProgress(start time.Time) Progress { return Progress{StepStart: start} }

// State returns what a decision at now must know. The caller adds what only
// it knows: the operator, and the time since the flag's last rollback.
func (p *Progress) State(plan *Plan, now time.Time, outcomes int64) State {
	policy := plan.PolicyAt(p.Step)
	st := State{
		ElapsedSeconds:      since(p.StepStart, now),
		PriorPasses:         p.Passes,
		Final:               p.Step+1 >= len(plan.Milestones)-1,
		MissingForSeconds:   since(p.MissingSince, now),
		IntegrityForSeconds: since(p.IntegritySince, now),
		HoldRun:             p.HoldRun,
		HoldElapsedSeconds:  since(p.HoldSince, now),
	}
	if p.Step < len(plan.Milestones) {
		st.Pass = plan.Milestones[p.Step].Pass
	}
	if policy.HoldRule.OnInsufficient == "" {
		st.HoldRun, st.HoldElapsedSeconds = holdAny, p.heldFor(now).Seconds()
	}
	if !p.passCounts(&policy, now, outcomes) {
		st.PriorPasses = min(p.Passes, policy.Hysteresis.ConsecutivePasses-2)
	}
	return st
}

// Record takes a decision made at now into account and says what it does to
// the release. Where the plan asks for an approval before the next milestone,
// call it when the approval is there.
func (p *Progress) Record(plan *Plan, now time.Time, d Decision, outcomes int64) Move {
	if p.Move == Complete || p.Move == RolledBack {
		return p.Move
	}
	policy := plan.PolicyAt(p.Step)
	p.countPass(&policy, now, d, outcomes)
	p.countHold(now, d)
	mark(&p.MissingSince, now, isRule(d.Reason, "P7"))
	mark(&p.IntegritySince, now, isRule(d.Reason, "P3", "P4"))
	p.RecordedAt, p.Verdict, p.Reason = now, d.Verdict, d.Reason
	switch d.Verdict {
	case Promote:
		p.advance(plan, now, outcomes)
		return p.Move
	case Rollback:
		p.Move = RolledBack
	case Hold:
		p.Move = Stay
	}
	return p.Move
}

// advance begins the next milestone with all counters at zero.
func (p *Progress) advance(plan *Plan, now time.Time, outcomes int64) {
	*p = Progress{
		Step: p.Step + 1, StepStart: now, Move: Advance,
		PassedAt: now, PassedOutcomes: outcomes,
		RecordedAt: p.RecordedAt, Verdict: p.Verdict, Reason: p.Reason,
	}
	if p.Step >= len(plan.Milestones)-1 {
		p.Move = Complete
	}
}

// passCounts says whether a pass at now would count: with an outcome more
// than at the last that counted, and not sooner than evaluate_every.
func (p *Progress) passCounts(policy *Policy, now time.Time, outcomes int64) bool {
	soon := !p.PassedAt.IsZero() && now.Sub(p.PassedAt) < time.Duration(policy.Hysteresis.EvaluateEvery)
	return outcomes > p.PassedOutcomes && !soon
}

func (p *Progress) countPass(policy *Policy, now time.Time, d Decision, outcomes int64) {
	switch {
	case d.Reason == PassAgain:
		if p.passCounts(policy, now, outcomes) {
			p.Passes++
			p.PassedAt, p.PassedOutcomes = now, outcomes
		}
	case d.Verdict != Promote:
		p.Passes = 0
	}
}

// countHold measures the HOLD that began, lasts or ends with this decision.
func (p *Progress) countHold(now time.Time, d Decision) {
	p.HeldFor = p.heldFor(now)
	run := holdRunOf(d.Reason)
	if run != p.HoldRun {
		p.HoldRun, p.HoldSince = run, time.Time{}
	}
	mark(&p.HoldSince, now, run != "")
}

// heldFor returns how long the release has been held at this milestone: from
// each evaluation that held it to the next.
func (p *Progress) heldFor(now time.Time) Duration {
	held := isRule(p.Reason, "P8", "P9", "P10") || p.Reason == PassAgain
	if !held {
		return p.HeldFor
	}
	return p.HeldFor + Duration(now.Sub(p.RecordedAt))
}

// holdRunOf returns the kind of HOLD that a reason is, or "".
func holdRunOf(reason string) HoldRun {
	switch {
	case isRule(reason, "P8"):
		return HoldBad
	case isRule(reason, "P9", "P10", "P12"):
		return HoldInsufficient
	}
	return ""
}

// mark keeps in t the first moment of an unbroken run.
func mark(t *time.Time, now time.Time, is bool) {
	switch {
	case !is:
		*t = time.Time{}
	case t.IsZero():
		*t = now
	}
}

// since returns the seconds from start to now; 0 where start is zero.
func since(start, now time.Time) float64 {
	if start.IsZero() {
		return 0
	}
	return max(now.Sub(start).Seconds(), 0)
}
