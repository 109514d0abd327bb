package edge_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/feed"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/internal/httpapi/unleash"
	"github.com/lockflight/lockflight/sdk/eval"
)

const backend = "*:production.secret"

// world is a configuration in memory: flags whose versions are counted, each an
// event of its own.
type world struct {
	mu      sync.Mutex
	flags   []eval.Flag // in turn, event after event
	seq     int64
	changed chan struct{}
}

func newWorld(flags int) *world {
	w := &world{changed: make(chan struct{})}
	for i := range flags {
		w.flags = append(w.flags, eval.Flag{Name: "flag-" + strconv.Itoa(i), Project: "default"})
	}
	for range flags {
		w.change()
	}
	return w
}

// change is one event, which gives the next flag another share of the units.
func (w *world) change() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seq++
	w.flags[w.seq%int64(len(w.flags))] = w.version(w.seq)
	close(w.changed)
	w.changed = make(chan struct{})
}

func (w *world) version(seq int64) eval.Flag {
	name := w.flags[seq%int64(len(w.flags))].Name
	return eval.Flag{
		Name: name, Project: "default", Enabled: true, Description: strconv.FormatInt(seq, 10),
		Strategies: []eval.Strategy{{Name: "flexibleRollout", Parameters: map[string]string{
			"rollout": strconv.FormatInt(seq*37%101, 10), "stickiness": "userId", "groupId": name,
		}}},
	}
}

func (w *world) wait() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changed
}

// document is what SDKs are to serve now.
func (w *world) document() eval.Snapshot {
	w.mu.Lock()
	defer w.mu.Unlock()
	return eval.Snapshot{Features: append([]eval.Flag{}, w.flags...)}
}

// Served implements feed.Source.
func (w *world) Served(context.Context, string) (control.Served, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return control.Served{Seq: w.seq, Flags: append([]eval.Flag{}, w.flags...)}, nil
}

// Updates implements feed.Source.
func (w *world) Updates(_ context.Context, after int64, environments []string) (int64, map[string]control.Update, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := map[string]control.Update{}
	var u control.Update
	for n := max(after, w.seq-int64(len(w.flags))) + 1; n <= w.seq; n++ {
		u.Flags = append(u.Flags, w.flags[n%int64(len(w.flags))])
	}
	for _, name := range environments {
		out[name] = u
	}
	return w.seq, out, nil
}

// anyone takes one token.
type anyone struct{}

func (anyone) Authenticate(_ context.Context, secret string) (control.Principal, control.Token, error) {
	if secret != backend {
		return control.Principal{}, control.Token{}, control.Errorf(control.Unauthenticated, "unauthenticated", "nobody's")
	}
	t := control.Token{ID: "tok", Type: control.TokenBackend, Environment: "production", Projects: []string{control.All}}
	return t.Principal(), t, nil
}

// nowhere takes reports.
type nowhere struct{}

func (nowhere) AddReports(context.Context, control.Reports) error { return nil }

func always(context.Context) error { return nil }

// wire is a network within the process, so that time in a bubble passes while
// somebody waits for an answer. It can be cut, and counts what servers send.
type wire struct {
	accepted chan net.Conn

	mu    sync.Mutex
	cut   bool
	conns map[*end]bool
	dials atomic.Int64

	hydrations, updates atomic.Int64
}

var errCut = errors.New("the network is cut")

func newWire() *wire { return &wire{accepted: make(chan net.Conn), conns: map[*end]bool{}} }

// end is the server's end of a connection.
type end struct {
	net.Conn
	wire *wire
}

func (e *end) Write(p []byte) (int, error) {
	e.wire.hydrations.Add(int64(bytes.Count(p, []byte(`{"type":"hydration"`))))
	e.wire.updates.Add(int64(bytes.Count(p, []byte(`{"type":"feature-updated"`))))
	return e.Conn.Write(p)
}

func (w *wire) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	w.dials.Add(1)
	w.mu.Lock()
	cut := w.cut
	near, far := net.Pipe()
	served := &end{far, w}
	w.conns[served] = true
	w.mu.Unlock()
	if cut {
		return nil, &net.OpError{Op: "dial", Net: "pipe", Err: errCut}
	}
	select {
	case w.accepted <- served:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// set cuts the network, with all connections, or heals it.
func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	for c := range w.conns {
		if cut {
			_ = c.Close()
			delete(w.conns, c)
		}
	}
}

func (w *wire) client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: w.dial, DisableCompression: true}}
}

// door is what a server accepts from.
type door struct {
	wire   *wire
	closed chan struct{}
	once   sync.Once
}

func (d *door) Accept() (net.Conn, error) {
	select {
	case c := <-d.wire.accepted:
		return c, nil
	case <-d.closed:
		return nil, net.ErrClosed
	}
}

func (d *door) Close() error   { d.once.Do(func() { close(d.closed) }); return nil }
func (d *door) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// serve answers on a wire until stop, which also ends the streams.
func (w *wire) serve(h http.Handler) (stop func()) {
	streams, end := context.WithCancel(context.Background())
	requests, wait := httpapi.WithStreams(streams)
	server := &http.Server{Handler: h, BaseContext: func(net.Listener) context.Context { return requests }}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(&door{wire: w, closed: make(chan struct{})})
	}()
	return func() {
		end()
		wait()
		_ = server.Close()
		<-served
	}
}

// servePlane serves a world as a control plane does.
func (w *world) servePlane(t *testing.T, on *wire) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background()) //nolint:usetesting // ends with stop
	hub := feed.New(w, w.wait, slog.New(slog.DiscardHandler))
	mux := http.NewServeMux()
	unleash.NewClients(unleash.ClientOptions{Auth: anyone{}, Feed: hub, Sink: nowhere{}, Ready: always, Logger: slog.New(slog.DiscardHandler)}).Register(mux)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = hub.Run(ctx)
	}()
	down := on.serve(mux)
	return func() {
		down()
		cancel()
		<-done
	}
}
