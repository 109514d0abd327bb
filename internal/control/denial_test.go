package control_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// TestDenialsAreCollapsed records a flood as one leaf for each source and
// permission.
func TestDenialsAreCollapsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	from := w.head(t).Size
	ref := control.Ref{Flag: "blue-flag", Environment: "production"}
	var flood sync.WaitGroup
	for _, id := range []string{"tok_a", "tok_b"} {
		p := may(anywhere, control.PermRead)
		p.ID = id
		for range 50 {
			flood.Go(func() {
				_, err := w.SetEnabled(t.Context(), p, ref, true)
				wantErr(t, err, control.Denied, "flag.env.toggle_on")
				_, err = w.KillFlag(t.Context(), p, "blue-flag")
				wantErr(t, err, control.Denied, "flag.env.toggle_off")
			})
		}
	}
	flood.Wait()
	diff(t, "denials", []string{
		"authz.denied 50 flag.env.toggle_off", "authz.denied 50 flag.env.toggle_on",
		"authz.denied 50 flag.env.toggle_off", "authz.denied 50 flag.env.toggle_on",
	}, denials(t, w, from))
	diff(t, "and no more", []string{}, denials(t, w, w.head(t).Size))
}

// brokenStore refuses writes while it is broken.
type brokenStore struct {
	control.Store
	mu     sync.Mutex
	broken bool
	events int
}

func (s *brokenStore) Update(_ context.Context, _ control.Priority, fn func(control.Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return control.Errorf(control.Unavailable, "broken", "the disk is gone")
	}
	return fn(countingTx{s: s})
}

// countingTx is a transaction of which denials use Append alone.
type countingTx struct {
	control.Tx
	s *brokenStore
}

func (tx countingTx) Resource(kind control.ResourceKind, key string) (control.Resource, error) {
	return control.Resource{}, control.Errorf(control.NotFound, "not_found", "no %s %s", kind, key)
}

func (tx countingTx) Now() time.Time { return time.Now() }

func (tx countingTx) Append(record func(int64) ([]byte, error)) (int64, error) {
	tx.s.events++
	_, err := record(int64(tx.s.events))
	return int64(tx.s.events), err
}

// TestDenialsOutliveABrokenStore keeps what could not be recorded.
func TestDenialsOutliveABrokenStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &brokenStore{}
		s := control.New(control.Options{Store: store, Origin: "test", Logger: slog.New(slog.DiscardHandler)})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		for i := range 300 {
			p := granted()
			p.ID = fmt.Sprint("tok_", i)
			_, err := s.CreateProject(ctx, p, control.Project{ID: "red"})
			wantErr(t, err, control.Denied, "project.create")
		}
		store.mu.Lock()
		store.broken = true
		store.mu.Unlock()
		synctest.Wait()
		for range 3 {
			time.Sleep(2 * time.Second)
		}
		store.mu.Lock()
		if store.events != 0 {
			t.Errorf("%d events in a broken store", store.events)
		}
		store.broken = false
		store.mu.Unlock()
		time.Sleep(2 * time.Second)
		store.mu.Lock()
		if store.events != 300 {
			t.Errorf("%d denials were recorded, want 300", store.events)
		}
		store.mu.Unlock()
		cancel()
		check(t, <-done)
	})
}
