package control_test

import (
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/sdk/eval"
)

// answer is what a test looks at in an Explanation.
type answer struct {
	Enabled  bool
	Reason   eval.Reason
	Strategy int
	Revision int64
	Message  string
}

func answerOf(e control.Explanation) answer {
	return answer{e.Enabled, e.Reason, e.Strategy, e.Revision, e.Message}
}

func asked(user string, at time.Time) control.Question {
	return control.Question{
		Flag: production.Flag, Environment: production.Environment, Context: eval.Context{UserID: user}, At: at,
	}
}

func in(field string, values ...string) eval.Constraint {
	return eval.Constraint{ContextName: field, Operator: "IN", Values: values}
}

// TestExplainAsOf changes strategy, segment and release a minute apart, and
// then asks about each minute.
func TestExplainAsOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	w.pass(time.Minute)
	staff := must(w.CreateSegment(ctx, root, control.Segment{Segment: eval.Segment{Name: "staff", Constraints: []eval.Constraint{in("userId", "ann")}}}))(t)
	st := control.Strategy{Strategy: eval.Strategy{
		Name: "userWithId", Parameters: eval.Parameters{"userIds": "ann,bob"}, Segments: []int{staff.ID},
	}}
	disabled := rollout("0")
	disabled.Disabled = true
	must(w.AddStrategy(ctx, root, production, disabled))(t)
	st = must(w.AddStrategy(ctx, root, production, st))(t)
	must(w.SetEnabled(ctx, root, production, true))(t)
	w.pass(time.Minute)
	st.Segments, st.Constraints = nil, []eval.Constraint{in("userId", "bob")}
	must(w.UpdateStrategy(ctx, root, production, st))(t)
	w.pass(time.Minute)
	r := w.started(t)
	w.pass(time.Minute)
	w.apply(t, r, gate.Rollback, "P5_SEVERE:safety_pass_rate")
	w.pass(time.Minute)

	for _, test := range []struct {
		user   string
		minute int
		want   answer
	}{
		{"ann", 0, answer{false, eval.ReasonDisabled, -1, 0, "the flag is switched off"}},
		{"ann", 1, answer{true, eval.ReasonMatch, 0, 3, `strategy 0 (userWithId) matches: "ann" is in the list`}},
		{"bob", 1, answer{false, eval.ReasonNoMatch, -1, 3, `no strategy matches; strategy 0 (userWithId): segment 1: userId IN ["ann"] does not hold: it is "bob"`}},
		{"ann", 2, answer{false, eval.ReasonNoMatch, -1, 4, `no strategy matches; strategy 0 (userWithId): userId IN ["bob"] does not hold: it is "ann"`}},
		{"bob", 2, answer{true, eval.ReasonMatch, 0, 4, `strategy 0 (userWithId) matches: "bob" is in the list`}},
		{"bob", 4, answer{true, eval.ReasonMatch, 0, 4, `strategy 0 (userWithId) matches: "bob" is in the list`}},
	} {
		at := begin.Add(time.Duration(test.minute) * time.Minute)
		got := must(w.Explain(ctx, root, asked(test.user, at)))(t)
		diff(t, test.user+" at minute "+at.Format("4"), test.want, answerOf(got))
		diff(t, "release then", "", got.Release)
		if want := map[bool]string{true: st.ID}[got.Enabled]; got.StrategyID != want {
			t.Errorf("strategy %q decided, want %q", got.StrategyID, want)
		}
	}
	during := must(w.Explain(ctx, root, asked("bob", begin.Add(3*time.Minute))))(t)
	diff(t, "release that ran at minute 3", r.ID, during.Release)
	diff(t, "enabled by it or beside it", true, during.Enabled)
	now := must(w.Explain(ctx, root, asked("bob", time.Time{})))(t)
	diff(t, "moment of the answer", w.now(), now.At)
}

// TestExplainAgrees checks that what is explained is what is served.
func TestExplainAgrees(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(w.AddStrategy(t.Context(), root, production, rollout("37")))(t)
	must(w.SetEnabled(t.Context(), root, production, true))(t)
	served := must(w.Served(t.Context(), production.Environment))(t)
	set, warnings := eval.Compile(eval.Snapshot{Features: served.Flags, Segments: served.Segments})
	if len(warnings) > 0 {
		t.Fatal(warnings)
	}
	for _, user := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"} {
		got := must(w.Explain(t.Context(), root, asked(user, time.Time{})))(t)
		want, _ := set.Bool(production.Flag, &eval.Context{UserID: user})
		diff(t, "user "+user, want, got.Enabled)
	}
}

func TestExplainErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	elsewhere := asked("a", time.Time{})
	elsewhere.Environment = "development" // where the project blue is not served
	unknown := asked("a", time.Time{})
	unknown.Flag = "none"
	for _, test := range []struct {
		name  string
		by    control.Principal
		q     control.Question
		kind  control.Kind
		field string
	}{
		{"in the future", root, asked("a", begin.Add(time.Hour)), control.Invalid, "at"},
		{"before the flag", root, asked("a", begin.Add(-time.Hour)), control.NotFound, "flag"},
		{"no such flag", root, unknown, control.NotFound, "flag"},
		{"not served there", root, elsewhere, control.NotFound, ""},
		{"may not read", may(control.Scope{Project: "default"}, control.PermRead), asked("a", time.Time{}), control.NotFound, "flag"},
	} {
		_, err := w.Explain(t.Context(), test.by, test.q)
		t.Log(test.name)
		wantErr(t, err, test.kind, test.field)
	}
}
