package control

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/policy"
)

// DefaultTier is that of an agent where nobody has given it one: it acts outside
// production, and takes back in it, of what its roles allow.
const DefaultTier = policy.TierRetreat

// tierLife is how long a tier above TierPropose counts; then it is TierPropose.
const tierLife = 90 * 24 * time.Hour

// TierGrant is the tier of an agent in a place. Of several, that which names a
// project counts before one that names an environment, and that before one for
// all places.
type TierGrant struct {
	Tier        policy.Tier `json:"tier"`
	Project     string      `json:"project"`     // All for every project
	Environment string      `json:"environment"` // All for every environment
	ExpiresAt   *time.Time  `json:"expiresAt,omitempty"`
	By          string      `json:"by"` // the principal's id
	At          time.Time   `json:"at"`
}

// Demotion says that an agent has lost its tier by what it did. Until a person
// gives it a tier again it may do no more than reduce exposure.
type Demotion struct {
	At  time.Time `json:"at"`
	Why string    `json:"why"` // rollbacks, budget or kill
}

// covers reports whether the tier is for a place. What belongs to no environment
// has the tier of all of them.
func (g TierGrant) covers(at Scope) bool {
	return (g.Project == All || g.Project == at.Project) && (g.Environment == All || g.Environment == at.Environment)
}

func (g TierGrant) narrowness() int {
	n := 0
	if g.Project != All {
		n += 2
	}
	if g.Environment != All {
		n++
	}
	return n
}

// TierAt returns the tier of an agent in a place at a moment, without regard to
// a demotion.
func (a Account) TierAt(at Scope, now time.Time) policy.Tier {
	best := TierGrant{Tier: DefaultTier, Project: All, Environment: All}
	for _, g := range a.Tiers {
		if g.covers(at) && g.narrowness() >= best.narrowness() {
			best = g
		}
	}
	if best.ExpiresAt != nil && !now.Before(*best.ExpiresAt) {
		return min(best.Tier, policy.TierPropose) // the names of tiers are in their order
	}
	return best.Tier
}

// off are the projects in which an agent has no tier at all, and whether that
// is so in all that are not named.
func (a Account) off(now time.Time) (projects []string, all bool) {
	for _, g := range a.Tiers {
		if g.Environment != All || a.TierAt(Scope{Project: g.Project}, now) != policy.TierOff {
			continue
		}
		if g.Project == All {
			all = true
		} else {
			projects = append(projects, g.Project)
		}
	}
	return projects, all
}

// withoutOff takes the right to read anything from an agent whose tier is none.
func (p *Principal) withoutOff(now time.Time) {
	projects, all := p.agent.off(now)
	if all {
		p.Grants = nil
		return
	}
	for i := range p.Grants {
		p.Grants[i].Except = slices.Concat(p.Grants[i].Except, projects)
	}
}

// RegisterAgent adds an agent: an Account of KindAgent, with an owner who is a
// person, a purpose, and the tiers and budgets that it begins with.
func (s *Service) RegisterAgent(ctx context.Context, p Principal, in Account) (Account, error) {
	in.Kind = KindAgent
	if in.Purpose == "" {
		return Account{}, Invalidf("purpose", "must say what the agent is for")
	}
	if err := in.check(); err != nil {
		return Account{}, err
	}
	err := s.write(ctx, p, Normal, func(w *work) (err error) {
		if err := w.may(Scope{}, PermAgentWrite); err != nil {
			return err
		}
		wanted := in
		if in, err = w.newAccount(in); err != nil {
			return err
		}
		for _, g := range wanted.Tiers {
			if err := w.setTier(&in, g); err != nil {
				return err
			}
		}
		if err := w.setBudgets(&in, wanted.Budgets); err != nil {
			return err
		}
		return w.put(accountEvent("create", in))
	})
	return in, err
}

// AgentEdit says what to change of what an agent does by itself.
type AgentEdit struct {
	Tiers   []TierGrant        // each takes the place of that for the same place
	Budgets map[BudgetKind]int // each takes the place of that of the same kind; 0 for the default
}

