package feed

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// Source is the configuration as committed, and what each commit changed in
// it. control.Service is one; an edge has its upstream.
type Source interface {
	// Served returns a whole environment at one moment.
	Served(ctx context.Context, environment string) (control.Served, error)
	// Updates returns what the events numbered after and above changed in each
	// of environments, as of the sequence number that it returns.
	Updates(ctx context.Context, after int64, environments []string) (int64, map[string]control.Update, error)
}

// pollEvery bounds how long a lost wake-up keeps a commit from the readers. It
// is Unleash's own interval for the same purpose.
const pollEvery = time.Second

// Hub holds the environments that have been read since the start and keeps
// them current. Its methods may be called from any goroutine.
type Hub struct {
	source  Source
	changed func() <-chan struct{}
	log     *slog.Logger
	limits  limits
	sign    Sign // nil for none

	// following makes reads of the source serial, so that an environment is
	// never loaded older than the position from which it is then followed.
	following sync.Mutex
	seq       int64 // the environments hold every event below it
	shared    pool

	mu   sync.RWMutex
	envs map[string]*Env
}

// New returns a Hub over a source. changed returns a channel that is closed, or
// receives, once there may be something new; it is a hint, and nil where there
// is none. Nothing is followed until Run.
func New(source Source, changed func() <-chan struct{}, log *slog.Logger) *Hub {
	if changed == nil {
		changed = func() <-chan struct{} { return nil }
	}
	return &Hub{source: source, changed: changed, log: log, limits: windowLimits, envs: map[string]*Env{}, shared: pool{}}
}

// SignWith has every document and message signed. It is called before any is
// asked for.
func (h *Hub) SignWith(sign Sign) { h.sign = sign }

// Run keeps the environments current until ctx ends. A source that does not
// answer is asked again; until it does, what is held is served.
func (h *Hub) Run(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	failing := false
	for {
		changed := h.changed() // before reading, so that no commit falls between
		err := h.Sync(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			h.log.LogAttrs(ctx, slog.LevelWarn, "following the log; serving what is held", slog.Any("error", err))
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-tick.C:
		}
	}
}

// Environment returns an environment, and loads it when it is asked for the
// first time.
func (h *Hub) Environment(ctx context.Context, name string) (*Env, error) {
	if e := h.env(name); e != nil {
		return e, nil
	}
	h.following.Lock()
	defer h.following.Unlock()
	if e := h.env(name); e != nil {
		return e, nil
	}
	served, err := h.source.Served(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("loading environment %q: %w", name, err)
	}
	e := newEnv(h, name, served)
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.envs) == 0 {
		h.seq = served.Seq
	}
	h.envs[name] = e
	return e, nil
}

// Of returns the environment that a token of an SDK reads.
func (h *Hub) Of(ctx context.Context, t control.Token) (*Env, error) {
	return h.Environment(ctx, t.Environment)
}

// Sync brings every environment up to what is committed when it is called.
func (h *Hub) Sync(ctx context.Context) error {
	h.following.Lock()
	defer h.following.Unlock()
	envs := h.loaded()
	if len(envs) == 0 {
		return nil
	}
	seq, updates, err := h.source.Updates(ctx, h.seq, slices.Sorted(maps.Keys(envs)))
	if err != nil {
		return fmt.Errorf("reading the events after %d: %w", h.seq, err)
	}
	if seq < h.seq {
		return fmt.Errorf("the log has %d events, and had %d", seq, h.seq)
	}
	for name, update := range updates {
		envs[name].advance(seq, update)
	}
	h.seq = seq
	return nil
}

func (h *Hub) env(name string) *Env {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.envs[name]
}

func (h *Hub) loaded() map[string]*Env {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return maps.Clone(h.envs)
}
