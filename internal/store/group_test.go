package store

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/control"
)

// commits is a commit that waits to be let through, and notes the groups.
type commits struct {
	groups  [][]string
	through chan error
}

func (c *commits) commit(_ context.Context, group []*request) error {
	var names []string
	for _, r := range group {
		names = append(names, r.batches[0].Release)
	}
	c.groups = append(c.groups, names)
	return <-c.through
}

func part(release string, size int) *request {
	b := control.EvidenceBatch{Release: release, Lines: make([]byte, size)}
	return &request{batches: []control.EvidenceBatch{b}, done: make(chan struct{})}
}

func TestGroup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := commits{through: make(chan error)}
		g := newGroup(c.commit)
		impatient, giveUp := context.WithCancel(t.Context())
		failed := errors.New("failed")
		var mu sync.Mutex
		errs := map[string]error{}
		call := func(ctx context.Context, release string, size int) {
			go func() {
				err := g.do(ctx, part(release, size))
				mu.Lock()
				defer mu.Unlock()
				errs[release] = err
			}()
			synctest.Wait()
		}
		call(impatient, "a", 1) // leads alone
		call(t.Context(), "b", 1)
		call(impatient, "c", 1)
		call(t.Context(), "d", 1)
		call(t.Context(), "e", groupBytes-1) // does not fit with b and d
		call(t.Context(), "f", groupBytes+1)
		giveUp() // c goes; a, being committed, does not
		synctest.Wait()
		for _, err := range []error{nil, failed, nil, nil} {
			synctest.Wait()
			c.through <- err
		}
		synctest.Wait()
		want := [][]string{{"a"}, {"b", "d"}, {"e"}, {"f"}}
		if diff := cmp.Diff(want, c.groups); diff != "" {
			t.Errorf("groups (-want +got):\n%s", diff)
		}
		for release, want := range map[string]error{"a": nil, "b": failed, "c": context.Canceled, "d": failed, "e": nil, "f": nil} {
			err, returned := errs[release]
			if !returned || !errors.Is(err, want) || (want == nil && err != nil) {
				t.Errorf("%s: returned %t with %v, want %v", release, returned, err, want)
			}
		}
	})
}
