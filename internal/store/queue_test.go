package store

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/control"
)

// TestQueueOrder lets writers line up behind one, two of which give up.
func TestQueueOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var q queue
		if err := q.acquire(t.Context(), control.Normal); err != nil {
			t.Fatal(err)
		}
		var order []string
		impatient, giveUp := context.WithCancel(t.Context())
		for _, w := range []struct {
			name string
			ctx  context.Context
			pri  control.Priority
		}{
			{"n1", t.Context(), control.Normal},
			{"gone", impatient, control.Normal},
			{"n2", t.Context(), control.Normal},
			{"u1", t.Context(), control.Urgent},
			{"gone", impatient, control.Urgent},
			{"u2", t.Context(), control.Urgent},
		} {
			go func() {
				err := q.acquire(w.ctx, w.pri)
				if w.name == "gone" {
					if !errors.Is(err, context.Canceled) {
						t.Errorf("error %v, want %v", err, context.Canceled)
					}
					return
				}
				order = append(order, w.name)
				q.release()
			}()
			synctest.Wait()
		}
		giveUp()
		synctest.Wait()
		if n := q.length(); n != 4 {
			t.Errorf("%d wait, want 4", n)
		}
		q.release()
		synctest.Wait()
		if diff := cmp.Diff([]string{"u1", "u2", "n1", "n2"}, order); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
		if err := q.acquire(t.Context(), control.Normal); err != nil {
			t.Errorf("the turn is lost: %v", err)
		}
	})
}

// TestQueueLeaveWithTurn gives up at the moment at which the turn comes: it
// goes on to the next.
func TestQueueLeaveWithTurn(t *testing.T) {
	t.Parallel()
	var q queue
	if _, free := q.enter(control.Normal); !free {
		t.Fatal("a new queue has no turn")
	}
	leaving, _ := q.enter(control.Normal)
	next, _ := q.enter(control.Normal)
	q.release()
	<-leaving
	q.leave(leaving)
	<-next
	q.release()
	if _, free := q.enter(control.Normal); !free {
		t.Error("the turn is lost")
	}
}
