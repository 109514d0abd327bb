package edge

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestAcknowledges says what is served once it is, and not what is received: the
// hub of this edge looks only when it is told to.
func TestAcknowledges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, f := newEdge(t, "http://plane.example")
		e.opts.Name = "edge-1"
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- e.acknowledging(ctx, f) }()
		said := func() (seqs []int64) {
			synctest.Wait()
			e.usage.mu.Lock()
			defer e.usage.mu.Unlock()
			for _, b := range e.usage.queue {
				for _, r := range b.Lockflight.Applied {
					if r.AppName != "lockflight-edge" || r.InstanceID != "edge-1" {
						t.Errorf("the receipt is of %s %s", r.AppName, r.InstanceID)
					}
					seqs = append(seqs, r.Seq)
				}
			}
			return seqs
		}
		take := func(seq int64, name string) {
			if err := f.apply(seq, updated(seq, name, "")); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.apply(5, hydration(5, "a")); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]int64{5}, said()); diff != "" {
			t.Errorf("at first (-want +got):\n%s", diff)
		}
		take(7, "b")
		time.Sleep(time.Minute)
		if diff := cmp.Diff([]int64{5}, said()); diff != "" {
			t.Errorf("of what is received and not served (-want +got):\n%s", diff)
		}
		if err := f.hub.Sync(ctx); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]int64{5, 7}, said()); diff != "" {
			t.Errorf("once it is served (-want +got):\n%s", diff)
		}
		e.usage.mu.Lock()
		if n := len(e.usage.queue); n != 4 {
			t.Errorf("%d reports, want 4: two receipts, and that the edge was there in between, twice", n)
		}
		e.usage.mu.Unlock()
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
