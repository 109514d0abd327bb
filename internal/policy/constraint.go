package policy

import (
	"slices"

	"github.com/lockflight/lockflight/sdk/eval"
)

// implies reports whether whoever meets all of the first list meets all of the
// second.
func implies(these, those []eval.Constraint) bool {
	for _, that := range those {
		if !slices.ContainsFunc(these, func(this eval.Constraint) bool { return stricter(this, that) }) {
			return false
		}
	}
	return true
}

// listOperators hold where one of their values fits; NOT_IN, where none does.
var listOperators = []string{"IN", "NOT_IN", "STR_STARTS_WITH", "STR_ENDS_WITH", "STR_CONTAINS", "IN_CIDR"}

// stricter reports whether whoever meets this meets that: the same constraint,
// but for values that do not widen it.
func stricter(this, that eval.Constraint) bool {
	if this.ContextName != that.ContextName || this.Operator != that.Operator ||
		this.CaseInsensitive != that.CaseInsensitive || this.Inverted != that.Inverted {
		return false
	}
	if !slices.Contains(listOperators, this.Operator) {
		return this.Value == that.Value && slices.Equal(this.Values, that.Values)
	}
	if excludes := (this.Operator == "NOT_IN") != this.Inverted; excludes {
		return within(that.Values, this.Values)
	}
	return within(this.Values, that.Values)
}

// within reports whether all of some texts are among others.
func within(these, those []string) bool {
	return !slices.ContainsFunc(these, func(s string) bool { return !slices.Contains(those, s) })
}
