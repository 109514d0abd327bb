package control_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/policy"
	"github.com/lockflight/lockflight/sdk/eval"
)

// under is a service over the same store, with a policy.
func (w *world) under(p *policy.Policy) *control.Service {
	return control.New(control.Options{
		Store: w.db, Now: w.now, Origin: "test", Logger: slog.New(slog.DiscardHandler), Policy: p,
	})
}

func wantApproval(t *testing.T, err error) {
	t.Helper()
	var e *control.Error
	if !asError(err, &e) || e.Kind != control.Denied || e.Code != "approval_required" {
		t.Errorf("error %v, want approval_required", err)
	}
}

// TestAgentsUnderTheDefaultPolicy: an agent that was granted everything acts
// outside production, and in production does what reduces exposure, and
// nothing else; a person does both.
func TestAgentsUnderTheDefaultPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.under(must(policy.Default())(t))
	bot := root
	bot.Kind, bot.ID = control.KindAgent, "ag_1"
	at := func(env string) control.Ref {
		return control.Ref{Project: "default", Flag: "green-flag", Environment: env}
	}
	add := func(p control.Principal, env string) error {
		_, err := s.AddStrategy(t.Context(), p, at(env), rollout("50"))
		return err
	}
	enable := func(p control.Principal, env string, on bool) error {
		_, err := s.SetEnabled(t.Context(), p, at(env), on)
		return err
	}

	before := w.head(t).Size
	check(t, add(bot, "development"))
	check(t, enable(bot, "development", true))
	check(t, add(root, "production"))
	wantApproval(t, enable(bot, "production", true))
	check(t, enable(root, "production", true))
	wantApproval(t, add(bot, "production"))
	check(t, enable(bot, "production", false))

	rules := []string{}
	for _, r := range w.since(t, before) {
		rules = append(rules, r.Type+" "+r.Authz.Rule)
	}
	diff(t, "records and the rules that allowed them", []string{
		"rule.create agents-act-outside-production", "flag.env.enable agents-act-outside-production",
		"rule.create people-and-machines", "flag.env.enable people-and-machines", "flag.env.disable I5",
	}, rules)
}

// TestAgentsReachProduction: what belongs to no environment, but changes what
// production serves, waits as it does there.
func TestAgentsReachProduction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, s := t.Context(), w.under(must(policy.Default())(t))
	bot := root
	bot.Kind, bot.ID = control.KindAgent, "ag_1"
	users := func(ids ...string) []eval.Constraint {
		return []eval.Constraint{{ContextName: "userId", Operator: "IN", Values: ids}}
	}
	seg := must(w.CreateSegment(ctx, root, control.Segment{Segment: eval.Segment{Name: "few", Constraints: users("a", "b")}}))(t)
	st := rollout("100")
	st.Segments = []int{seg.ID}
	ref := control.Ref{Project: "blue", Flag: "blue-flag", Environment: "production"}
	must(w.AddStrategy(ctx, root, ref, st))(t)
	must(w.SetEnabled(ctx, root, ref, true))(t)

	for name, do := range map[string]func(context.Context) error{
		"a wider segment": func(ctx context.Context) error {
			more := seg
			more.Constraints = users("a", "b", "c")
			return s.UpdateSegment(ctx, bot, more)
		},
		"production called a development": func(ctx context.Context) error {
			return s.EditEnvironments(ctx, bot, map[string]control.EnvironmentEdit{"production": {Type: new("development")}})
		},
		"an environment more in production": func(ctx context.Context) error {
			_, err := s.CreateEnvironment(ctx, bot, control.Environment{Name: "eu", Type: "production"})
			return err
		},
	} {
		t.Log(name)
		wantApproval(t, do(ctx))
	}
	seg.Constraints = users("a")
	check(t, s.UpdateSegment(ctx, bot, seg)) // of fewer
	description := "by an agent"
	check(t, s.EditFlags(ctx, bot, "blue", []string{"blue-flag"}, control.FlagEdit{Description: &description}))
}
