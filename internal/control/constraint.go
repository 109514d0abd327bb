package control

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lockflight/lockflight/sdk/eval"
)

// operand is what an operator compares a context field with.
type operand int

const (
	texts     operand = iota // Values, each 1 to 100 characters
	addresses                // Values, each an IP address or a CIDR range
	single                   // Value, that the engine parses
	pattern                  // Value, a regular expression
)

// operators are those of Unleash, and IN_CIDR of the client specification.
var operators = map[string]operand{
	"IN": texts, "NOT_IN": texts, "STR_STARTS_WITH": texts, "STR_ENDS_WITH": texts, "STR_CONTAINS": texts,
	"NUM_EQ": single, "NUM_GT": single, "NUM_GTE": single, "NUM_LT": single, "NUM_LTE": single,
	"DATE_AFTER": single, "DATE_BEFORE": single,
	"SEMVER_EQ": single, "SEMVER_GT": single, "SEMVER_GTE": single, "SEMVER_LT": single, "SEMVER_LTE": single,
	"REGEX": pattern, "IN_CIDR": addresses,
}

// The limits of a constraint: in characters, and in values.
const (
	maxValue  = 100
	maxValues = 1000
)

// ValidateConstraint says whether a constraint can be saved: nil, or what is
// wrong with which field of it.
func (s *Service) ValidateConstraint(ctx context.Context, c eval.Constraint) error {
	return s.store.View(ctx, func(tx ReadTx) error {
		return checkConstraint(tx, "", "", written([]eval.Constraint{c})[0])
	})
}

// written returns constraints as they are stored: no list is null, and no
// value of a list is empty, which tools leave behind.
func written(constraints []eval.Constraint) []eval.Constraint {
	out := append([]eval.Constraint{}, constraints...)
	for i, c := range out {
		out[i].Values = slices.DeleteFunc(append([]string{}, c.Values...), func(v string) bool { return v == "" })
	}
	return out
}

// checkConstraints says what is wrong with the constraints of a strategy or a
// segment of a project ("" for one of all projects). An operand that does not parse would make the flag off in one SDK
// and on in another, so none is saved.
func checkConstraints(tx ReadTx, project, field string, all []eval.Constraint) error {
	for i, c := range all {
		if err := checkConstraint(tx, project, fmt.Sprintf("%s[%d].", field, i), c); err != nil {
			return err
		}
	}
	return nil
}

// checkConstraint checks one constraint; at comes before the names of fields.
func checkConstraint(tx ReadTx, project, at string, c eval.Constraint) error {
	if c.ContextName == "" || len(c.ContextName) > maxName {
		return Invalidf(at+"contextName", "must be the name of a context field, of 1 to %d bytes", maxName)
	}
	kind, known := operators[c.Operator]
	if !known {
		return Invalidf(at+"operator", "%q is no operator: see the list of them, such as IN or NUM_GTE", c.Operator)
	}
	var err error
	switch kind {
	case texts:
		err = checkValues(at, c, "one that has 1 to 100 characters", func(v string) bool { return utf8.RuneCountInString(v) <= maxValue })
	case addresses:
		err = checkValues(at, c, "an IP address, or a range such as 10.0.0.0/8", isAddress)
	case pattern:
		if c.Inverted {
			return Invalidf(at+"inverted", "a REGEX is not inverted: SDKs disagree about what that is for a field that is missing")
		}
		err = checkOperand(at, c)
	case single:
		err = checkOperand(at, c)
	}
	if err != nil {
		return err
	}
	return checkLegal(tx, project, at, c, kind)
}

// checkValues checks a list of values, each of which must be ok.
func checkValues(at string, c eval.Constraint, what string, ok func(string) bool) error {
	if len(c.Values) == 0 {
		return Invalidf(at+"values", "must not be empty: %s compares with at least one value", c.Operator)
	}
	if len(c.Values) > maxValues {
		return Invalidf(at+"values", "has %d values: send at most %d", len(c.Values), maxValues)
	}
	for i, v := range c.Values {
		if !ok(v) {
			return Invalidf(fmt.Sprintf("%svalues[%d]", at, i), "%q is not a value for %s: give %s", v, c.Operator, what)
		}
	}
	return nil
}

// isAddress reports whether a text is an IP address or a CIDR range.
func isAddress(s string) bool {
	if strings.Contains(s, "/") {
		_, err := netip.ParsePrefix(s)
		return err == nil
	}
	a, err := netip.ParseAddr(s)
	return err == nil && a.Zone() == ""
}

// checkOperand asks the engine about a single value; its reason is the answer.
func checkOperand(at string, c eval.Constraint) error {
	err := compiles("", eval.Strategy{Name: "default", Constraints: []eval.Constraint{c}}, nil)
	if err == nil {
		return nil
	}
	_, why, _ := strings.Cut(err.Error(), "constraint 0: ")
	return Invalidf(at+"value", "%s", strings.TrimPrefix(why, "value "))
}

// checkLegal checks a constraint against the legal values of its field, where
// that has any, and is not another project's.
func checkLegal(tx ReadTx, project, at string, c eval.Constraint, kind operand) error {
	field, err := get[ContextField](tx, KindContextField, c.ContextName)
	if err != nil {
		if KindOf(err) == NotFound {
			return nil
		}
		return err
	}
	if len(field.LegalValues) == 0 || field.Project != "" && field.Project != project {
		return nil
	}
	legal := func(v string) bool {
		return slices.ContainsFunc(field.LegalValues, func(l LegalValue) bool { return l.Value == v })
	}
	switch kind {
	case texts:
		return checkValues(at, c, "a legal value of "+c.ContextName, legal)
	case single:
		if !legal(c.Value) {
			return Invalidf(at+"value", "%q is not a legal value of %s", c.Value, c.ContextName)
		}
	case pattern, addresses: // describe values rather than name them
	}
	return nil
}
