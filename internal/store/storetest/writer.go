package storetest

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/store"
)

// state is all that a transaction may leave behind.
type state struct {
	Head      control.Head
	Events    []control.Event
	Resources []control.Resource
	Revision  bool
	Blob      bool
}

func readState(tx control.ReadTx) (state, error) {
	var s state
	var errs [3]error
	s.Head, errs[0] = tx.Head()
	s.Events, errs[1] = tx.Events(0, 100)
	s.Resources, errs[2] = tx.Resources("flag", "")
	_, err := tx.Revision("flag", "a", 2)
	s.Revision = err == nil
	_, err = tx.Blob(audit.Sum([]byte("blob")))
	s.Blob = err == nil
	return s, errors.Join(errs[:]...)
}

func currentState(t *testing.T, db control.Store) state {
	t.Helper()
	var s state
	view(t, db, func(tx control.ReadTx) error {
		var err error
		s, err = readState(tx)
		return err
	})
	return s
}

func testRollback(t *testing.T, fresh Fresh) {
	db := open(t, fresh(t))
	if err := put(t.Context(), db, "a", `"kept"`); err != nil {
		t.Fatal(err)
	}
	want := currentState(t, db)
	writeAll := func(tx control.Tx) error {
		_, putErr := tx.Put("flag", "a", "", []byte(`"undone"`))
		_, blobErr := tx.PutBlob([]byte("blob"))
		_, appendErr := tx.Append(record("undone"))
		return errors.Join(putErr, blobErr, appendErr)
	}
	err := db.Update(t.Context(), control.Normal, func(tx control.Tx) error {
		return errors.Join(writeAll(tx), errStop)
	})
	if !errors.Is(err, errStop) {
		t.Errorf("Update returned %v, want the function's own error", err)
	}
	diff(t, "state after an error", want, currentState(t, db))

	func() {
		defer func() { _ = recover() }()
		_ = db.Update(t.Context(), control.Normal, func(tx control.Tx) error {
			if err := writeAll(tx); err != nil {
				return err
			}
			panic("in the middle")
		})
	}()
	diff(t, "state after a panic", want, currentState(t, db))

	if err := put(t.Context(), db, "a", `"next"`); err != nil {
		t.Fatal(err)
	}
	view(t, db, func(tx control.ReadTx) error { return checkLog(t, tx, 2) })
}

// testSwallowed drops the error of a statement: PostgreSQL would roll the
// transaction back, SQLite would commit the rest of it.
func testSwallowed(t *testing.T, fresh Fresh) {
	db := open(t, fresh(t))
	want := currentState(t, db)
	inner, cancel := context.WithCancel(t.Context())
	err := db.Update(inner, control.Normal, func(tx control.Tx) error {
		if _, err := tx.Append(record("undone")); err != nil {
			return err
		}
		cancel()
		_, err := tx.Put("flag", "a", "", []byte(`{}`))
		if err == nil {
			t.Error("Put succeeded after its context had ended")
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Update returned %v, want %v", err, context.Canceled)
	}
	diff(t, "state", want, currentState(t, db))
}

// testSerialWriters lets 8 writers, half of them of another process, read,
// change and log one counter.
func testSerialWriters(t *testing.T, fresh Fresh) {
	const writers, rounds = 8, 10
	o := fresh(t)
	stores := []*store.DB{open(t, o), open(t, o)}
	var g errgroup.Group
	for i := range writers {
		db := stores[i%2]
		g.Go(func() error {
			for range rounds {
				if err := db.Update(t.Context(), control.Normal, count); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, db := range stores {
		view(t, db, func(tx control.ReadTx) error {
			r, err := tx.Resource("counter", "n")
			diff(t, "counter", strconv.Itoa(writers*rounds), string(r.Doc))
			diff(t, "revision", int64(writers*rounds), r.Rev)
			events, eventsErr := tx.Events(0, writers*rounds)
			for _, e := range events {
				diff(t, "event in the order of commits", strconv.FormatInt(e.Seq+1, 10), string(e.Record))
			}
			return errors.Join(err, eventsErr, checkLog(t, tx, writers*rounds))
		})
	}
}

// count adds one to a counter and logs what it comes to.
func count(tx control.Tx) error {
	n := 0
	r, err := tx.Resource("counter", "n")
	if err == nil {
		n, err = strconv.Atoi(string(r.Doc))
	} else if control.KindOf(err) == control.NotFound {
		err = nil
	}
	if err != nil {
		return err
	}
	doc := strconv.Itoa(n + 1)
	if _, err := tx.Put("counter", "n", "", []byte(doc)); err != nil {
		return err
	}
	_, err = tx.Append(record(doc))
	return err
}

// held starts an Update that waits inside until release is called.
func held(t *testing.T, db control.Store) (release func()) {
	t.Helper()
	inside, let := make(chan struct{}), make(chan struct{})
	done := make(chan error)
	go func() {
		done <- db.Update(t.Context(), control.Normal, func(control.Tx) error {
			close(inside)
			<-let
			return nil
		})
	}()
	<-inside
	return func() {
		close(let)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// testUrgent queues normal writers, then an urgent one, behind a writer that
// holds the lock.
func testUrgent(t *testing.T, fresh Fresh) {
	db := open(t, fresh(t))
	release := held(t, db)
	var mu sync.Mutex
	var order []string
	var g errgroup.Group
	for i, w := range []struct {
		name string
		pri  control.Priority
	}{{"normal 1", control.Normal}, {"normal 2", control.Normal}, {"urgent 1", control.Urgent}, {"urgent 2", control.Urgent}} {
		g.Go(func() error {
			return db.Update(t.Context(), w.pri, func(control.Tx) error {
				mu.Lock()
				defer mu.Unlock()
				order = append(order, w.name)
				return nil
			})
		})
		waitFor(t, "the writer to wait", func() bool { return db.Waiting() == i+1 })
	}
	release()
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	diff(t, "order", []string{"urgent 1", "urgent 2", "normal 1", "normal 2"}, order)
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// testCancelWaiting cancels writers that wait, for a writer of this process
// and for one of another.
func testCancelWaiting(t *testing.T, fresh Fresh) {
	o := fresh(t)
	here, there := open(t, o), open(t, o)
	release := held(t, here)
	for _, db := range []control.Store{here, there} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		err := db.Update(ctx, control.Normal, func(control.Tx) error {
			t.Error("two writers at once")
			return nil
		})
		cancel()
		wantKind(t, "Update", err, control.Unavailable)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Update returned %v, want %v", err, context.DeadlineExceeded)
		}
	}
	release()
	for _, db := range []control.Store{here, there} {
		if err := put(t.Context(), db, "a", `{}`); err != nil {
			t.Error(err)
		}
	}
}

func testCancelInside(t *testing.T, fresh Fresh) {
	db := open(t, fresh(t))
	want := currentState(t, db)
	ctx, cancel := context.WithCancel(t.Context())
	err := db.Update(ctx, control.Normal, func(tx control.Tx) error {
		defer cancel()
		_, err := tx.Append(record("undone"))
		return err
	})
	wantKind(t, "Update", err, control.Unavailable)
	diff(t, "state", want, currentState(t, db))
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	wantKind(t, "Update", put(ctx, db, "a", `{}`), control.Unavailable)
	diff(t, "state", want, currentState(t, db))
}
