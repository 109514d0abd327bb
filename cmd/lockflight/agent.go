package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"
)

type agentCmd struct {
	List     agentListCmd     `cmd:"" help:"List the agents, with their tiers and what stops them."`
	Show     agentShowCmd     `cmd:"" help:"Show an agent: owner, purpose, tiers, budgets."`
	Register agentRegisterCmd `cmd:"" help:"Register an agent."`
	Tier     agentTierCmd     `cmd:"" help:"Say what an agent does by itself: A0 to A5, in a project and an environment."`
	Budget   agentBudgetCmd   `cmd:"" help:"Say how much of something an agent may do."`
	Kill     agentKillCmd     `cmd:"" help:"Stop an agent, one of its tokens, or all agents, at once."`
	Unkill   agentUnkillCmd   `cmd:"" help:"Lift a kill: for a person, and not for the one who killed."`
}

// agentDoc is an agent as the server tells it.
type agentDoc struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	Name     string `json:"name,omitempty"`
	Owner    string `json:"owner"`
	Purpose  string `json:"purpose"`
	Role     int    `json:"rootRole"`
	Tier     string `json:"tier"`
	Tiers    []struct {
		Tier        string     `json:"tier"`
		Project     string     `json:"project"`
		Environment string     `json:"environment"`
		ExpiresAt   *time.Time `json:"expiresAt,omitempty"`
		By          string     `json:"by"`
		At          time.Time  `json:"at"`
	} `json:"tiers"`
	Demoted *struct {
		At  time.Time `json:"at"`
		Why string    `json:"why"`
	} `json:"demoted,omitempty"`
	Kills   []killDoc `json:"kills"`
	Budgets []struct {
		Kind  string `json:"kind"`
		Spent int    `json:"spent"`
		Limit int    `json:"limit"`
		Over  string `json:"over,omitempty"`
	} `json:"budgets"`
	CreatedAt time.Time `json:"createdAt"`
	Disabled  bool      `json:"disabled"`
}

