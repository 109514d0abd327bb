package gate

import (
	"fmt"
	"slices"
)

// hit is a rule that applies.
type hit struct {
	verdict Verdict
	reason  string
}

// decider holds what the rules of one decision share.
type decider struct {
	policy   *Policy
	snapshot *Snapshot
	state    *State
	findings []finding // in policy order
	srm      *float64  // nil without exposures
	hits     []hit
	rules    Rules
	results  []ruleResult
}

// Decide maps policy, evidence and state to a decision. It is a pure function
// and total: what cannot be decided is HOLD, and a panic inside it is too.
// The first rule that applies gives verdict and reason, in this order: a
// kill by an operator, invalid input, critical events, a wrong build, an
// absolute floor, the integrity of the comparison, a relative regression,
// missing evidence, small harm, too little evidence, nothing proven, and
// hysteresis. An absolute floor needs no comparison, so a broken exposure log
// cannot suppress it.
//
// A policy with rules needs them compiled: see [Rules.Decide].
func Decide(p Policy, s Snapshot, st State) Decision { return Rules(nil).Decide(p, s, st) }

// Decide is [Decide] for a policy whose rules were compiled. A rule that was
// not, or that fails, is a HOLD.
func (r Rules) Decide(p Policy, s Snapshot, st State) (d Decision) {
	defer func() {
		if r := recover(); r != nil {
			d = Decision{Reason: SnapshotInvalid, Detail: fmt.Sprint("the engine panicked: ", r)}
		}
	}()
	if st.Operator == OperatorKill {
		d = Decision{Verdict: Rollback, Reason: OperatorKilled}
	}
	if err := p.Validate(); err != nil {
		return d.or(PolicyInvalid, err)
	}
	if err := s.impossible(&p); err != nil {
		return d.or(SnapshotInvalid, err)
	}
	if err := st.impossible(); err != nil {
		return d.or(SnapshotInvalid, err)
	}
	c := decider{policy: &p, snapshot: &s, state: &st, rules: r}
	return c.decide(d)
}

// or returns the decision, or where there is none a HOLD for invalid input.
func (d Decision) or(reason string, err error) Decision {
	if d.Reason == "" {
		d.Reason, d.Detail = reason, err.Error()
	}
	return d
}

// impossible returns what cannot be about a state.
func (st *State) impossible() error {
	since := 0.0
	if st.SinceRollbackSeconds != nil {
		since = *st.SinceRollbackSeconds
	}
	return firstFault([]check{
		{isMargin(st.ElapsedSeconds), "state.elapsed_s", "want 0 or more"},
		{isMargin(st.HoldElapsedSeconds), "state.hold_elapsed_s", "want 0 or more"},
		{isMargin(st.MissingForSeconds), "state.missing_for_s", "want 0 or more"},
		{isMargin(st.IntegrityForSeconds), "state.integrity_for_s", "want 0 or more"},
		{isMargin(since), "state.since_rollback_s", "want 0 or more"},
		{oneOf(st.Operator, "", OperatorKill, OperatorFreeze), "state.operator", "want kill or freeze"},
		{st.AwaitsApprovals >= 0, "state.awaits_approvals", "want 0 or more"},
		{oneOf(st.Pass, "", NoHarm, ByTime, ByApproval), "state.pass", "want no_harm, time, approval, or nothing"},
	})
}

// decide applies the rules in order. d holds a kill, if there was one.
func (c *decider) decide(d Decision) Decision {
	if d.Reason != "" {
		c.add(d.Verdict, d.Reason)
	}
	c.srm = c.logE()
	c.find()
	c.ask()
	c.criticalEvents()
	c.buildMatch()
	c.each(Rollback, SevereFloor, func(f *finding) bool { return f.severe && f.signal.rollsBack() })
	c.integrity()
	c.each(Rollback, Regression, func(f *finding) bool { return f.relSevere && f.signal.rollsBack() })
	c.broken(OnFailRollback)
	c.missing()
	c.smallHarm()
	c.broken(OnFailHold)
	c.tooLittle()
	c.undetermined()
	c.pauses()
	if len(c.hits) == 0 {
		c.add(Promote, AllPass)
	}
	d.Verdict, d.Reason = c.hits[0].verdict, c.hits[0].reason
	if c.srm != nil {
		d.SRMLogE = rounded(*c.srm)
	}
	for _, h := range c.hits[1:] {
		d.Also = append(d.Also, h.reason)
	}
	for i := range c.findings {
		d.Signals = append(d.Signals, c.findings[i].SignalStatus)
	}
	d.Warn = c.warnings()
	if d.Verdict == Hold {
		d.Needs = c.needs()
	}
	if d.Verdict != Rollback {
		d.Next = c.next()
	}
	return d
}

