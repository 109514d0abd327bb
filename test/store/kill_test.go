package store_test

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/test/postgres"
)

// TestI9KilledOnAnotherReplica: an agent writes at two replicas, and is killed at
// a third. No record of the agent's follows the kill's.
func TestI9KilledOnAnotherReplica(t *testing.T) {
	t.Parallel()
	url := postgres.Start(t)
	ctx := t.Context()
	service := func() *control.Service {
		return control.New(control.Options{Store: replica(t, url), Origin: "test", Logger: slog.New(slog.DiscardHandler)})
	}
	killer := service()
	if err := killer.Init(ctx); err != nil {
		t.Fatal(err)
	}
	agent, secret := register(t, killer)

	var writers errgroup.Group
	written := make(chan struct{}, 8)
	for i := range 8 {
		s := service()
		p, _, err := s.Authenticate(ctx, secret)
		if err != nil {
			t.Fatal(err)
		}
		writers.Go(func() error {
			for n := range 100 {
				_, err := s.CreateFlag(ctx, p, control.Flag{Name: fmt.Sprintf("flag-%d-%d", i, n), Project: "default"})
				if e, ok := errors.AsType[*control.Error](err); ok && e.Code == "agent_killed" {
					return nil
				}
				if err != nil {
					return err
				}
				select {
				case written <- struct{}{}:
				default:
				}
			}
			return errors.New("it was never stopped")
		})
	}
	<-written
	if _, err := killer.Kill(ctx, control.Setup(), control.Kill{Scope: control.KillAgent, Target: agent.ID}); err != nil {
		t.Fatal(err)
	}
	if err := writers.Wait(); err != nil {
		t.Fatal(err)
	}
	events, err := killer.Events(ctx, control.Setup(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	killed := false
	for _, e := range events {
		r, err := audit.Decode(e.Record)
		if err != nil {
			t.Fatal(err)
		}
		killed = killed || r.Type == "agent.kill"
		if killed && r.Actor.ID == agent.ID && r.Outcome == "success" {
			t.Errorf("%s by the agent at %d, after the kill", r.Type, r.Seq)
		}
	}
	if !killed {
		t.Error("the kill is not in the log")
	}
}

// register makes an agent that may do everything, with budgets that do not stop
// it, and its token.
func register(t *testing.T, s *control.Service) (control.Account, string) {
	t.Helper()
	ctx := t.Context()
	ann, err := s.CreateAccount(ctx, control.Setup(), control.Account{Kind: control.KindHuman, Username: "ann", Role: control.RoleAdmin})
	if err != nil {
		t.Fatal(err)
	}
	_, session, err := s.OpenSession(ctx, ann.ID, "password", "")
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := s.Authenticate(ctx, session)
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.RegisterAgent(ctx, p, control.Account{
		Username: "bot", Owner: ann.ID, Purpose: "tests", Role: control.RoleAdmin,
		Budgets: map[control.BudgetKind]int{control.BudgetWrites: 1000, control.BudgetFlags: 1000},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, secret, err := s.CreateToken(ctx, p, control.Token{Name: "bot", Type: control.TokenAgent, Owner: a.ID, For: ann.ID})
	if err != nil {
		t.Fatal(err)
	}
	return a, secret
}
