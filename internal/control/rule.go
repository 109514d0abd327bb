package control

import (
	"fmt"

	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/gate/expr"
)

// CheckRules refuses a plan with a rule that does not compile: it would hold
// the release for ever.
func CheckRules(plan gate.Plan) error {
	if _, err := expr.Compile(plan.Policy); err != nil {
		return &Error{Kind: Invalid, Code: "policy_invalid", Field: "plan.policy", Msg: err.Error()}
	}
	for i, m := range plan.Milestones {
		if m.Policy == nil {
			continue
		}
		if _, err := expr.Compile(*m.Policy); err != nil {
			return &Error{Kind: Invalid, Code: "policy_invalid", Field: fmt.Sprintf("plan.milestones[%d].policy", i), Msg: err.Error()}
		}
	}
	return nil
}