// killDoc is what stops agents.
type killDoc struct {
	Scope  string    `json:"scope"`
	Target string    `json:"target,omitempty"`
	Reason string    `json:"reason,omitempty"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

func (k killDoc) String() string {
	if k.Scope == "all" {
		return "all agents"
	}
	return k.Scope + " " + k.Target
}

// state says in a word or two whether an agent may do anything.
func (a *agentDoc) state() string {
	for _, k := range a.Kills {
		if k.Scope != "project" {
			return "killed (" + k.String() + ")"
		}
	}
	switch {
	case a.Disabled:
		return "disabled"
	case a.Demoted != nil:
		return "demoted (" + a.Demoted.Why + ")"
	case len(a.Kills) > 0:
		return "killed in " + a.Kills[0].Target
	}
	return "active"
}

type agentListCmd struct {
	remote
	format
}

// Run prints the agents.
func (c *agentListCmd) Run(ctx context.Context, s streams) error {
	return printList(ctx, c.remote, c.format, s, nil, "/api/v1/agents", "agents", "ID\tNAME\tOWNER\tTIER\tSTATE\tPURPOSE", func(a agentDoc) string {
		return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s", a.ID, a.Username, a.Owner, a.Tier, a.state(), a.Purpose)
	})
}

type agentShowCmd struct {
	remote
	format
	ID string `arg:"" help:"The agent's id (ag_...)."`
}

// Run prints one agent.
func (c *agentShowCmd) Run(ctx context.Context, s streams) error {
	var a agentDoc
	if err := c.call(ctx, http.MethodGet, "/api/v1/agents/"+url.PathEscape(c.ID), nil, &a); err != nil {
		return err
	}
	return a.print(s, c.format)
}

func (a *agentDoc) print(s streams, f format) error {
	if f.Output == "json" {
		return printJSON(s.out, a)
	}
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "agent\t%s %s\n", a.ID, a.Username)
	fmt.Fprintf(w, "owner\t%s\npurpose\t%s\nstate\t%s\ntier\t%s\n", a.Owner, a.Purpose, a.state(), a.Tier)
	for _, t := range a.Tiers {
		fmt.Fprintf(w, "\t%s in %s/%s", t.Tier, t.Project, t.Environment)
		if t.ExpiresAt != nil {
			fmt.Fprintf(w, " until %s, then A2", moment(t.ExpiresAt))
		}
		fmt.Fprintf(w, ", by %s\n", t.By)
	}
	for _, b := range a.Budgets {
		fmt.Fprintf(w, "%s\t%d of %d", b.Kind, b.Spent, b.Limit)
		if b.Over != "" {
			fmt.Fprintf(w, " in %s", strings.TrimSuffix(b.Over, "0m0s"))
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}

type agentRegisterCmd struct {
	remote
	format
	Username string         `arg:"" help:"A name for the agent."`
	Owner    string         `required:"" help:"The person who answers for it, by id (u_...)."`
	Purpose  string         `required:"" help:"What it is for."`
	Role     int            `default:"3" help:"The role that it has everywhere: 1 Admin, 2 Editor, 3 Viewer. Make it a member of projects for more."`
	Tier     string         `help:"What it does by itself, everywhere; A4 where none is given."`
	Budget   map[string]int `help:"A limit: writes=10. May be repeated."`
}

// Run registers the agent and prints its id.
func (c *agentRegisterCmd) Run(ctx context.Context, s streams) error {
	in := map[string]any{"username": c.Username, "owner": c.Owner, "purpose": c.Purpose, "rootRole": c.Role, "budgets": c.Budget}
	if c.Tier != "" {
		in["tiers"] = []map[string]any{{"tier": c.Tier}}
	}
	var a agentDoc
	if err := c.call(ctx, http.MethodPost, "/api/v1/agents", in, &a); err != nil {
		return err
	}
	if c.Output == "json" {
		return printJSON(s.out, a)
	}
	fmt.Fprintln(s.out, a.ID)
	return nil
}

type agentTierCmd struct {
	remote
	format
	ID          string        `arg:"" help:"The agent's id (ag_...)."`
	Tier        string        `arg:"" enum:"A0,A1,A2,A3,A4,A5" help:"A0 off, A1 reads, A2 proposes, A3 acts outside production, A4 reduces exposure in it, A5 lets approved plans go on."`
	Project     string        `short:"p" help:"Only in this project."`
	Environment string        `short:"e" help:"Only in this environment."`
	For         time.Duration `help:"How long a tier above A2 counts, at most 2160h, which it does where absent; then it is A2."`
}

// Run gives the tier and prints the agent.
func (c *agentTierCmd) Run(ctx context.Context, s streams) error {
	tier := map[string]any{"tier": c.Tier, "project": c.Project, "environment": c.Environment}
	if c.For > 0 {
		tier["expiresAt"] = time.Now().Add(c.For).UTC()
	}
	return c.edit(ctx, s, c.format, c.ID, map[string]any{"tiers": []any{tier}})
}

// edit changes an agent and prints it.
func (r remote) edit(ctx context.Context, s streams, f format, id string, in map[string]any) error {
	var a agentDoc
	if err := r.call(ctx, http.MethodPatch, "/api/v1/agents/"+url.PathEscape(id), in, &a); err != nil {
		return err
	}
	return a.print(s, f)
}

type agentBudgetCmd struct {
	remote
	format
	ID     string         `arg:"" help:"The agent's id (ag_...)."`
	Budget map[string]int `arg:"" help:"A limit: writes=10; 0 is the default. agent show lists what there is."`
}

// Run sets the limits and prints the agent.
func (c *agentBudgetCmd) Run(ctx context.Context, s streams) error {
	return c.edit(ctx, s, c.format, c.ID, map[string]any{"budgets": c.Budget})
}

// killTarget is what a kill stops.
type killTarget struct {
	ID      string `arg:"" optional:"" help:"The agent's id (ag_...)."`
	Client  string `xor:"what" placeholder:"TOKEN" help:"One token of an agent (tok_...)."`
	Project string `xor:"what" help:"All agents in one project."`
	All     bool   `xor:"what" help:"All agents."`
}

func (t killTarget) body() (map[string]any, error) {
	named := [][2]string{{"agent", t.ID}, {"client", t.Client}, {"project", t.Project}}
	out := map[string]any{}
	if t.All {
		out["scope"] = "all"
	}
	for _, one := range named {
		switch {
		case one[1] == "":
		case len(out) > 0:
			return nil, usageError{errors.New("name one of an agent, --client, --project and --all")}
		default:
			out["scope"], out["target"] = one[0], one[1]
		}
	}
	if len(out) == 0 {
		return nil, usageError{errors.New("name an agent (ag_...), --client, --project or --all")}
	}
	return out, nil
}

type agentKillCmd struct {
	remote
	format
	killTarget
	Reason string `help:"Why, for whoever looks later."`
}

// Run stops what was named and says since when.
func (c *agentKillCmd) Run(ctx context.Context, s streams) error {
	in, err := c.body()
	if err != nil {
		return err
	}
	in["reason"] = c.Reason
	var k killDoc
	if err := c.call(ctx, http.MethodPost, "/api/v1/kills", in, &k); err != nil {
		return err
	}
	if c.Output == "json" {
		return printJSON(s.out, k)
	}
	fmt.Fprintf(s.out, "%s: stopped since %s\n", k, moment(&k.At))
	fmt.Fprintln(s.out, "releases that it has started are held where they are: lockflight rollback takes them back")
	return nil
}

type agentUnkillCmd struct {
	remote
	killTarget
}

// Run lifts the kill.
func (c *agentUnkillCmd) Run(ctx context.Context, s streams) error {
	in, err := c.body()
	if err != nil {
		return err
	}
	if err := c.call(ctx, http.MethodPost, "/api/v1/kills/lift", in, nil); err != nil {
		return err
	}
	target, _ := in["target"].(string)
	fmt.Fprintf(s.out, "%s: the kill is lifted\n", killDoc{Scope: fmt.Sprint(in["scope"]), Target: target})
	return nil
}
