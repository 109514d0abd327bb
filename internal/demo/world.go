package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

// services are the projects of the world; those of the two agents come first.
var services = []string{
	"support-agent", "research-agent", "checkout", "payments", "search", "catalogue", "basket", "pricing", "shipping",
	"returns", "accounts", "identity", "notifications", "email", "reviews", "recommendations", "inventory",
	"warehouse", "invoicing", "fraud", "analytics", "reporting", "content", "media", "gateway",
}

// World is what was made.
type World struct {
	Services, Environments, Flags int
}

// Seed fills an empty installation: 25 services, 20 environments, and flags
// that are on, off or partly rolled out in each. The same seed makes the same
// world.
func Seed(ctx context.Context, s *control.Service, seed uint64) (World, error) {
	r := rand.New(rand.NewPCG(seed, 0))
	p := control.Setup()
	environments := []string{"development", Environment}
	for i := len(environments); i < 20; i++ {
		e := control.Environment{Name: fmt.Sprintf("region-%02d", i-1), Type: "production", SortOrder: i + 1}
		if i < 6 {
			e.Name, e.Type = fmt.Sprintf("test-%02d", i-1), "test"
		}
		if _, err := s.CreateEnvironment(ctx, p, e); err != nil {
			return World{}, err
		}
		environments = append(environments, e.Name)
	}
	w := World{Services: len(services), Environments: len(environments)}
	for i, name := range services {
		if _, err := s.CreateProject(ctx, p, control.Project{ID: name, Environments: environments}); err != nil {
			return World{}, err
		}
		flags := []string{name + "-v2", name + "-cache"}
		for n, flag := range flags {
			if _, err := s.CreateFlag(ctx, p, control.Flag{Name: flag, Project: name}); err != nil {
				return World{}, err
			}
			w.Flags++
			if i < len(agents) && n == 0 {
				continue // the releases' own: off everywhere
			}
			if err := scatter(ctx, s, p, r, name, flag, environments); err != nil {
				return World{}, err
			}
		}
	}
	return w, nil
}

// scatter gives a flag a different state in each environment.
func scatter(ctx context.Context, s *control.Service, p control.Principal, r *rand.Rand, project, flag string, environments []string) error {
	for _, env := range environments {
		ref := control.Ref{Project: project, Flag: flag, Environment: env}
		switch r.IntN(4) {
		case 0, 1: // off, as it was made
		case 2:
			if _, err := s.SetEnabled(ctx, p, ref, true); err != nil {
				return err
			}
		case 3:
			st := control.Strategy{Strategy: eval.Strategy{
				Name:       "flexibleRollout",
				Parameters: eval.Parameters{"rollout": strconv.Itoa(5 * (1 + r.IntN(19))), "stickiness": "userId"},
			}}
			if _, err := s.AddStrategy(ctx, p, ref, st); err != nil {
				return err
			}
			if _, err := s.SetEnabled(ctx, p, ref, true); err != nil {
				return err
			}
		}
	}
	return nil
}