func (c *decider) add(v Verdict, reason string) { c.hits = append(c.hits, hit{v, reason}) }

// each adds a rule for every signal that it applies to, in policy order.
func (c *decider) each(v Verdict, rule string, is func(*finding) bool) {
	for i := range c.findings {
		if is(&c.findings[i]) {
			c.add(v, of(rule, c.findings[i].Name))
		}
	}
}

// find judges every signal. A failed integrity check takes the control arm
// away from every relative check.
func (c *decider) find() {
	comparable := !c.mismatched() && !c.multiExposed()
	for i := range c.policy.Signals {
		s := &c.policy.Signals[i]
		m, present := c.snapshot.Signals[s.Name]
		if why := c.absent(s, m, present); why != "" {
			status := SignalStatus{Name: s.Name, Status: Missing, Why: why, Detail: m.Error, N: m.Treatment.n(), NControl: m.Control.n(), Coverage: m.TelemetryCoverage}
			c.findings = append(c.findings, finding{SignalStatus: status, signal: s})
			continue
		}
		j := c.policy.judge(i, c.snapshot.Epoch, comparable, c.state.Final)
		c.findings = append(c.findings, j.find(m))
	}
}

// absent returns why a signal is no evidence, or "". What an arm has shown is
// none where units were left out for want of room.
func (c *decider) absent(s *Signal, m Measure, present bool) string {
	if c.snapshot.Exposures.Overflow > 0 && s.Kind != Level {
		return string(Overflow)
	}
	return c.policy.Evidence.missing(m, present)
}

func (c *decider) criticalEvents() {
	if c.snapshot.CriticalEvents > c.policy.CriticalEvents.Max {
		c.add(Rollback, CriticalEvent)
	}
}

func (c *decider) buildMatch() {
	b := c.snapshot.Build
	if c.policy.Integrity.RequireBuildMatch && b.Seen != "" && b.Candidate != "" && b.Seen != b.Candidate {
		c.addIntegrity(BuildMismatch)
	}
}

func (c *decider) integrity() {
	if c.mismatched() {
		c.addIntegrity(SRM)
	}
	if c.multiExposed() {
		c.addIntegrity(MultiExposed)
	}
}

// addIntegrity adds a failed integrity check, which is a HOLD until it has
// lasted too long.
func (c *decider) addIntegrity(reason string) {
	in := c.policy.Integrity
	if in.OnTimeout == rollBack && c.state.IntegrityForSeconds > in.Timeout.Seconds() {
		c.add(Rollback, after(IntegrityTimeout, reason))
		return
	}
	c.add(Hold, reason)
}

// logE returns the log e-value of the split; nil without exposures.
func (c *decider) logE() *float64 {
	e := c.snapshot.Exposures
	if e.Treatment+e.Control == 0 {
		return nil
	}
	expected := e.Expected
	if expected == 0 {
		expected = 0.5
	}
	return new(srmLogE(float64(e.Treatment), float64(e.Control), expected, c.policy.Integrity.SRMConcentration))
}

// mismatched says whether units are split otherwise than they should be.
func (c *decider) mismatched() bool {
	return c.srm != nil && *c.srm >= -ln(c.policy.Integrity.SRMAlpha)
}

// multiExposed says whether too many units saw both arms.
func (c *decider) multiExposed() bool {
	e, limit := c.snapshot.Exposures, c.policy.Integrity.MultiExposure
	return e.Multi >= limit.MinCount && float64(e.Multi) >= limit.MaxShare*float64(e.Treatment+e.Control)
}

func (c *decider) missing() {
	ev := c.policy.Evidence
	late := ev.OnMissingTimeout == rollBack && c.state.MissingForSeconds > ev.MissingTimeout.Seconds()
	isMissing := func(f *finding) bool { return f.Status == Missing && f.signal.Required }
	if late {
		c.each(Rollback, MissingTimeout, isMissing)
		return
	}
	c.each(Hold, EvidenceMissing, isMissing)
}