// EditAgent gives an agent tiers and budgets. Less of both takes PermAgentWrite;
// more takes a person, who lifts a demotion by giving a tier.
func (s *Service) EditAgent(ctx context.Context, p Principal, id string, in AgentEdit) (Account, error) {
	var out Account
	err := s.write(ctx, p, Normal, func(w *work) (err error) {
		if err := w.may(Scope{}, PermAgentWrite); err != nil {
			return err
		}
		if out, err = agentOf(w, id); err != nil {
			return err
		}
		for _, g := range in.Tiers {
			if err := w.setTier(&out, g); err != nil {
				return err
			}
		}
		if err := w.setBudgets(&out, in.Budgets); err != nil {
			return err
		}
		return w.put(accountEvent("update", out))
	})
	return out, err
}

// agentOf reads an account that is an agent's.
func agentOf(tx ReadTx, id string) (Account, error) {
	a, err := get[Account](tx, KindAccount, id)
	if err == nil && a.Kind != KindAgent {
		return a, Errorf(NotFound, "not_found", "%s is no agent", a)
	}
	return a, asMissing(err, "agent", id)
}

// setTier gives an agent one tier. What is not less than it has takes a person,
// by whom a demotion ends.
func (w *work) setTier(a *Account, g TierGrant) error {
	g.Project, g.Environment = cmp.Or(g.Project, All), cmp.Or(g.Environment, All)
	if g.Tier.Rank() < 0 {
		return Invalidf("tier", "%q is not one of %v", g.Tier, policy.Tiers)
	}
	if err := w.exist(Token{Projects: []string{g.Project}, Environment: g.Environment}); err != nil {
		return err
	}
	g.By, g.At = w.p.ID, w.now
	if g.Tier > policy.TierPropose {
		if g.ExpiresAt == nil {
			g.ExpiresAt = new(w.now.Add(tierLife))
		}
		if !g.ExpiresAt.After(w.now) || g.ExpiresAt.After(w.now.Add(tierLife)) {
			return Invalidf("expiresAt", "must be within %d days: give the tier again before it ends", int(tierLife.Hours()/24))
		}
	} else {
		g.ExpiresAt = nil
	}
	less := g.Tier < a.TierAt(Scope{dropAll(g.Project), dropAll(g.Environment)}, w.now)
	if !less && g.Tier > policy.TierOff {
		if err := w.byPerson(PermAgentWrite, "gives an agent more than it has"); err != nil {
			return err
		}
	}
	if w.p.Kind == KindHuman {
		a.Demoted = nil
	}
	a.Tiers = slices.DeleteFunc(slices.Clone(a.Tiers), func(old TierGrant) bool {
		return old.Project == g.Project && old.Environment == g.Environment
	})
	a.Tiers = append(a.Tiers, g)
	return nil
}

func dropAll(name string) string {
	if name == All {
		return ""
	}
	return name
}

// byPerson refuses what only a person does, whatever else is held.
func (w *work) byPerson(perm Permission, what string) error {
	if w.p.Kind == KindHuman {
		return nil
	}
	return &Error{Kind: Denied, Code: "people_only", Field: string(perm), Msg: "only a person " + what + ": use a personal token, or sign in"}
}

// The reasons of a Demotion.
const (
	demotedRollbacks = "rollbacks"
	demotedBudget    = "budget"
	demotedKill      = "kill"
)

// demote takes from an agent all but what reduces exposure.
func (w *work) demote(id, why string) error {
	a, err := agentOf(w, id)
	if err != nil || a.Demoted != nil {
		return present(err)
	}
	a.Demoted = &Demotion{At: w.now, Why: why}
	return w.put(accountEvent("demote", a))
}

// Demotion is automatic where so many releases of an agent were rolled back
// within so long.
const (
	maxRollbacks   = 2
	rollbackWindow = 24 * time.Hour
)

