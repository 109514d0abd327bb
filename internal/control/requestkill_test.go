package control_test

import (
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// waiting is a request of an agent's, in production, that has its approval.
func (c *crew) waiting(t *testing.T) control.RequestView {
	t.Helper()
	must(c.AddStrategy(t.Context(), root, production, rollout("10")))(t)
	_, err := c.SetEnabled(t.Context(), proposing(c.bot(t)), production, true)
	e := &control.Error{}
	if !asError(err, &e) || e.Kind != control.Proposed {
		t.Fatalf("error %v, want Proposed", err)
	}
	eve := c.signedIn(t, c.person(t, "eve", control.RoleAdmin))
	v := must(c.Request(t.Context(), eve, e.Field))(t)
	return must(c.ApproveRequest(t.Context(), eve, v.ID, v.Digest, "fine"))(t)
}

// TestCR12KillFreezes (I9): a kill freezes what its agent has proposed, approved
// or scheduled as it may be. Lifting the kill does not thaw it: a person takes it
// up as their own, and does not approve it.
func TestCR12KillFreezes(t *testing.T) {
	t.Parallel()
	for _, scope := range []control.KillScope{control.KillAgent, control.KillClient, control.KillProject, control.KillAll} {
		t.Run(string(scope), func(t *testing.T) {
			t.Parallel()
			c := newCrew(t)
			ctx, bot := t.Context(), c.bot(t)
			v := c.waiting(t)
			v = must(c.ScheduleRequest(ctx, c.bob, v.ID, c.now().Add(time.Hour)))(t)
			target := map[control.KillScope]string{
				control.KillAgent: c.agent.ID, control.KillClient: bot.Cred, control.KillProject: production.Project,
			}[scope]
			from := c.head(t).Size
			must(c.Kill(ctx, c.ann, control.Kill{Scope: scope, Target: target}))(t)
			diff(t, "records", []string{"agent.kill", "cr.freeze"}, types(c.since(t, from)))
			c.pass(2 * time.Hour)
			check(t, c.SettleRequests(ctx))
			wantCode(t, err2(c.ApplyRequest(ctx, c.bob, v.ID)), "not_now")
			check(t, c.Unkill(ctx, c.bob, scope, target))
			v = must(c.Request(ctx, c.bob, v.ID))(t)
			diff(t, "state after the kill was lifted", control.RequestFrozen, v.State)

			v = must(c.ThawRequest(ctx, c.bob, v.ID, ""))(t)
			diff(t, "approvals", 0, len(v.Approvals))
			wantCode(t, err2(c.ApproveRequest(ctx, c.bob, v.ID, v.Digest, "")), "own_request")
			diff(t, "who answers", c.bob.ID, v.Authors[0].ID)
		})
	}
}

// TestCR12OthersGoOn: a kill elsewhere leaves a request as it is.
func TestCR12OthersGoOn(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	ctx := t.Context()
	v := c.waiting(t)
	must(c.CreateProject(ctx, root, control.Project{ID: "elsewhere", Name: "elsewhere"}))(t)
	must(c.Kill(ctx, c.ann, control.Kill{Scope: control.KillProject, Target: "elsewhere"}))(t)
	diff(t, "state", control.RequestApplied, must(c.ApplyRequest(ctx, c.bob, v.ID))(t).State)
}

// TestI8DemotedBeforeApply: the policy is asked when a request is applied, about
// what its author may have proposed now.
func TestI8DemotedBeforeApply(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	v := c.waiting(t)
	check(t, c.tier(t, c.ann, control.TierGrant{Tier: "A0"}))
	wantCode(t, err2(c.ApplyRequest(t.Context(), c.bob, v.ID)), "policy_denied")
}

// TestRequestsTakeNoBudget: what people have approved is not held back by a budget
// of the agent that proposed it; proposing is a write of the agent's.
func TestRequestsTakeNoBudget(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	ctx := t.Context()
	must(c.EditAgent(ctx, c.ann, c.agent.ID, control.AgentEdit{Budgets: map[control.BudgetKind]int{control.BudgetWrites: 1}}))(t)
	v := c.waiting(t)
	diff(t, "state", control.RequestApplied, must(c.ApplyRequest(ctx, c.bob, v.ID))(t).State)
	_, err := c.AddStrategy(ctx, proposing(c.bot(t)), production, rollout("20"))
	wantCode(t, err, control.CodeBudget)
}
