package control_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/policy"
)

// crew is a world with two people who may do everything, and an agent of the
// first, which acts on her behalf in all projects.
type crew struct {
	*world

	ann, bob control.Principal // signed in
	agent    control.Account
	secret   string
}

func newCrew(t testing.TB) *crew {
	t.Helper()
	c := &crew{world: newWorld(t)}
	c.Service = c.under(must(policy.Default())(t))
	ann, bob := c.person(t, "ann", control.RoleAdmin), c.person(t, "bob", control.RoleAdmin)
	c.ann, c.bob = c.signedIn(t, ann), c.signedIn(t, bob)
	c.agent = must(c.RegisterAgent(t.Context(), c.ann, control.Account{
		Username: "bot", Owner: ann.ID, Purpose: "rolls out what it builds", Role: control.RoleAdmin,
	}))(t)
	_, secret, err := c.CreateToken(t.Context(), c.ann, control.Token{Name: "bot", Type: control.TokenAgent, Owner: c.agent.ID, For: ann.ID})
	check(t, err)
	c.secret = secret
	return c
}

// bot is the agent as it is authenticated now.
func (c *crew) bot(t testing.TB) control.Principal {
	t.Helper()
	p, _, err := c.Authenticate(t.Context(), c.secret)
	check(t, err)
	return p
}

// development is where the agent may act.
var development = control.Ref{Project: "default", Flag: "green-flag", Environment: "development"}

func (c *crew) add(t testing.TB, p control.Principal, ref control.Ref) error {
	t.Helper()
	_, err := c.AddStrategy(t.Context(), p, ref, rollout("50"))
	return err
}

func (c *crew) tier(t testing.TB, p control.Principal, g control.TierGrant) error {
	t.Helper()
	_, err := c.EditAgent(t.Context(), p, c.agent.ID, control.AgentEdit{Tiers: []control.TierGrant{g}})
	return err
}

// wantLeaves compares the records of what was refused.
func (c *crew) wantLeaves(t testing.TB, from int64, want ...string) {
	t.Helper()
	check(t, c.FlushDenialsForTest(t.Context()))
	got := []string{}
	for _, r := range c.since(t, from) {
		if r.Outcome == "denied" {
			got = append(got, fmt.Sprint(r.Type, " ", r.Code, " ", r.Count, " ", strings.Join(r.Authz.Perm, ",")))
		}
	}
	diff(t, "leaves", want, got)
}

