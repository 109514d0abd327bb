package control_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

func listed(operator string, values ...string) eval.Constraint {
	return eval.Constraint{ContextName: "field", Operator: operator, Values: values}
}

func compared(operator, value string) eval.Constraint {
	return eval.Constraint{ContextName: "field", Operator: operator, Value: value}
}

// TestConstraints checks each operator with an operand that it takes and with
// one that it does not.
func TestConstraints(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", 101)
	many := make([]string, 1001)
	for i := range many {
		many[i] = strconv.Itoa(i)
	}
	tests := []struct {
		good, bad eval.Constraint
		field     string
	}{
		{listed("IN", "a"), listed("IN"), "values"},
		{listed("IN", long[:200]), listed("IN", "a", long), "values[1]"},
		{listed("IN", many[:1000]...), listed("IN", many...), "values"},
		{listed("NOT_IN", "a", "b"), listed("NOT_IN", ""), "values"},
		{listed("STR_STARTS_WITH", "a"), listed("STR_STARTS_WITH"), "values"},
		{listed("STR_ENDS_WITH", "a"), listed("STR_ENDS_WITH"), "values"},
		{listed("STR_CONTAINS", "a", ""), compared("STR_CONTAINS", "a"), "values"},
		{compared("NUM_EQ", "1"), compared("NUM_EQ", "one"), "value"},
		{compared("NUM_GT", "-1.5"), compared("NUM_GT", ""), "value"},
		{compared("NUM_GTE", "1e3"), compared("NUM_GTE", "NaN"), "value"},
		{compared("NUM_LT", "0"), compared("NUM_LT", "Infinity"), "value"},
		{compared("NUM_LTE", "0.1"), compared("NUM_LTE", "0x1"), "value"},
		{compared("DATE_AFTER", "2026-11-22T10:00:00Z"), compared("DATE_AFTER", "2026-13-01T00:00:00Z"), "value"},
		{compared("DATE_BEFORE", "2026-11-22T10:00:00+01:00"), compared("DATE_BEFORE", "tomorrow"), "value"},
		{compared("SEMVER_EQ", "1.2.3"), compared("SEMVER_EQ", "1.2"), "value"},
		{compared("SEMVER_GT", "1.2.3-beta.1"), compared("SEMVER_GT", "v1.2.3"), "value"},
		{compared("SEMVER_GTE", "1.2.3+build"), compared("SEMVER_GTE", ""), "value"},
		{compared("SEMVER_LT", "0.0.1"), compared("SEMVER_LT", "01.0.0"), "value"},
		{compared("SEMVER_LTE", "10.20.30"), compared("SEMVER_LTE", "latest"), "value"},
		{compared("REGEX", `^a+\d{2}$`), compared("REGEX", `(`), "value"},
		{compared("REGEX", `(?i)a`), compared("REGEX", `(?=a)`), "value"},
		{compared("REGEX", `a|b`), compared("REGEX", ``), "value"},
		{compared("REGEX", `a`), eval.Constraint{ContextName: "field", Operator: "REGEX", Value: "a", Inverted: true}, "inverted"},
		{listed("IN_CIDR", "10.0.0.0/8", "::1", "2001:db8::/32"), listed("IN_CIDR", "10.0.0.0/8", "10.0.0.0/33"), "values[1]"},
		{listed("IN_CIDR", "10.1.2.3"), listed("IN_CIDR", "fe80::1%eth0"), "values[0]"},
		{listed("IN", "a"), compared("LIKE", "a"), "operator"},
		{listed("IN", "a"), eval.Constraint{Operator: "IN", Values: []string{"a"}}, "contextName"},
	}
	w := newWorld(t)
	for _, tt := range tests {
		name := tt.bad.Operator + " " + tt.field
		if err := w.ValidateConstraint(t.Context(), tt.good); err != nil {
			t.Errorf("%s: %v, want no error", name, err)
		}
		wantErr(t, w.ValidateConstraint(t.Context(), tt.bad), control.Invalid, tt.field)
		_, err := w.AddStrategy(t.Context(), root, production, control.Strategy{Strategy: eval.Strategy{Name: "default", Constraints: []eval.Constraint{tt.bad}}})
		wantErr(t, err, control.Invalid, "strategies[0].constraints[0]."+tt.field)
		_, err = w.CreateSegment(t.Context(), root, control.Segment{Segment: eval.Segment{Name: name, Constraints: []eval.Constraint{tt.good, tt.bad}}})
		wantErr(t, err, control.Invalid, "constraints[1]."+tt.field)
	}
}

// TestEmptyValuesAreDropped keeps out what tools leave behind.
func TestEmptyValuesAreDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	st := rollout("100")
	st.Constraints = []eval.Constraint{listed("IN", "", "a", "")}
	st = must(w.AddStrategy(t.Context(), root, production, st))(t)
	diff(t, "values", []string{"a"}, st.Constraints[0].Values)
}

func TestReorderStrategies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	var ids []string
	for _, percent := range []string{"1", "2", "3"} {
		ids = append(ids, must(w.AddStrategy(ctx, root, production, rollout(percent)))(t).ID)
	}
	order := func(all ...control.StrategyOrder) func() error {
		return func() error { return w.ReorderStrategies(ctx, root, production, all) }
	}
	w.leaves(t, []change{
		{"the first last", order(control.StrategyOrder{ID: ids[0], SortOrder: 9}), []string{"rule.reorder"}},
		{"as it is", order(), []string{}},
	})
	var got []string
	for _, st := range w.servedFlag(t, production).Strategies {
		got = append(got, st.Parameters["rollout"])
	}
	diff(t, "order", []string{"2", "3", "1"}, got)
	wantErr(t, order(control.StrategyOrder{ID: "str-none"})(), control.Invalid, "[0].id")
	w.started(t)
	wantErr(t, order(control.StrategyOrder{ID: ids[0]})(), control.Conflict, "")
}

// TestProjectDefaultStrategy switches a flag on that has no strategy.
func TestProjectDefaultStrategy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	st := rollout("25")
	st.Title = "careful"
	w.leaves(t, []change{
		{"set", func() error {
			_, err := w.SetDefaultStrategy(ctx, root, "blue", "production", st)
			return err
		}, []string{"project.update"}},
		{"on", func() error {
			_, err := w.SetEnabled(ctx, root, production, true)
			return err
		}, []string{"flag.env.enable"}},
	})
	got := w.servedFlag(t, production).Strategies
	diff(t, "served", `[{"name":"flexibleRollout","constraints":[],"parameters":{"groupId":"blue-flag","rollout":"25","stickiness":"userId"}}]`, text(t, got))
	_, err := w.SetDefaultStrategy(ctx, root, "blue", "development", st)
	wantErr(t, err, control.NotFound, "")
	_, err = w.SetDefaultStrategy(ctx, root, "blue", "production", control.Strategy{Strategy: eval.Strategy{Name: "lottery"}})
	wantErr(t, err, control.Invalid, "strategies[0].name")
}
