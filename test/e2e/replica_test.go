package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockflight/lockflight/test/postgres"
)

// What is written to two replicas together, by how many each.
const (
	replicaWrites  = 1000
	replicaWriters = 4
)

// TestReplicas writes to two servers over one database, and follows both. Each
// follower is told of every write, in the order of the log and once; and when
// one server is killed, nothing that it acknowledged is lost.
func TestReplicas(t *testing.T) {
	t.Parallel()
	one := newPlane(t)
	one.database = postgres.Start(t)
	one.start(t)
	two := &plane{data: one.data, database: one.database} // the key in the data is what replicas share
	t.Cleanup(func() {
		if two.process != nil {
			two.kill(t)
		}
	})
	two.start(t)
	both := []*plane{one, two}
	var followers []*follower
	for _, p := range both {
		followers = append(followers, p.follow(t))
	}

	var written creations
	var g errgroup.Group
	for i, p := range both {
		for n := range replicaWriters {
			share := replicaWrites / len(both) / replicaWriters
			g.Go(func() error {
				for k := range share {
					if err := written.create(t, p, fmt.Sprintf("split-%d-%d-%d", i, n, k)); err != nil {
						return err
					}
				}
				return nil
			})
		}
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if got := len(written.names); got != replicaWrites {
		t.Fatalf("%d writes, want %d", got, replicaWrites)
	}
	for i, f := range followers {
		f.await(t, written.names)
		t.Logf("the follower of replica %d was told of %d writes in %d messages", i+1, len(f.seen), f.messages)
	}

	two.killUnderLoad(t, one, &written)
	followers[0].await(t, written.names)
	served, err := one.served(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range written.names {
		if _, ok := served["flag "+name]; !ok {
			t.Errorf("flag %s was acknowledged, and is lost", name)
		}
	}
	one.stop(t)
	v := one.auditStopped(t)
	t.Logf("%d writes acknowledged; the survivor's log of %d records verifies", len(written.names), v.Size)
}

// killUnderLoad kills p while it and the survivor are written to, until the
// survivor has taken some more.
func (p *plane) killUnderLoad(t *testing.T, survivor *plane, written *creations) {
	t.Helper()
	var g errgroup.Group
	under := make(chan struct{}) // load
	for n := range replicaWriters {
		g.Go(func() error {
			for k := 0; ; k++ {
				if err := written.create(t, p, fmt.Sprintf("killed-%d-%d", n, k)); err != nil {
					return unlessGone(err)
				}
			}
		})
		g.Go(func() error {
			for k := range 50 {
				if err := written.create(t, survivor, fmt.Sprintf("survived-%d-%d", n, k)); err != nil {
					return err
				}
				if n == 0 && k == 10 {
					close(under)
				}
			}
			return nil
		})
	}
	select {
	case <-under:
	case <-time.After(patience):
		t.Errorf("no load within %s", patience)
	}
	p.kill(t)
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}

// creations are the flags that were acknowledged.
type creations struct {
	mu    sync.Mutex
	names []string
}

func (c *creations) create(t *testing.T, p *plane, name string) error {
	if err := p.call(t.Context(), http.MethodPost, features, map[string]string{"name": name}, nil); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.names = append(c.names, name)
	return nil
}

// follower reads the stream of one replica.
type follower struct {
	events   chan streamed
	seen     map[string]bool
	seq      int64
	messages int
}

// streamed is the JSON of one message, or why there are no more.
type streamed struct {
	Events []struct {
		Type    string `json:"type"`
		EventID int64  `json:"eventId"`
		Feature struct {
			Name string `json:"name"`
		} `json:"feature"`
	} `json:"events"`
	err error
}

// follow opens a stream, and returns when it is connected.
func (p *plane) follow(t *testing.T) *follower {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/api/client/streaming", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", backendToken)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	f := &follower{events: make(chan streamed, 4*replicaWrites), seen: map[string]bool{}}
	go func() {
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 8<<20)
		for lines.Scan() {
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			if !ok {
				continue
			}
			var m streamed
			m.err = json.Unmarshal([]byte(data), &m)
			f.events <- m
		}
		f.events <- streamed{err: fmt.Errorf("the stream has ended: %w", lines.Err())}
	}()
	if m := f.next(t); len(m.Events) != 1 || m.Events[0].Type != "hydration" {
		t.Fatalf("the first message is %+v, want a hydration", m)
	}
	return f
}

// next returns the next message.
func (f *follower) next(t *testing.T) streamed {
	t.Helper()
	select {
	case m := <-f.events:
		if m.err != nil {
			t.Fatal(m.err)
		}
		return m
	case <-time.After(patience):
		t.Fatalf("nothing came for %s, after %d flags", patience, len(f.seen))
		return streamed{}
	}
}

// await reads until all names were seen. Each message is of later events than
// the one before it, and none tells of a flag again.
func (f *follower) await(t *testing.T, names []string) {
	t.Helper()
	missing := map[string]bool{}
	for _, name := range names {
		if !f.seen[name] {
			missing[name] = true
		}
	}
	for len(missing) > 0 {
		m := f.next(t)
		f.messages++
		before := f.seq
		for _, e := range m.Events {
			if e.Type != "feature-updated" || e.EventID <= before {
				t.Fatalf("%s of event %d after %d, want an update of a later one", e.Type, e.EventID, before)
			}
			if f.seen[e.Feature.Name] {
				t.Fatalf("told of %s twice", e.Feature.Name)
			}
			f.seen[e.Feature.Name], f.seq = true, e.EventID
			delete(missing, e.Feature.Name)
		}
	}
}