func (c *decider) smallHarm() {
	for i := range c.findings {
		if f := &c.findings[i]; f.breach && !f.isGoal() || f.severe && f.holds() {
			c.addHold(HoldBad, of(BelowPromote, f.Name))
		}
	}
	for i := range c.findings {
		if f := &c.findings[i]; f.relBreach && !f.isGoal() || f.relSevere && f.holds() {
			c.addHold(HoldBad, of(RegressionSmall, f.Name))
		}
	}
}

// warnings returns what goals would do if they were guardrails.
func (c *decider) warnings() []string {
	var warn []string
	for i := range c.findings {
		f := &c.findings[i]
		if rule := f.rule(); rule != "" && f.isGoal() {
			warn = append(warn, of(rule, f.Name))
		}
	}
	for _, r := range c.results {
		if r.rule.OnFail == OnFailWarn && !r.holds {
			warn = append(warn, of(RuleHolds, r.rule.Name))
		}
	}
	return warn
}

// proofless says whether a milestone asks for no evidence that the build is good.
func proofless(pass string) bool { return pass == ByTime || pass == ByApproval }

func (c *decider) tooLittle() {
	if !proofless(c.state.Pass) {
		c.tooFew()
	}
	if c.state.ElapsedSeconds < c.policy.Evidence.MinDuration.Seconds() {
		c.addHold(HoldInsufficient, MinDuration)
	}
}

func (c *decider) tooFew() {
	e, ev := c.snapshot.Exposures, c.policy.Evidence
	if min(e.Treatment, e.Control) < ev.MinExposuresPerArm ||
		e.Step != nil && min(e.Step.Treatment, e.Step.Control) < ev.MinStepExposures {
		c.addHold(HoldInsufficient, MinExposures)
	}
	for i := range c.findings {
		if f := &c.findings[i]; f.few && f.signal.Required {
			c.addHold(HoldInsufficient, of(MinEvidence, f.Name))
		}
	}
}

// undetermined holds for what is neither proven good nor bad.
func (c *decider) undetermined() {
	for i := range c.findings {
		if f := &c.findings[i]; c.holdsUndetermined(f) {
			c.addHold(HoldInsufficient, of(NotDetermined, f.Name))
		}
	}
}

// holdsUndetermined says whether a signal is undetermined and must not be: a
// step that asks for no harm only lets it through, unless its non-inferiority
// is always asked.
func (c *decider) holdsUndetermined(f *finding) bool {
	return f.Status == Undetermined && !f.isGoal() && !proofless(c.state.Pass) && (c.state.Pass != NoHarm || f.signal.Relative.RequireNI == Always)
}

// pauses adds what holds a release that has passed.
func (c *decider) pauses() {
	cooldown := c.policy.Hysteresis.CooldownAfterRollback.Seconds()
	if since := c.state.SinceRollbackSeconds; since != nil && *since < cooldown {
		c.add(Hold, Cooldown)
	}
	if c.state.Operator == OperatorFreeze {
		c.add(Hold, OperatorFrozen)
	}
	if c.state.AwaitsApprovals > 0 {
		c.add(Hold, ApprovalMissing)
	}
	if len(c.hits) == 0 && !proofless(c.state.Pass) && c.state.PriorPasses+1 < c.policy.Hysteresis.ConsecutivePasses {
		c.addHold(HoldInsufficient, PassAgain)
	}
}

// addHold adds a HOLD that becomes a ROLLBACK when it has lasted too long and
// the policy says so.
func (c *decider) addHold(run HoldRun, reason string) {
	rule := c.policy.HoldRule
	action := rule.OnTimeout
	if run == HoldInsufficient && rule.OnInsufficient != "" {
		action = rule.OnInsufficient
	}
	measured := slices.Contains([]HoldRun{"", holdAny, run}, c.state.HoldRun)
	if action == rollBack && measured && c.state.HoldElapsedSeconds > rule.Timeout.Seconds() {
		c.add(Rollback, after(HoldTimeout, reason))
		return
	}
	c.add(Hold, reason)
}
