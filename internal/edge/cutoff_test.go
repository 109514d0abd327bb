package edge_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockflight/lockflight/internal/edge"
	"github.com/lockflight/lockflight/internal/httpapi/unleash"
	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

// startEdge runs an edge between two wires until stop.
func startEdge(t *testing.T, up, down *wire, dir string) (stop func()) {
	t.Helper()
	client := up.client()
	e, err := edge.New(t.Context(), edge.Options{
		Upstream: "http://plane", Tokens: []string{backend}, Backup: dir, Client: client, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	unleash.NewClients(unleash.ClientOptions{
		Auth: e, Feed: e, Sink: e, Ready: e.Ready, Relay: true, Logger: slog.New(slog.DiscardHandler),
	}).Register(mux)
	ctx, cancel := context.WithCancel(context.Background()) //nolint:usetesting // ends with stop
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	end := down.serve(mux)
	return func() {
		end()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		client.CloseIdleConnections()
	}
}

// connect starts an SDK on a wire and waits for its configuration.
func connect(t *testing.T, on *wire) (c *sdk.Client, stop func()) {
	t.Helper()
	client := on.client()
	c, err := sdk.New(t.Context(), sdk.Options{URL: "http://edge", Token: backend, AppName: "shop", HTTPClient: client})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c, func() {
		_ = c.Close() // its last reports may have nobody to go to
		client.CloseIdleConnections()
	}
}

// agree counts the answers that differ from the engine's on a document, a
// default in place of an answer among them.
func agree(c *sdk.Client, want *eval.Set, units int) (wrong int) {
	for i := range want.Len() {
		flag := "flag-" + strconv.Itoa(i)
		for u := range units {
			unit := &eval.Context{UserID: strconv.Itoa(u)}
			on, known := want.Bool(flag, unit)
			if got := c.Bool(flag, unit, !on); got != on || !known {
				wrong++
			}
		}
	}
	return wrong
}

func compile(t *testing.T, s eval.Snapshot) *eval.Set {
	t.Helper()
	set, warnings := eval.Compile(s)
	if len(warnings) > 0 {
		t.Fatal(warnings)
	}
	return set
}

// TestCutOff cuts an edge from its plane for an hour, starts it again in the
// middle of it, and lets the plane go on: every answer in that hour is the
// engine's on the last document that the edge received, to SDKs that were there
// and to those that come, and afterwards all agree with the plane within 5 s.
// An edge that missed little is sent what it missed, one that missed much the
// whole of it.
func TestCutOff(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		missed              int
		hydrations, updates int64
	}{
		"10 versions":     {10, 0, 10},
		"10,000 versions": {10_000, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				plane, up, down := newWorld(20), newWire(), newWire()
				defer plane.servePlane(t, up)()
				stopEdge := startEdge(t, up, down, dir)
				defer func() { stopEdge() }()
				first, stop := connect(t, down)
				defer stop()
				clients := []*sdk.Client{first}
				time.Sleep(2 * time.Second) // for the backup
				last := compile(t, plane.document())

				up.set(true)
				for minute := range 60 {
					if minute == 30 {
						stopEdge()
						down.set(true)
						down.set(false)
						stopEdge = startEdge(t, up, down, dir)
					}
					if minute%20 == 10 {
						late, stop := connect(t, down)
						defer stop()
						clients = append(clients, late)
					}
					for range tt.missed / 60 {
						plane.change()
						synctest.Wait() // each is a version of its own
					}
					time.Sleep(time.Minute)
					for i, c := range clients {
						if wrong := agree(c, last, 20); wrong > 0 {
							t.Fatalf("minute %d: %d answers of client %d are not the engine's", minute, wrong, i)
						}
					}
				}
				for range tt.missed % 60 {
					plane.change()
					synctest.Wait()
				}
				up.hydrations.Store(0)
				up.updates.Store(0)

				up.set(false)
				time.Sleep(5 * time.Second)
				now := compile(t, plane.document())
				for i, c := range clients {
					if wrong := agree(c, now, 20); wrong > 0 {
						t.Errorf("5 s after healing %d answers of client %d are not the plane's", wrong, i)
					}
				}
				if h, u := up.hydrations.Load(), up.updates.Load(); h != tt.hydrations || u != tt.updates {
					t.Errorf("the edge was sent %d snapshots and %d changes, want %d and %d", h, u, tt.hydrations, tt.updates)
				}
			})
		})
	}
}

// TestNoStampede heals the network of a hundred SDKs: all are back within 5 s,
// and not at once.
func TestNoStampede(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const fleet = 100
		plane, net := newWorld(5), newWire()
		defer plane.servePlane(t, net)()
		var clients []*sdk.Client
		for range fleet {
			c, stop := connect(t, net)
			defer stop()
			clients = append(clients, c)
		}
		net.set(true)
		time.Sleep(time.Minute)
		plane.change()
		net.set(false)
		peak, before := int64(0), net.dials.Load()
		for range 50 {
			time.Sleep(100 * time.Millisecond)
			now := net.dials.Load()
			peak, before = max(peak, now-before), now
		}
		want := compile(t, plane.document())
		for i, c := range clients {
			if wrong := agree(c, want, 5); wrong > 0 {
				t.Errorf("5 s after healing %d answers of client %d are not the plane's", wrong, i)
			}
		}
		if peak > fleet/3 {
			t.Errorf("%d connections within 100 ms, of %d clients", peak, fleet)
		}
	})
}

// TestDocumentCutOff asks the edge itself, which is cut off and started again and
// again.
func TestDocumentCutOff(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		plane, up, down := newWorld(5), newWire(), newWire()
		defer plane.servePlane(t, up)()
		stop := startEdge(t, up, down, dir)
		client := down.client()
		ask := func() string {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://edge/api/client/features", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", backend)
			resp, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Fatal(resp.Status, err)
			}
			return string(body)
		}
		want := ask()
		if !strings.Contains(want, "flag-4") {
			t.Fatalf("the document: %s", want)
		}
		time.Sleep(2 * time.Second)
		up.set(true)
		for range 2 {
			plane.change()
			time.Sleep(30 * time.Minute)
			if got := ask(); got != want {
				t.Errorf("cut off, the edge serves %s, want %s", got, want)
			}
			client.CloseIdleConnections()
			stop()
			stop = startEdge(t, up, down, dir)
		}
		client.CloseIdleConnections()
		stop()
	})
}
