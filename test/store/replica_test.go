package store_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/store"
	"github.com/lockflight/lockflight/test/postgres"
)

// replica opens the database at url until t ends.
func replica(t *testing.T, url string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: url, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func write(ctx context.Context, db *store.DB) error {
	return db.Update(ctx, control.Normal, func(tx control.Tx) error {
		_, err := tx.Append(func(int64) ([]byte, error) { return []byte("{}"), nil })
		return err
	})
}

func size(t *testing.T, db *store.DB) int64 {
	t.Helper()
	var head control.Head
	err := db.View(t.Context(), func(tx control.ReadTx) (err error) {
		head, err = tx.Head()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return head.Size
}

// administer runs a statement on a connection of its own.
func administer(t *testing.T, url, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// TestMigrateTogether starts replicas at the same moment on an empty database.
func TestMigrateTogether(t *testing.T) {
	t.Parallel()
	url := postgres.Start(t)
	var g errgroup.Group
	for range 3 {
		g.Go(func() error { return write(t.Context(), replica(t, url)) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if got := size(t, replica(t, url)); got != 3 {
		t.Errorf("%d events, want 3", got)
	}
}

// TestWakeReplica waits on one replica for what another one writes, before and
// after all connections are cut.
func TestWakeReplica(t *testing.T) {
	t.Parallel()
	url := postgres.Start(t)
	writer, waiter := replica(t, url), replica(t, url)
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- waiter.Run(ctx) }()
	for round := range int64(2) {
		for _, what := range []struct {
			name   string
			woken  func() <-chan struct{}
			write  func() error
			stored func() bool
		}{
			{"the log", waiter.Changed, func() error { return write(t.Context(), writer) }, func() bool { return size(t, waiter) == round+1 }},
			{
				"evidence", waiter.EvidenceArrived,
				func() error {
					return writer.AppendEvidence(t.Context(), time.Now(), []control.EvidenceBatch{{Release: "r"}})
				},
				func() bool {
					found, err := waiter.Evidence(t.Context(), "r", round, 9)
					return err == nil && len(found) == 1
				},
			},
		} {
			if err := what.write(); err != nil {
				t.Fatal(err)
			}
			deadline := time.After(20 * time.Second)
			for woken := what.woken(); !what.stored(); woken = what.woken() {
				select {
				case <-woken:
				case <-deadline:
					t.Fatalf("round %d: not woken for %s", round, what.name)
				}
			}
		}
		administer(t, url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	}
	stop()
	if err := <-ran; !errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v, want %v", err, context.Canceled)
	}
}

// TestWakePromptly measures from commit to wake-up: LISTEN, not the poll.
func TestWakePromptly(t *testing.T) {
	t.Parallel()
	url := postgres.Start(t)
	writer, waiter := replica(t, url), replica(t, url)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	woken := waiter.Changed() // woken once when it listens
	go func() { _ = waiter.Run(ctx) }()
	<-woken
	prompt := 0
	for range 20 {
		woken := waiter.Changed()
		start := time.Now()
		if err := write(t.Context(), writer); err != nil {
			t.Fatal(err)
		}
		<-woken
		if time.Since(start) < time.Second {
			prompt++
		}
	}
	if prompt < 18 { // of a poll every two seconds one in two would be
		t.Errorf("%d of 20 wake-ups came within a second", prompt)
	}
}

func TestRefusesAsynchronousCommit(t *testing.T) {
	t.Parallel()
	url := postgres.Start(t)
	administer(t, url, `DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET synchronous_commit = off'; END $$`)
	db, err := store.Open(t.Context(), store.Options{URL: url})
	if err == nil {
		t.Error("opened a database that acknowledges commits before they are durable")
		_ = db.Close()
	}
}

// TestKilledWriter ends the server's side of an Update under way.
func TestKilledWriter(t *testing.T) {
	t.Parallel()
	url := postgres.Start(t)
	db := replica(t, url)
	err := db.Update(t.Context(), control.Normal, func(tx control.Tx) error {
		if _, err := tx.PutBlob([]byte("undone")); err != nil {
			return err
		}
		administer(t, url, `SELECT pg_terminate_backend(pid) FROM pg_locks
			WHERE relation = 'log_head'::regclass AND mode = 'RowShareLock' AND pid <> pg_backend_pid()`)
		_, err := tx.PutBlob([]byte("undone, too"))
		return err
	})
	if control.KindOf(err) != control.Unavailable {
		t.Errorf("error %v, want one of kind Unavailable", err)
	}
	if err := write(t.Context(), db); err != nil {
		t.Errorf("the next write: %v", err)
	}
	if got := size(t, db); got != 1 {
		t.Errorf("%d events, want 1", got)
	}
}
