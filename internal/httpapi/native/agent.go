package native

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/policy"
)

// AgentInput registers an agent.
type AgentInput struct {
	Username string         `json:"username"`
	Name     string         `json:"name,omitempty"`
	Owner    string         `json:"owner" doc:"the person who answers for it"`
	Purpose  string         `json:"purpose" doc:"what it is for"`
	Role     int            `json:"rootRole" doc:"of a role that counts everywhere; 3 reads"`
	Tiers    []TierInput    `json:"tiers,omitempty" doc:"A4 everywhere where absent"`
	Budgets  map[string]int `json:"budgets,omitempty" doc:"limits other than the default ones, by kind"`
}

// TierInput is a tier in a place.
type TierInput struct {
	Tier        string     `json:"tier" enum:"A0,A1,A2,A3,A4,A5"`
	Project     string     `json:"project,omitempty" doc:"all where absent"`
	Environment string     `json:"environment,omitempty" doc:"all where absent"`
	ExpiresAt   *time.Time `json:"expiresAt,omitempty" doc:"of a tier above A2: within 90 days, which it is where absent; then it is A2"`
}

// AgentEdit changes what an agent may do by itself. What is left out stays.
type AgentEdit struct {
	Tiers   []TierInput    `json:"tiers,omitempty" doc:"each takes the place of that for the same place; no less than there is takes a person"`
	Budgets map[string]int `json:"budgets,omitempty" doc:"by kind; 0 for the default"`
}

// Agent is an agent with what holds of it now.
type Agent struct {
	ID        string              `json:"id"`
	Username  string              `json:"username"`
	Name      string              `json:"name,omitempty"`
	Owner     string              `json:"owner"`
	Purpose   string              `json:"purpose"`
	Role      int                 `json:"rootRole"`
	Tier      string              `json:"tier" doc:"where no narrower one is for; A1 where it was demoted"`
	Tiers     []control.TierGrant `json:"tiers"`
	Demoted   *control.Demotion   `json:"demoted,omitempty"`
	Kills     []control.Kill      `json:"kills" doc:"that stop it, wholly or in a project"`
	Budgets   []Spending          `json:"budgets"`
	CreatedAt time.Time           `json:"createdAt"`
	Disabled  bool                `json:"disabled"`
}

// Spending is how much of a budget is spent.
type Spending struct {
	Kind  string `json:"kind"`
	Spent int    `json:"spent" doc:"of what is counted for each flag, that of the flag with the most"`
	Limit int    `json:"limit"`
	Over  string `json:"over,omitempty" doc:"within any span of this length; absent of what is counted at a time"`
}

// AgentList is a page of agents, by id.
type AgentList struct {
	Agents []Agent `json:"agents"`
	Next
}

// KillInput names what a kill stops, or stopped.
type KillInput struct {
	Scope  string `json:"scope" enum:"agent,client,project,all"`
	Target string `json:"target,omitempty" doc:"the id of the agent, of its token, or of the project"`
	Reason string `json:"reason,omitempty"`
}

// KillList is the kills that stand.
type KillList struct {
	Kills []control.Kill `json:"kills"`
}

// AgentPath is the path of one agent. It is exported for huma, which sets it
// through reflection.
type AgentPath struct {
	ID string `path:"id"`
}

func (p AgentPath) entity() control.Entity {
	return control.Entity{Kind: control.KindAccount, Key: p.ID}
}

type agentEditRequest struct {
	AgentPath
	Body AgentEdit
}

var agentPages = pager[Agent]{list: "agents", key: func(a Agent) string { return a.ID }}

