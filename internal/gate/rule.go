package gate

import "strconv"

// Rule is an expression over several signals that must be true. The gate does
// not know its language: whoever calls it compiles the expression and hands a
// function in, see [Rules].
type Rule struct {
	Name   string `json:"name"`
	Expr   string `json:"expr"`              // true is good
	OnFail string `json:"on_fail,omitempty"` // OnFailRollback, OnFailHold ("" is the same) or OnFailWarn
}

// Rules are the compiled rules of a policy, by name. A function is given the
// statuses of all signals in policy order; it must be pure, and its error, or
// its absence, is a HOLD.
type Rules map[string]func([]SignalStatus) (bool, error)

// validateRules checks what can be checked without the language.
func (p *Policy) validateRules() error {
	names := map[string]bool{}
	for i, r := range p.Rules {
		path := "rules[" + strconv.Itoa(i) + "]"
		if err := firstFault([]check{
			{r.Name != "" && !names[r.Name], path + ".name", "want a name of its own, not empty"},
			{r.Expr != "", path + ".expr", "must not be empty"},
			{oneOf(r.OnFail, "", OnFailRollback, OnFailHold, OnFailWarn), path + ".on_fail", "want rollback, hold or warn"},
		}); err != nil {
			return err
		}
		names[r.Name] = true
	}
	return nil
}

// ruleResult is what became of a rule.
type ruleResult struct {
	rule  *Rule
	holds bool
	err   string
}

// ask evaluates the rules of the policy, in its order.
func (c *decider) ask() {
	statuses := make([]SignalStatus, len(c.findings))
	for i := range c.findings {
		statuses[i] = c.findings[i].SignalStatus
	}
	for i := range c.policy.Rules {
		c.results = append(c.results, c.rules.result(&c.policy.Rules[i], statuses))
	}
}

func (r Rules) result(rule *Rule, statuses []SignalStatus) ruleResult {
	is, ok := r[rule.Name]
	if !ok {
		return ruleResult{rule: rule, err: "not compiled"}
	}
	holds, err := is(append([]SignalStatus(nil), statuses...))
	if err != nil {
		return ruleResult{rule: rule, err: err.Error()}
	}
	return ruleResult{rule: rule, holds: holds}
}

// broken adds the rules that do not hold and are to do so much; an error is
// only ever a HOLD.
func (c *decider) broken(onFail string) {
	for _, r := range c.results {
		switch {
		case r.holds || r.rule.OnFail == OnFailWarn:
		case onFail == OnFailRollback && r.err == "" && r.rule.OnFail == OnFailRollback:
			c.add(Rollback, of(RuleBroken, r.rule.Name))
		case onFail == OnFailHold && r.err != "":
			c.add(Hold, of(RuleUnknown, r.rule.Name))
		case onFail == OnFailHold && r.rule.OnFail != OnFailRollback:
			c.addHold(HoldBad, of(RuleHolds, r.rule.Name))
		}
	}
}