// attribute demotes an agent whose releases are rolled back too often. It is
// for the inside of the rollback's transaction, after that was written.
func (w *work) attribute(r Release) error {
	if !isAgent(r.StartedBy) {
		return nil
	}
	closed, err := list[Release](w, KindRelease, releasesClosed)
	if err != nil {
		return err
	}
	n := 0
	for _, one := range closed {
		if one.StartedBy == r.StartedBy && one.State == RolledBack && w.now.Sub(*one.EndedAt) < rollbackWindow {
			n++
		}
	}
	if n < maxRollbacks {
		return nil
	}
	return w.as(guard(), func() error { return w.demote(r.StartedBy, demotedRollbacks) })
}

// guard is the principal that demotes.
func guard() Principal { return system("guard") }

// as carries out a part of a write in the name of another.
func (w *work) as(p Principal, part func() error) error {
	was, perm := w.p, w.perm
	w.p, w.perm = p, PermAny
	err := part()
	w.p, w.perm = was, perm
	return err
}

// isAgent reports whether an id is an agent's.
func isAgent(id string) bool {
	return len(id) > len("ag_") && id[:len("ag_")] == accountPrefixes[KindAgent]
}

// AgentView is an agent with what holds of it now.
type AgentView struct {
	Account

	Kills []Kill      // that stop it, wholly or in a project
	Spent []Spending  // of its own budgets, in the order of Budgets
	Tier  policy.Tier // everywhere that no grant is narrower; A1 where it was demoted
}

// Agents lists the agents, by number.
func (s *Service) Agents(ctx context.Context, p Principal) ([]AgentView, error) {
	if err := p.May(PermUserRead, Scope{}); err != nil {
		return nil, err
	}
	var out []AgentView
	err := s.store.View(ctx, func(tx ReadTx) error {
		all, err := list[Account](tx, KindAccount, "")
		if err != nil {
			return err
		}
		for _, a := range all {
			if a.Kind != KindAgent {
				continue
			}
			view, err := s.viewAgent(tx, a)
			if err != nil {
				return err
			}
			out = append(out, view)
		}
		return nil
	})
	slices.SortFunc(out, func(a, b AgentView) int { return a.Number - b.Number })
	return out, err
}

// Agent returns one agent: oneself, or any with PermUserRead.
func (s *Service) Agent(ctx context.Context, p Principal, id string) (AgentView, error) {
	if p.ID != id || id == "" {
		if err := p.May(PermUserRead, Scope{}); err != nil {
			return AgentView{}, err
		}
	}
	var out AgentView
	err := s.store.View(ctx, func(tx ReadTx) error {
		a, err := agentOf(tx, id)
		if err != nil {
			return err
		}
		out, err = s.viewAgent(tx, a)
		return err
	})
	return out, err
}

func (s *Service) viewAgent(tx ReadTx, a Account) (AgentView, error) {
	now := s.now()
	a.Password = ""
	out := AgentView{Account: a, Tier: a.TierAt(Scope{}, now)}
	if a.Demoted != nil {
		out.Tier = min(out.Tier, policy.TierObserve)
	}
	kills, err := list[Kill](tx, KindKill, "")
	if err != nil {
		return out, err
	}
	tokens, err := ownedBy(tx, a.ID)
	if err != nil {
		return out, err
	}
	for _, k := range kills {
		mine := slices.ContainsFunc(tokens, func(t Token) bool { return k.is(KillClient, t.ID) })
		if mine || k.Scope == KillAll || k.Scope == KillProject || k.is(KillAgent, a.ID) {
			out.Kills = append(out.Kills, k)
		}
	}
	out.Spent, err = spending(tx, agentLedger(a.ID), a.Budgets, now)
	return out, err
}

// String names the tier and its place, for people: A3 in blue/production.
func (g TierGrant) String() string {
	return fmt.Sprintf("%s in %s/%s", g.Tier, g.Project, g.Environment)
}