// agents adds who of the principals is an agent, what it may do by itself, and
// what stops it.
func (a api) agents(h huma.API) {
	route(a, h, get("/agents", "listAgents", "List agents, with their tiers, budgets and kills"),
		func(ctx context.Context, p control.Principal, in *Page) (out AgentList, err error) {
			views, err := a.Service.Agents(ctx, p)
			if err != nil {
				return out, err
			}
			all := make([]Agent, 0, len(views))
			for _, v := range views {
				all = append(all, agentOf(v))
			}
			out.Agents, out.Next, err = agentPages.cut(*in, all)
			return out, err
		})
	route(a, h, create("/agents", "registerAgent", "Register an agent"), a.registerAgent)
	route(a, h, get("/agents/{id}", "getAgent", "Get an agent"), a.showAgent)
	write(a, h, patch("/agents/{id}", "editAgent", "Give an agent tiers and budgets"),
		func(ctx context.Context, s *control.Service, p control.Principal, in *agentEditRequest) (Agent, error) {
			edit := control.AgentEdit{Tiers: tiersOf(in.Body.Tiers), Budgets: limitsOf(in.Body.Budgets)}
			if _, err := s.EditAgent(ctx, p, in.ID, edit); err != nil {
				return Agent{}, err
			}
			return a.showAgent(ctx, p, &in.AgentPath)
		})
	route(a, h, get("/kills", "listKills", "List what agents are stopped"),
		func(ctx context.Context, p control.Principal, _ *none) (KillList, error) {
			all, err := a.Service.Kills(ctx, p)
			return KillList{append([]control.Kill{}, all...)}, err
		})
	// What stops agents is never kept by a condition.
	route(a, h, post("/kills", "killAgents", "Stop an agent, one of its tokens, or all agents, in a project or everywhere"),
		func(ctx context.Context, p control.Principal, in *body[KillInput]) (control.Kill, error) {
			return a.Service.Kill(ctx, p, control.Kill{
				Scope: control.KillScope(in.Body.Scope), Target: in.Body.Target, Reason: in.Body.Reason,
			})
		})
	route(a, h, post("/kills/lift", "unkillAgents", "Lift a kill: for a person, and not for the one who killed"),
		func(ctx context.Context, p control.Principal, in *body[KillInput]) (none, error) {
			return none{}, a.Service.Unkill(ctx, p, control.KillScope(in.Body.Scope), in.Body.Target)
		})
}

func (a api) registerAgent(ctx context.Context, p control.Principal, in *body[AgentInput]) (Agent, error) {
	b := in.Body
	made, err := a.Service.RegisterAgent(ctx, p, control.Account{
		Username: b.Username, Name: b.Name, Owner: b.Owner, Purpose: b.Purpose, Role: b.Role,
		Tiers: tiersOf(b.Tiers), Budgets: limitsOf(b.Budgets),
	})
	if err != nil {
		return Agent{}, err
	}
	return a.showAgent(ctx, p, &AgentPath{made.ID})
}

func (a api) showAgent(ctx context.Context, p control.Principal, in *AgentPath) (Agent, error) {
	v, err := a.Service.Agent(ctx, p, in.ID)
	return agentOf(v), err
}

func agentOf(v control.AgentView) Agent {
	out := Agent{
		ID: v.ID, Username: v.Username, Name: v.Name, Owner: v.Owner, Purpose: v.Purpose, Role: v.Role, Tier: string(v.Tier),
		Tiers: append([]control.TierGrant{}, v.Tiers...), Demoted: v.Demoted, Kills: append([]control.Kill{}, v.Kills...),
		Budgets: []Spending{}, CreatedAt: v.CreatedAt, Disabled: v.DisabledAt != nil,
	}
	for _, s := range v.Spent {
		one := Spending{Kind: string(s.Kind), Spent: s.Spent, Limit: s.Limit}
		if s.Over > 0 {
			one.Over = s.Over.String()
		}
		out.Budgets = append(out.Budgets, one)
	}
	return out
}

func tiersOf(in []TierInput) []control.TierGrant {
	var out []control.TierGrant
	for _, t := range in {
		out = append(out, control.TierGrant{
			Tier: policy.Tier(t.Tier), Project: t.Project, Environment: t.Environment, ExpiresAt: t.ExpiresAt,
		})
	}
	return out
}

func limitsOf(in map[string]int) map[control.BudgetKind]int {
	out := map[control.BudgetKind]int{}
	for kind, n := range in {
		out[control.BudgetKind(kind)] = n
	}
	return out
}
