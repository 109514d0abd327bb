package migrate

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

var equateEmpty = cmpopts.EquateEmpty()

// picky is a Target that refuses what is called bad, at any depth, and says
// that a release runs on what is called busy.
type picky struct {
	applied []control.Configuration
}

func (p *picky) Strategies(context.Context) ([]string, error) { return []string{"there"}, nil }

func (p *picky) CreateStrategy(_ context.Context, s Strategy) error {
	if s.Name == "bad" {
		return &Refusal{Reason: "bad"}
	}
	return nil
}

func (p *picky) PlanConfiguration(_ context.Context, in control.Configuration) (set control.ChangeSet, err error) {
	for i, s := range in.Segments {
		if s.Name == "bad" {
			return set, &Refusal{Field: fmt.Sprintf("segments[%d].constraints[0].value", i), Reason: "bad"}
		}
	}
	for i, e := range in.Environments {
		if e.Name == "bad" {
			return set, &Refusal{Field: fmt.Sprintf("environments[%d]", i), Reason: "bad"}
		}
	}
	for i, f := range in.Flags {
		if f.Name == "bad" {
			return set, &Refusal{Field: fmt.Sprintf("flags[%d].name", i), Reason: "bad"}
		}
		for env := range f.Environments {
			if env == "bad.one" {
				return set, &Refusal{Field: fmt.Sprintf("flags[%d].environments.bad.one.strategies[0]", i), Reason: "bad"}
			}
			if env == "busy" {
				set.Changes = append(set.Changes, control.Change{Kind: control.KindFlagEnv, Name: f.Name, Environment: env, Release: "rel-1"})
			}
		}
		set.Changes = append(set.Changes, control.Change{Kind: control.KindFlag, Name: f.Name})
	}
	return set, nil
}

func (p *picky) ApplyConfiguration(ctx context.Context, in control.Configuration, _ string) (control.ChangeSet, error) {
	p.applied = append(p.applied, in)
	return p.PlanConfiguration(ctx, in)
}

// TestCarry sees that of everything the smallest part is left out that is
// refused, and named.
func TestCarry(t *testing.T) {
	t.Parallel()
	plan := Plan{
		Strategies: []Strategy{{Name: "there"}, {Name: "new"}, {Name: "bad"}},
		Configuration: control.Configuration{
			Environments: []control.EnvironmentSpec{{Name: "fine"}, {Name: "bad"}},

			Segments: []control.SegmentSpec{{Name: "good"}, {Name: "bad"}},
			Flags: []control.FlagSpec{
				{Name: "bad"},
				{Name: "one", Environments: map[string]control.EnvSpec{"bad.one": {}, "busy": {}, "fine": {}}},
				{Name: "two"},
			},
		},
		Losses: []Loss{{Kind: "users"}},
	}
	to := &picky{}
	got, err := plan.Carry(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"new"}, got.Strategies); diff != "" {
		t.Errorf("strategies (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"users", "strategy bad", "segment bad", "environment bad", "flag bad", "flag one in bad.one", "flag one in busy"}, lost(got.Losses)); diff != "" {
		t.Errorf("losses (-want +got):\n%s", diff)
	}
	want := []control.Configuration{{Flags: []control.FlagSpec{
		{Name: "one", Environments: map[string]control.EnvSpec{"fine": {}}},
		{Name: "two"},
	}}}
	if diff := cmp.Diff(want, to.applied, equateEmpty); diff != "" {
		t.Errorf("applied (-want +got):\n%s", diff)
	}
	if len(plan.Configuration.Flags) != 3 || len(plan.Configuration.Flags[1].Environments) != 3 {
		t.Error("carrying changed the plan")
	}
}

// TestCarryBatches sees that many flags come in several transactions, parents
// before children.
func TestCarryBatches(t *testing.T) {
	t.Parallel()
	e := Export{}
	for i := range 2*batch + 1 {
		name := fmt.Sprintf("flag-%03d", i)
		e.Features = append(e.Features, Feature{Name: name})
		if i%2 == 0 {
			e.Dependencies = append(e.Dependencies, FeatureParents{name, []eval.Dependency{{Feature: "flag-001"}}})
		}
	}
	to := &picky{}
	if _, err := (Source{Exports: []Export{e}}).Plan().Carry(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	if len(to.applied) != 3 {
		t.Errorf("%d transactions, want 3", len(to.applied))
	}
	if first := to.applied[0].Flags[0]; len(first.Parents) > 0 {
		t.Errorf("%s came first, before its parent", first.Name)
	}
}

// lost names losses by what they are of.
func lost(losses []Loss) []string {
	var out []string
	for _, l := range losses {
		s := strings.TrimSpace(l.Kind + " " + l.Name)
		if l.Environment != "" {
			s += " in " + l.Environment
		}
		out = append(out, s)
	}
	return out
}
