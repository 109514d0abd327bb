package eval

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

// conjunction is a list of constraints compiled: all must hold. Notes are
// faults that make a constraint fail rather than the flag.
type conjunction struct {
	ops   []op
	notes []string
}

// compileAll compiles the constraints of a strategy or a segment. One that
// does not compile fails the whole list, and so the flag that it is part of.
func compileAll(constraints []Constraint) (conjunction, error) {
	all := conjunction{ops: make([]op, 0, len(constraints))}
	for i, constraint := range constraints {
		o, err := compileConstraint(constraint)
		if errors.Is(err, errPattern) {
			all.notes = append(all.notes, fmt.Sprintf("constraint %d: %v", i, err))
		} else if err != nil {
			return conjunction{}, fmt.Errorf("constraint %d: %w", i, err)
		}
		all.ops = append(all.ops, o)
	}
	return all, nil
}

// errPattern marks a regular expression that does not compile: it matches
// nothing, and the flag stays in use (client specification, file 21).
var errPattern = errors.New("matches nothing")

func compileConstraint(c Constraint) (op, error) {
	o := op{
		field:    fieldNamed(c.ContextName),
		inverted: c.Inverted,
		operand:  &operand{property: c.ContextName},
	}
	err := o.compile(c)
	return o, err
}

// compile sets the code and the operand that an operator asks for.
func (o *op) compile(c Constraint) error {
	switch c.Operator {
	case "IN":
		o.code, o.operand.texts = opIn, newTextSet(c.Values)
	case "NOT_IN":
		o.code, o.operand.texts = opIn, newTextSet(c.Values)
		o.inverted = !c.Inverted
	case "STR_STARTS_WITH":
		o.compileText(c, opPrefix, opPrefixFold)
	case "STR_ENDS_WITH":
		o.compileText(c, opSuffix, opSuffixFold)
	case "STR_CONTAINS":
		o.compileText(c, opContains, opContainsFold)
	case "NUM_EQ":
		return o.compileNumber(c.Value, opNumberEqual, equal)
	case "NUM_GT":
		return o.compileNumber(c.Value, opNumber, greater)
	case "NUM_GTE":
		return o.compileNumber(c.Value, opNumber, greater|equal)
	case "NUM_LT":
		return o.compileNumber(c.Value, opNumber, less)
	case "NUM_LTE":
		return o.compileNumber(c.Value, opNumber, less|equal)
	case "SEMVER_EQ":
		return o.compileVersion(c.Value, equal)
	case "SEMVER_GT":
		return o.compileVersion(c.Value, greater)
	case "SEMVER_GTE":
		return o.compileVersion(c.Value, greater|equal)
	case "SEMVER_LT":
		return o.compileVersion(c.Value, less)
	case "SEMVER_LTE":
		return o.compileVersion(c.Value, less|equal)
	case "DATE_AFTER":
		return o.compileDate(c.Value, greater)
	case "DATE_BEFORE":
		return o.compileDate(c.Value, less)
	case "REGEX":
		return o.compilePattern(c)
	case "IN_CIDR":
		o.code, o.operand.addresses = opAddress, newAddressSet(c.Values)
	default:
		return fmt.Errorf("unknown operator %q", c.Operator)
	}
	return nil
}

func (o *op) compileText(c Constraint, exact, fold opcode) {
	o.code, o.operand.texts.list = exact, c.Values
	if c.CaseInsensitive {
		o.code, o.operand.texts.list = fold, slices.Clone(c.Values)
		for i, v := range c.Values {
			o.operand.texts.list[i] = strings.ToLower(v)
		}
	}
}

func (o *op) compileNumber(value string, code opcode, accept orders) error {
	n, ok := parseNumber(value)
	if !ok || math.IsInf(n, 0) {
		return fmt.Errorf("value %q is not a number", value)
	}
	o.code, o.accept, o.operand.number = code, accept, n
	return nil
}

func (o *op) compileVersion(value string, accept orders) error {
	v, ok := parseVersion(value)
	if !ok {
		return fmt.Errorf("value %q is not a semantic version", value)
	}
	o.code, o.accept, o.operand.version = opVersion, accept, v
	return nil
}

func (o *op) compileDate(value string, accept orders) error {
	t, ok := parseInstant(value)
	if !ok {
		return fmt.Errorf("value %q is not an RFC 3339 date", value)
	}
	o.code, o.accept, o.operand.instant = opDate, accept, t
	if o.field == fieldCurrentTime {
		o.code = opTime
	}
	return nil
}

func (o *op) compilePattern(c Constraint) error {
	if c.Value == "" {
		return errors.New("value is missing")
	}
	expression := c.Value
	if c.CaseInsensitive {
		expression = "(?i)" + expression
	}
	pattern, err := regexp.Compile(expression)
	if err != nil {
		o.code = opNever
		return fmt.Errorf("pattern %q %w: %w", c.Value, errPattern, err)
	}
	o.code, o.operand.pattern = opPattern, pattern
	return nil
}