func wantCode(t testing.TB, err error, want string) {
	t.Helper()
	var e *control.Error
	if !asError(err, &e) || e.Code != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestRegisterAgent(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	ctx := t.Context()
	in := control.Account{Username: "two", Owner: c.ann.ID, Purpose: "tests", Role: control.RoleViewer}
	for field, spoil := range map[string]func(*control.Account){
		"purpose": func(a *control.Account) { a.Purpose = "" },
		"owner":   func(a *control.Account) { a.Owner = c.agent.ID },
		"tier":    func(a *control.Account) { a.Tiers = []control.TierGrant{{Tier: "A9"}} },
		"budgets": func(a *control.Account) { a.Budgets = map[control.BudgetKind]int{"coffee": 1} },
		"budgets.writes": func(a *control.Account) {
			a.Budgets = map[control.BudgetKind]int{control.BudgetWrites: 1001}
		},
	} {
		bad := in
		spoil(&bad)
		_, err := c.RegisterAgent(ctx, c.ann, bad)
		wantErr(t, err, control.Invalid, field)
	}
	_, err := c.RegisterAgent(ctx, c.bot(t), in)
	wantErr(t, err, control.Denied, "agent.update")

	in.Tiers = []control.TierGrant{{Tier: policy.TierPropose}}
	from := c.head(t).Size
	a := must(c.RegisterAgent(ctx, root, in))(t) // less than an agent has takes no person
	diff(t, "records", []string{"agent.create"}, types(c.since(t, from)))
	view := must(c.Agent(ctx, root, a.ID))(t)
	if view.Tier != policy.TierPropose || len(view.Kills) > 0 || view.Owner != c.ann.ID {
		t.Errorf("it is registered as %+v", view)
	}
	if all := must(c.Agents(ctx, root))(t); len(all) != 2 {
		t.Errorf("there are %d agents", len(all))
	}
}

// TestTiers: the narrowest place counts, a tier ends, and more of it takes a
// person.
func TestTiers(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	check(t, c.add(t, c.bot(t), development))
	wantApproval(t, c.add(t, c.bot(t), production))

	check(t, c.tier(t, c.ann, control.TierGrant{Tier: policy.TierObserve}))
	wantCode(t, c.add(t, c.bot(t), development), "policy_denied")
	wantErr(t, c.tier(t, root, control.TierGrant{Tier: policy.TierBuild, Environment: "development"}), control.Denied, "agent.update")
	check(t, c.tier(t, c.bob, control.TierGrant{Tier: policy.TierBuild, Environment: "development"}))
	check(t, c.add(t, c.bot(t), development))

	check(t, c.tier(t, c.bob, control.TierGrant{Tier: policy.TierObserve, Project: "default"}))
	wantCode(t, c.add(t, c.bot(t), development), "policy_denied")
	check(t, c.tier(t, c.bob, control.TierGrant{Tier: policy.TierBuild, Project: "default"}))
	check(t, c.add(t, c.bot(t), development))

	long := c.now().Add(91 * 24 * time.Hour)
	wantErr(t, c.tier(t, c.bob, control.TierGrant{Tier: policy.TierProgress, ExpiresAt: &long}), control.Invalid, "expiresAt")
	c.pass(89 * 24 * time.Hour)
	c.bob = c.signedIn(t, must(c.Account(t.Context(), root, c.bob.ID))(t))
	_, c.secret = c.again(t)
	check(t, c.add(t, c.bot(t), development))
	c.pass(25 * time.Hour)
	wantApproval(t, c.add(t, c.bot(t), development)) // an agent that proposes

	check(t, c.tier(t, root, control.TierGrant{Tier: policy.TierOff, Project: "default"}))
	_, err := c.Flag(t.Context(), c.bot(t), "default", "green-flag")
	wantErr(t, err, control.NotFound, "")
}

// again gives the agent another token.
func (c *crew) again(t testing.TB) (control.Token, string) {
	t.Helper()
	ann := c.signedIn(t, must(c.Account(t.Context(), root, c.ann.ID))(t))
	out, secret, err := c.CreateToken(t.Context(), ann, control.Token{Name: "more", Type: control.TokenAgent, Owner: c.agent.ID, For: ann.ID})
	check(t, err)
	return out, secret
}

// TestDemotedByRollbacks: an agent whose releases are rolled back twice in a day
// does no more than reduce exposure, until a person gives it a tier.
func TestDemotedByRollbacks(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	bot := c.bot(t)
	for i := range 2 {
		must(c.SetEnabled(t.Context(), root, development, false))(t)
		in := starting()
		in.Flag, in.Environment, in.Build = development.Flag, development.Environment, fmt.Sprint("b", i+2)
		r := must(c.StartRelease(t.Context(), bot, in))(t)
		c.apply(t, must(c.Release(t.Context(), root, r.ID))(t), gate.Rollback, "P2")
	}
	last := c.since(t, c.head(t).Size-1)[0]
	if last.Type != "agent.demote" || last.Actor.ID != "sys:guard" || last.Res.ID != c.agent.ID {
		t.Errorf("the last record is %s of %s by %s", last.Type, last.Res.ID, last.Actor.ID)
	}
	wantCode(t, c.add(t, bot, development), "policy_denied")
	view := must(c.Agent(t.Context(), root, c.agent.ID))(t)
	if view.Tier != policy.TierObserve || view.Demoted.Why != "rollbacks" {
		t.Errorf("its tier is %s, %+v", view.Tier, view.Demoted)
	}
	check(t, c.tier(t, root, control.TierGrant{Tier: policy.TierBuild})) // a machine takes, and lifts nothing
	wantCode(t, c.add(t, bot, development), "policy_denied")
	check(t, c.tier(t, c.bob, control.TierGrant{Tier: policy.TierRetreat}))
	check(t, c.add(t, bot, development))
}

// TestDemotedStillReduces: what a demotion leaves is the way back.
func TestDemotedStillReduces(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	must(c.AddStrategy(t.Context(), root, production, rollout("50")))(t)
	must(c.SetEnabled(t.Context(), root, production, true))(t)
	check(t, c.DemoteForTest(t.Context(), c.agent.ID))
	wantCode(t, c.add(t, c.bot(t), development), "policy_denied")
	must(c.SetEnabled(t.Context(), c.bot(t), production, false))(t)
}

// TestBudgets: what an agent does too much of is refused with the figure, the
// limit and the moment at which there is room, and with a leaf; what reduces
// exposure never is.
func TestBudgets(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	bot := c.bot(t)
	from := c.head(t).Size
	for range 4 {
		check(t, c.add(t, bot, development))
		c.pass(time.Minute)
	}
	err := c.add(t, bot, development)
	wantErr(t, err, control.Limited, "flag_writes")
	wantCode(t, err, "budget_exceeded")
	for _, part := range []string{"4 of 4 are spent by agent " + c.agent.ID, "in the last 1h", "at 2026-11-22T11:00:00Z", "(in 56m)"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	must(c.SetEnabled(t.Context(), bot, development, false))(t)
	c.pass(57 * time.Minute)
	check(t, c.add(t, bot, development))

	c.wantLeaves(t, from, "authz.denied budget_exceeded 1 flag_writes")
	spent := map[control.BudgetKind]int{}
	for _, one := range must(c.Agent(t.Context(), root, c.agent.ID))(t).Spent {
		spent[one.Kind] = one.Spent
	}
	diff(t, "spent", map[control.BudgetKind]int{
		"writes": 3, "flag_writes": 3, "flags_created": 0, "releases_started": 0, "releases_open": 0, "raised": 0, "raised_in_production": 0,
	}, spent)
}

// TestMC09BudgetsAreShared: agents do not do together, for one person or in one
// project, what none of them may do alone; another replica counts on.
func TestMC09BudgetsAreShared(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	other := must(c.RegisterAgent(t.Context(), c.ann, control.Account{
		Username: "two", Owner: c.bob.ID, Purpose: "tests", Role: control.RoleAdmin,
	}))(t)
	_, secret, err := c.CreateToken(t.Context(), c.bob, control.Token{Name: "two", Type: control.TokenAgent, Owner: other.ID, For: c.bob.ID})
	check(t, err)
	two, _, err := c.Authenticate(t.Context(), secret)
	check(t, err)
	for range 2 {
		check(t, c.add(t, c.bot(t), development))
		check(t, c.add(t, two, development))
	}
	replica := c.under(must(policy.Default())(t))
	_, err = replica.AddStrategy(t.Context(), two, development, rollout("1"))
	wantCode(t, err, "budget_exceeded")
	if !strings.Contains(err.Error(), "agents in project default") {
		t.Errorf("it does not say whose budget it is: %v", err)
	}
	must(c.EditAgent(t.Context(), c.bob, other.ID, control.AgentEdit{Budgets: map[control.BudgetKind]int{"flag_writes": 100}}))(t)
	check(t, c.add(t, two, development))
	_, err = c.EditAgent(t.Context(), root, other.ID, control.AgentEdit{Budgets: map[control.BudgetKind]int{"writes": 21}})
	wantCode(t, err, "people_only")
}

// TestDemotedByBudget: the third time within a day takes the tier.
func TestDemotedByBudget(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	for range 4 {
		check(t, c.add(t, c.bot(t), development))
	}
	from := c.head(t).Size
	for range 3 {
		wantCode(t, c.add(t, c.bot(t), development), "budget_exceeded")
	}
	c.wantLeaves(t, from, "authz.denied budget_exceeded 3 flag_writes")
	if d := must(c.Agent(t.Context(), root, c.agent.ID))(t).Demoted; d == nil || d.Why != "budget" {
		t.Errorf("the demotion is %+v", d)
	}
	wantCode(t, c.add(t, c.bot(t), development), "policy_denied")
}

// TestFlagsOfAgents come with an owner, a lifetime and a class of risk, start
// off, and count.
func TestFlagsOfAgents(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	ctx, bot := t.Context(), c.bot(t)
	made := must(c.CreateFlag(ctx, bot, control.Flag{Name: "one", Project: "default"}))(t)
	if made.Owner != c.ann.ID || made.LifetimeDays != 40 || made.Risk != control.RiskHigh {
		t.Errorf("it is made with owner %q, %d days, risk %q", made.Owner, made.LifetimeDays, made.Risk)
	}
	said := must(c.CreateFlag(ctx, bot, control.Flag{Name: "two", Project: "default", Owner: c.bob.ID, LifetimeDays: 7, Risk: control.RiskLow, Type: "kill-switch"}))(t)
	if said.Owner != c.bob.ID || said.LifetimeDays != 7 || said.Risk != control.RiskLow {
		t.Errorf("it is made with owner %q, %d days, risk %q", said.Owner, said.LifetimeDays, said.Risk)
	}
	clone := must(c.CloneFlag(ctx, bot, "default", "green-flag", "three", false))(t)
	if clone.Owner == "" || clone.LifetimeDays == 0 || clone.Risk == "" {
		t.Errorf("a clone is made with owner %q, %d days, risk %q", clone.Owner, clone.LifetimeDays, clone.Risk)
	}
	for _, env := range clone.Environments {
		if env.Enabled {
			t.Errorf("it is on in %s", env.Environment)
		}
	}
	for field, in := range map[string]control.Flag{
		"lifetimeDays": {Name: "four", Project: "default", Type: "kill-switch"},
		"owner":        {Name: "four", Project: "default", Owner: "u_99"},
		"risk":         {Name: "four", Project: "default", Risk: "none"},
	} {
		_, err := c.CreateFlag(ctx, bot, in)
		wantErr(t, err, control.Invalid, field)
	}
	must(c.EditAgent(ctx, c.ann, c.agent.ID, control.AgentEdit{Budgets: map[control.BudgetKind]int{"flags_created": 4}}))(t)
	must(c.CreateFlag(ctx, bot, control.Flag{Name: "four", Project: "default"}))(t)
	_, err := c.CreateFlag(ctx, bot, control.Flag{Name: "five", Project: "default"})
	wantErr(t, err, control.Limited, "flags_created")
	wantApproval(t, func() error {
		_, err := c.SetEnabled(ctx, bot, control.Ref{Project: "default", Flag: "one", Environment: "production"}, true)
		return err
	}())
}
