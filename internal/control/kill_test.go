package control_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/policy"
)

// TestKill: each scope stops what it names, and nothing else; lifting it is for
// another person.
func TestKill(t *testing.T) {
	t.Parallel()
	for scope, target := range map[control.KillScope]func(c *crew, p control.Principal) string{
		control.KillAgent:   func(c *crew, _ control.Principal) string { return c.agent.ID },
		control.KillClient:  func(_ *crew, p control.Principal) string { return p.Cred },
		control.KillProject: func(*crew, control.Principal) string { return "default" },
		control.KillAll:     func(*crew, control.Principal) string { return "" },
	} {
		t.Run(string(scope), func(t *testing.T) {
			t.Parallel()
			c := newCrew(t)
			ctx, bot := t.Context(), c.bot(t)
			from := c.head(t).Size
			k := must(c.Kill(ctx, c.ann, control.Kill{Scope: scope, Target: target(c, bot), Reason: "it runs wild"}))(t)
			diff(t, "again", k, must(c.Kill(ctx, c.bob, control.Kill{Scope: scope, Target: k.Target}))(t))
			diff(t, "records", []string{"agent.kill"}, types(c.since(t, from)))
			c.accounted(t, c.since(t, from))

			from = c.head(t).Size
			wantCode(t, c.add(t, bot, development), "agent_killed")
			_, err := c.SetEnabled(ctx, bot, development, false) // not even this
			if err != nil {                                      // where there is something to switch off
				wantCode(t, err, "agent_killed")
			}
			_, _, err = c.Authenticate(ctx, c.secret)
			if scope == control.KillProject {
				check(t, err)
			} else {
				wantCode(t, err, "agent_killed")
			}
			check(t, c.FlushDenialsForTest(ctx))
			for _, r := range c.since(t, from) {
				if r.Outcome != "denied" || r.Code != "agent_killed" || r.Actor.ID != c.agent.ID {
					t.Errorf("after the kill: %s %s %s by %s", r.Type, r.Outcome, r.Code, r.Actor.ID)
				}
			}

			_, fresh := c.again(t)
			other, _, err := c.Authenticate(ctx, fresh)
			if scope == control.KillClient {
				check(t, err)
				check(t, c.add(t, other, development))
			}

			wantErr(t, c.Unkill(ctx, bot, scope, k.Target), control.Denied, "")
			wantCode(t, c.Unkill(ctx, root, scope, k.Target), "people_only")
			wantCode(t, c.Unkill(ctx, c.ann, scope, k.Target), "own_kill")
			check(t, c.Unkill(ctx, c.bob, scope, k.Target))
			wantErr(t, c.Unkill(ctx, c.bob, scope, k.Target), control.NotFound, "")
			if scope == control.KillAgent || scope == control.KillClient {
				wantCode(t, c.add(t, c.bot(t), development), "policy_denied") // it observes, at first
				check(t, c.tier(t, c.bob, control.TierGrant{Tier: policy.TierRetreat}))
			}
			check(t, c.add(t, c.bot(t), development))
		})
	}
}

func TestKillRefuses(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	ctx := t.Context()
	_, err := c.Kill(ctx, c.bot(t), control.Kill{Scope: control.KillAll})
	wantErr(t, err, control.Denied, "agent.kill")
	_, err = c.Kill(ctx, may(blue, control.PermAgentKill), control.Kill{Scope: control.KillAll})
	wantErr(t, err, control.Denied, "agent.kill")
	must(c.Kill(ctx, may(blue, control.PermAgentKill), control.Kill{Scope: control.KillProject, Target: "blue"}))(t)
	for field, in := range map[string]control.Kill{
		"scope":  {Scope: "world"},
		"target": {Scope: control.KillAll, Target: "x"},
		"reason": {Scope: control.KillAll, Reason: "a\nb"},
	} {
		_, err := c.Kill(ctx, root, in)
		wantErr(t, err, control.Invalid, field)
	}
	for _, in := range []control.Kill{
		{Scope: control.KillAgent, Target: c.ann.ID},
		{Scope: control.KillAgent, Target: "ag_99"},
		{Scope: control.KillProject, Target: "none"},
		{Scope: control.KillClient, Target: "tok_none"},
	} {
		_, err := c.Kill(ctx, root, in)
		wantErr(t, err, control.NotFound, "")
	}
}

// TestMC07KilledAgentsWriteNothing (I9): many writers of an agent, and a kill among
// them. No record of the agent's follows the kill's, whoever was authenticated
// when.
func TestMC07KilledAgentsWriteNothing(t *testing.T) {
	t.Parallel()
	for _, scope := range []control.KillScope{control.KillAgent, control.KillClient, control.KillProject, control.KillAll} {
		t.Run(string(scope), func(t *testing.T) {
			t.Parallel()
			c := newCrew(t)
			ctx, bot := t.Context(), c.bot(t)
			must(c.EditAgent(ctx, c.ann, c.agent.ID, control.AgentEdit{Budgets: map[control.BudgetKind]int{
				"writes": 1000, "flags_created": 1000,
			}}))(t)
			target := map[control.KillScope]string{
				control.KillAgent: c.agent.ID, control.KillClient: bot.Cred, control.KillProject: "default",
			}[scope]
			written := make(chan struct{}, 1)
			var writers sync.WaitGroup
			for i := range 8 {
				writers.Go(func() {
					for n := range 1000 {
						name := "flag-" + string(rune('a'+i)) + "-" + string(rune('a'+n%26)) + string(rune('a'+n/26%26))
						if _, err := c.CreateFlag(ctx, bot, control.Flag{Name: name, Project: "default"}); err != nil {
							wantCode(t, err, "agent_killed")
							return
						}
						select {
						case written <- struct{}{}:
						default:
						}
					}
				})
			}
			for range 5 {
				<-written
			}
			must(c.Kill(ctx, c.bob, control.Kill{Scope: scope, Target: target}))(t)
			writers.Wait()
			killed := false
			for _, r := range c.since(t, 0) {
				killed = killed || r.Type == "agent.kill"
				if killed && r.Actor.ID == c.agent.ID && r.Outcome == "success" {
					t.Errorf("%s by the agent at %d, after the kill", r.Type, r.Seq)
				}
			}
			if !killed {
				t.Error("the kill is not in the log")
			}
		})
	}
}

