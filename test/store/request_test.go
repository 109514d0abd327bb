package store_test

import (
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/test/postgres"
)

// TestCR03AppliedOnceByReplicas: of 50 that apply a request at five replicas at
// the same time, one does.
func TestCR03AppliedOnceByReplicas(t *testing.T) {
	t.Parallel()
	url := postgres.Start(t)
	ctx := t.Context()
	var services []*control.Service
	for range 5 {
		services = append(services, control.New(control.Options{Store: replica(t, url), Origin: "test", Logger: slog.New(slog.DiscardHandler)}))
	}
	s := services[0]
	if err := s.Init(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateFlag(ctx, control.Setup(), control.Flag{Name: "one", Project: "default"}); err != nil {
		t.Fatal(err)
	}
	ann, bob := admin(t, s, "ann"), admin(t, s, "bob")
	ann.Proposal = &control.Proposal{Title: "nobody needs it"}
	err := s.EditFlags(ctx, ann, "default", []string{"one"}, control.FlagEdit{Stale: new(true)})
	proposed, ok := errors.AsType[*control.Error](err)
	if !ok || proposed.Kind != control.Proposed {
		t.Fatalf("error %v, want Proposed", err)
	}
	c, err := s.Request(ctx, bob, proposed.Field)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ApproveRequest(ctx, bob, c.ID, c.Digest, "fine"); err != nil {
		t.Fatal(err)
	}
	var applied atomic.Int32
	var all errgroup.Group
	for i := range 50 {
		all.Go(func() error {
			_, err := services[i%len(services)].ApplyRequest(ctx, bob, c.ID)
			if err == nil {
				applied.Add(1)
			} else if e, ok := errors.AsType[*control.Error](err); ok && e.Code == "not_now" {
				return nil
			}
			return err
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := applied.Load(); n != 1 {
		t.Errorf("applied %d times", n)
	}
}

// admin is a person who may do everything, signed in.
func admin(t *testing.T, s *control.Service, name string) control.Principal {
	t.Helper()
	a, err := s.CreateAccount(t.Context(), control.Setup(), control.Account{Kind: control.KindHuman, Username: name, Role: control.RoleAdmin})
	if err != nil {
		t.Fatal(err)
	}
	_, secret, err := s.OpenSession(t.Context(), a.ID, "password", "")
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := s.Authenticate(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
