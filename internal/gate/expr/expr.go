// Package expr compiles the rules of a gate policy, CEL expressions over the
// statuses of its signals, into what gate.Rules takes.
//
// An expression sees signals.NAME.FIELD: status and why (strings), n, n_control
// and pending (whole numbers), estimate, lower, upper, diff, diff_lower,
// diff_upper and telemetry_coverage (numbers). A figure that was not computed is
// absent, has(signals.NAME.lower) asks for it, and using it is an error, which
// the gate takes for a HOLD. What an expression may cost is bounded.
//
// It is pure: no clock, no I/O. It decides nothing.
package expr

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"

	"github.com/lockflight/lockflight/internal/condition"
	"github.com/lockflight/lockflight/internal/gate"
)

// fields are what an expression may ask of a signal.
var fields = []string{
	"status", "why", "n", "n_control", "pending", "estimate", "lower", "upper", "diff", "diff_lower", "diff_upper", "telemetry_coverage",
}

// Compile compiles the rules of a policy; one without rules gives none. The
// error names the rule, and says where in its expression something is wrong: a
// syntax error, a type other than true or false, a signal or a field that does
// not exist.
func Compile(p gate.Policy) (gate.Rules, error) {
	env, err := condition.NewEnv(map[string]*cel.Type{
		"signals": cel.MapType(cel.StringType, cel.MapType(cel.StringType, cel.DynType)),
	})
	if err != nil {
		return nil, err
	}
	names := make([]string, len(p.Signals))
	for i := range p.Signals {
		names[i] = p.Signals[i].Name
	}
	rules := gate.Rules{}
	for i, r := range p.Rules {
		rule, err := env.Compile(r.Expr, func(root ast.Expr) error { return checkNames(root, names) })
		if err != nil {
			return nil, fmt.Errorf("rules[%d].expr: %s: %w", i, r.Name, err)
		}
		rules[r.Name] = func(statuses []gate.SignalStatus) (bool, error) { return evaluate(rule, statuses) }
	}
	return rules, nil
}

// checkNames finds signals and fields that do not exist, which at run time
// would hold every release.
func checkNames(root ast.Expr, signals []string) error {
	var fault error
	ast.PreOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.SelectKind || fault != nil {
			return
		}
		of := e.AsSelect().Operand()
		switch name := e.AsSelect().FieldName(); {
		case isSignals(of) && !slices.Contains(signals, name):
			fault = fmt.Errorf("no signal %q; the policy has %s", name, strings.Join(signals, ", "))
		case of.Kind() == ast.SelectKind && isSignals(of.AsSelect().Operand()) && !slices.Contains(fields, name):
			fault = fmt.Errorf("no field %q; a signal has %s", name, strings.Join(fields, ", "))
		}
	}))
	return fault
}

func isSignals(e ast.Expr) bool { return e.Kind() == ast.IdentKind && e.AsIdent() == "signals" }

// evaluate asks one rule.
func evaluate(rule condition.Condition, statuses []gate.SignalStatus) (bool, error) {
	signals := make(map[string]any, len(statuses))
	for i := range statuses {
		signals[statuses[i].Name] = values(&statuses[i])
	}
	return rule.Holds(map[string]any{"signals": signals})
}

// values returns what is known of a signal.
func values(s *gate.SignalStatus) map[string]any {
	out := map[string]any{
		"status": string(s.Status), "why": s.Why,
		"n": int64(s.N), "n_control": int64(s.NControl), "pending": int64(s.Pending),
	}
	for name, figure := range map[string]*float64{
		"estimate": s.Estimate, "lower": s.Lower, "upper": s.Upper,
		"diff": s.Diff, "diff_lower": s.DiffLower, "diff_upper": s.DiffUpper, "telemetry_coverage": s.Coverage,
	} {
		if figure != nil {
			out[name] = *figure
		}
	}
	return out
}