// TestKillHoldsReleases: what a killed agent has started serves what it serves,
// and no more, until a person rolls it back or lifts the kill; the gate rolls
// it back still.
func TestKillHoldsReleases(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	ctx := t.Context()
	in := starting()
	in.Flag, in.Environment = development.Flag, development.Environment
	r := must(c.StartRelease(ctx, c.bot(t), in))(t)
	from := c.head(t).Size
	must(c.Kill(ctx, c.ann, control.Kill{Scope: control.KillAgent, Target: c.agent.ID}))(t)
	diff(t, "records", []string{"agent.kill", "release.freeze"}, types(c.since(t, from)))
	view := must(c.Release(ctx, root, r.ID))(t)
	if view.Closed(c.now()) == "" || !view.Open() {
		t.Errorf("it is %s, and closed because of %q", view.State, view.Closed(c.now()))
	}
	view = c.apply(t, view, gate.Hold, gate.MinDuration)
	_, err := c.Apply(ctx, control.Engine(), c.decided(view, gate.Promote, gate.AllPass))
	wantCode(t, err, "calendar_closed")

	check(t, c.Unkill(ctx, c.bob, control.KillAgent, c.agent.ID))
	view = must(c.Release(ctx, root, r.ID))(t)
	if why := view.Closed(c.now()); why != "" {
		t.Errorf("it is still closed: %s", why)
	}
	must(c.Kill(ctx, c.ann, control.Kill{Scope: control.KillAll}))(t)
	view = must(c.Release(ctx, root, r.ID))(t)
	if got := c.apply(t, view, gate.Rollback, "P2"); got.State != control.RolledBack {
		t.Errorf("it is %s", got.State)
	}
}

// TestKillEndsWhatIsScheduled: what a killed agent has scheduled, and the stage
// that follows what it has started, do not begin; in no project where it is
// stopped.
func TestKillEndsWhatIsScheduled(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		schedule func(*testing.T, *crew) string // the release that is to begin
		kill     func(t *testing.T, c *crew) control.Kill
	}{
		"scheduled, and the agent is killed": {scheduledByBot, func(_ *testing.T, c *crew) control.Kill {
			return control.Kill{Scope: control.KillAgent, Target: c.agent.ID}
		}},
		"scheduled, and its token is": {scheduledByBot, func(t *testing.T, c *crew) control.Kill {
			return control.Kill{Scope: control.KillClient, Target: c.bot(t).Cred}
		}},
		"scheduled, and all are": {scheduledByBot, func(*testing.T, *crew) control.Kill { return control.Kill{Scope: control.KillAll} }},
		"scheduled, and they are in a project of its flags": {scheduledByBot, func(*testing.T, *crew) control.Kill {
			return control.Kill{Scope: control.KillProject, Target: "red"}
		}},
		"a next stage": {stagedByBot, func(_ *testing.T, c *crew) control.Kill {
			return control.Kill{Scope: control.KillAgent, Target: c.agent.ID}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCrew(t)
			id := tc.schedule(t, c)
			must(c.Kill(t.Context(), c.ann, tc.kill(t, c)))(t)
			c.pass(time.Hour)
			from := c.head(t).Size
			r := must(c.Release(t.Context(), root, id))(t)
			diff(t, "before it begins", control.Scheduled, r.State)
			r = must(c.BeginRelease(t.Context(), control.Engine(), id, r.Rev))(t)
			if r.State != control.Aborted || !strings.Contains(r.Note, "was stopped") {
				t.Errorf("it is %s: %s", r.State, r.Note)
			}
			for _, record := range c.since(t, from) {
				if record.Actor.ID == c.agent.ID && record.Outcome == "success" {
					t.Errorf("%s by the agent, after the kill", record.Type)
				}
			}
		})
	}
}

// scheduledByBot is a release of flags in two projects that begins in an hour.
func scheduledByBot(t *testing.T, c *crew) string {
	t.Helper()
	must(c.CreateProject(t.Context(), root, control.Project{ID: "red"}))(t)
	must(c.CreateFlag(t.Context(), root, control.Flag{Name: "red-flag", Project: "red"}))(t)
	return must(c.StartRelease(t.Context(), c.bot(t), control.StartRelease{
		Flag: development.Flag, Environment: development.Environment, Build: "b2", Plan: plan(), StartAt: c.now().Add(time.Hour),
		With: []control.StartTarget{{Flag: "red-flag", Build: "s2"}},
	}))(t).ID
}

// stagedByBot is what follows a release of the agent's that has completed.
func stagedByBot(t *testing.T, c *crew) string {
	t.Helper()
	started := must(c.StartRelease(t.Context(), c.bot(t), control.StartRelease{Flag: development.Flag, Build: "b2", Plan: inStages()}))(t)
	r := must(c.Release(t.Context(), root, started.ID))(t)
	for r.Open() {
		r = c.apply(t, r, gate.Promote, gate.AllPass)
	}
	return r.Next
}
