// Package condition compiles CEL expressions that are true or false, and
// bounds what evaluating one may cost. It is pure: no clock, no I/O.
package condition

import (
	"errors"
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
)

// maxCost bounds one evaluation, in CEL's own units: some thousand operations.
const maxCost = 10_000

// Env declares the names that conditions may use.
type Env struct{ cel *cel.Env }

// NewEnv returns an Env of variables, by name. Numbers of different types may
// be compared.
func NewEnv(variables map[string]*cel.Type) (Env, error) {
	options := []cel.EnvOption{cel.CrossTypeNumericComparisons(true)}
	for name, t := range variables {
		options = append(options, cel.Variable(name, t))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		return Env{}, fmt.Errorf("preparing CEL: %w", err)
	}
	return Env{env}, nil
}

// Condition is an expression that was compiled.
type Condition struct{ program cel.Program }

// Compile compiles an expression. Check, where it is not nil, looks at it
// after CEL has, and finds names that do not exist. The error says where in
// the expression something is wrong.
func (e Env) Compile(text string, check func(ast.Expr) error) (Condition, error) {
	checked, issues := e.cel.Compile(text)
	if err := issues.Err(); err != nil {
		return Condition{}, errors.New(strings.ReplaceAll(err.Error(), "\n", " "))
	}
	if !checked.OutputType().IsExactType(cel.BoolType) {
		return Condition{}, fmt.Errorf("want true or false, have %s", checked.OutputType())
	}
	if check != nil {
		if err := check(checked.NativeRep().Expr()); err != nil {
			return Condition{}, err
		}
	}
	program, err := e.cel.Program(checked, cel.CostLimit(maxCost))
	return Condition{program}, err
}

// Holds evaluates the condition. What cannot be evaluated, or costs too much,
// is an error, never false.
func (c Condition) Holds(variables map[string]any) (bool, error) {
	out, _, err := c.program.Eval(variables)
	if err != nil {
		return false, err
	}
	is, ok := out.Value().(bool)
	if !ok {
		return false, fmt.Errorf("want true or false, have %v", out.Value())
	}
	return is, nil
}
