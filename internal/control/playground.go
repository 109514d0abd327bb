package control

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lockflight/lockflight/sdk/eval"
)

// Playground asks how flags are decided, part by part, in several environments
// and for several contexts.
type Playground struct {
	Environments []string
	Projects     []string // every one that the principal may read, where none is named
	// Contexts are what SDKs would evaluate. Without an environment or a time of
	// its own a context has those of the question.
	Contexts []eval.Context
}

// maxTrials is how many times a Playground may decide a flag: flags by
// environments by contexts.
const maxTrials = 20_000

// Truth is an answer that the server may not be able to give.
type Truth string

// The values of Truth.
const (
	True    Truth = "true"
	False   Truth = "false"
	Unknown Truth = "unknown" // it depends on the application that asks
)

func truth(b bool) Truth {
	if b {
		return True
	}
	return False
}

// FlagTrial is how one flag turns out in one environment for one context.
type FlagTrial struct {
	Flag, Project, Environment string

	Context    int             // its place in Playground.Contexts
	On         bool            // whether the flag is switched on there
	Orphan     bool            // whether a parent is not as the flag needs it
	Strategies []StrategyTrial // those of a running release first, disabled ones too
	Result     Truth           // of the strategies together, whether the flag is on or off
	Enabled    bool            // what Set.Bool says
	Variant    eval.Variant    // what Set.Variant says
	Variants   []eval.WeightedVariant
}

// StrategyTrial is how one strategy turns out.
type StrategyTrial struct {
	Strategy Strategy
	Parts    eval.Trial
	Result   Truth // Unknown where it is disabled, or for the application to decide
	Open     bool  // whether the application decides: a custom strategy, or the name of its host
}

// Playground decides flags as SDKs would, and says how every part of them turns
// out. Flags go by name, then by environment and context as they were asked
// for. More than 20,000 decisions are an Error of Kind Invalid. A strategy that
// leaves it to chance is decided anew each time.
func (s *Service) Playground(ctx context.Context, p Principal, q Playground) ([]FlagTrial, error) {
	tables := make([]table, len(q.Environments))
	err := s.store.View(ctx, func(tx ReadTx) error {
		projects, err := readableProjects(tx, p, q.Projects)
		if err != nil {
			return err
		}
		for i, env := range q.Environments {
			if _, err := get[Environment](tx, KindEnvironment, env); err != nil {
				return asField(err, "environment", "there is no environment %q", env)
			}
			if tables[i], err = tableOf(tx, p, env, projects); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	trials := 0
	for _, t := range tables {
		trials += len(t.flags) * len(q.Contexts)
	}
	if trials > maxTrials {
		return nil, Invalidf("context", "asks for %d decisions, at most %d are made at once: name fewer projects, environments or values", trials, maxTrials)
	}
	return play(ctx, tables, q.Contexts, s.now().UTC())
}

// readableProjects are the named projects, or all, that p may read.
func readableProjects(tx ReadTx, p Principal, named []string) (map[string]bool, error) {
	all, err := list[Project](tx, KindProject, "")
	out := map[string]bool{}
	for _, pr := range all {
		if p.May(PermRead, Scope{Project: pr.ID}) == nil {
			out[pr.ID] = true
		}
	}
	if err != nil || len(named) == 0 {
		return out, err
	}
	for i, id := range named {
		if !out[id] {
			return nil, Invalidf(fmt.Sprintf("projects[%d]", i), "there is no project %q", id)
		}
	}
	for id := range out {
		if !slices.Contains(named, id) {
			delete(out, id)
		}
	}
	return out, nil
}

// table is one environment of a Playground: all that is served there, for the
// sake of parents, and the flags to be decided.
type table struct {
	environment string
	set         *eval.Set
	flags       []laidOut
}

// laidOut is a flag as it is served, but with every strategy that it has.
type laidOut struct {
	served     eval.Flag
	strategies []Strategy
}

func tableOf(tx ReadTx, p Principal, env string, projects map[string]bool) (table, error) {
	t := table{environment: env}
	served, err := servedAll(tx, env)
	if err != nil {
		return t, err
	}
	t.set, _ = eval.Compile(eval.Snapshot{Features: served.Flags, Segments: served.Segments})
	configured, err := list[FlagEnv](tx, KindFlagEnv, env)
	if err != nil {
		return t, err
	}
	byFlag := make(map[string]FlagEnv, len(configured))
	for _, fe := range configured {
		byFlag[fe.Flag] = fe
	}
	open, err := servingReleases(tx, env)
	for _, f := range served.Flags {
		if projects[f.Project] && p.May(PermRead, Scope{f.Project, env}) == nil {
			t.flags = append(t.flags, layOut(f, byFlag[f.Name], open[f.Name]))
		}
	}
	return t, err
}

// layOut puts the strategies that are not served among those that are.
func layOut(f eval.Flag, fe FlagEnv, r *Release) laidOut {
	all := fe.Strategies
	if r != nil {
		all = fe.beside(r)
	}
	f.Strategies = make([]eval.Strategy, len(all))
	for i, st := range all {
		f.Strategies[i] = st.Strategy
	}
	return laidOut{f, all}
}

// play decides every flag of the tables for every context.
func play(ctx context.Context, tables []table, contexts []eval.Context, now time.Time) ([]FlagTrial, error) {
	var out []FlagTrial
	for _, t := range tables {
		for _, f := range t.flags {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			for i, c := range contexts {
				if c.Environment == "" {
					c.Environment = t.environment
				}
				if c.CurrentTime.IsZero() {
					c.CurrentTime = now
				}
				out = append(out, f.try(t, i, &c))
			}
		}
	}
	slices.SortStableFunc(out, func(a, b FlagTrial) int { return strings.Compare(a.Flag, b.Flag) })
	return out, nil
}

// try decides a flag for the i-th context.
func (f laidOut) try(t table, i int, c *eval.Context) FlagTrial {
	out := FlagTrial{
		Flag: f.served.Name, Project: f.served.Project, Environment: t.environment, Context: i, On: f.served.Enabled,
		Result: truth(len(f.strategies) == 0), Variant: eval.Variant{Name: "disabled"}, Variants: f.served.Variants,
	}
	for j, st := range f.strategies {
		one := tryStrategy(t.set, &f.served, j, st, c)
		out.Strategies = append(out.Strategies, one)
		switch {
		case st.Disabled || out.Result == True:
		case one.Result == True:
			out.Result, out.Variant = True, one.Parts.Variant
			if len(st.Variants) > 0 {
				out.Variants = st.Variants
			}
		case one.Result == Unknown:
			out.Result = Unknown
		}
	}
	for _, d := range f.served.Dependencies {
		out.Orphan = out.Orphan || !t.set.Holds(d, c)
	}
	out.Enabled = out.On && !out.Orphan && out.Result == True
	switch {
	case !out.Enabled:
		out.Variant = eval.Variant{Name: "disabled"}
	case len(f.strategies) == 0:
		out.Variant = t.set.Variant(out.Flag, c)
	}
	return out
}

// tryStrategy decides strategy i of a flag. One that does not compile matches
// nobody.
func tryStrategy(set *eval.Set, f *eval.Flag, i int, st Strategy, c *eval.Context) StrategyTrial {
	out := StrategyTrial{Strategy: st, Open: !slices.Contains(strategyNames, st.Name) || st.Name == "applicationHostname"}
	var err error
	if out.Parts, err = set.Try(f, i, c); err != nil {
		out.Result = False
		return out
	}
	out.Result = truth(out.Parts.Matches)
	if st.Disabled || out.Open && out.Parts.Holds() {
		out.Result = Unknown
	}
	return out
}
