package edge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/feed"
)

const (
	// maxFollowers bounds how many scopes are followed: each is a stream, and a
	// copy of what it carries.
	maxFollowers = 256
	// firstData is how long a request may wait for a scope that has just begun
	// to be followed.
	firstData = 5 * time.Second
)

// Options are what an edge is made of. Upstream and Tokens are needed.
type Options struct {
	Upstream string   // URL of a control plane or of another edge
	Tokens   []string // backend tokens: what is followed from the start
	Trust    []string // verifier keys of planes; the first that is seen is pinned where empty
	Backup   string   // directory; nothing is kept over a restart where empty
	Version  string
	Name     string // by which it is told apart from others

	// MaxStale is how old what is served may be for the edge to be ready; it
	// goes on serving. Any age where zero.
	MaxStale time.Duration

	Client     *http.Client     // http.DefaultClient's settings where nil
	Now        func() time.Time // time.Now where nil
	Logger     *slog.Logger     // slog.Default where nil
	Registerer prometheus.Registerer
}

// Edge follows an upstream. Its methods may be called from any goroutine.
type Edge struct {
	opts   Options
	up     *upstream
	log    *slog.Logger
	now    func() time.Time
	count  *metrics
	trust  *trust
	tokens *tokens
	usage  *usage
	backup *backup

	forwarding chan struct{} // holds one for each request with evidence that is passed on

	starts chan *follower

	mu        sync.Mutex
	followers map[string]*follower // by scope.key

	byToken atomic.Pointer[sync.Map] // of covering: followers with data, by the token's ID
	aged    atomic.Pointer[agedHeader]
}

// New returns an edge that holds what its backup has. Nothing is asked of the
// upstream before Run.
func New(ctx context.Context, o Options) (*Edge, error) {
	base, err := checkUpstream(o.Upstream)
	if err != nil {
		return nil, err
	}
	if len(o.Tokens) == 0 {
		return nil, errors.New("token: an edge needs at least one backend token to follow its upstream with")
	}
	if o.Client == nil {
		o.Client = &http.Client{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	e := &Edge{
		opts: o, up: &upstream{base: base, version: o.Version, client: o.Client}, log: o.Logger, now: o.Now,
		forwarding: make(chan struct{}, maxForwarding),
		starts:     make(chan *follower, maxFollowers), followers: map[string]*follower{},
	}
	e.moved()
	e.count = newMetrics(o.Registerer, e.Age)
	if e.trust, err = newTrust(o.Trust, o.Backup); err != nil {
		return nil, err
	}
	e.tokens = newTokens(e)
	e.usage = newUsage(e)
	e.backup, err = openBackup(ctx, o.Backup, e)
	return e, err
}

func checkUpstream(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("upstream: %q is not a URL such as http://127.0.0.1:4242", s)
	}
	return strings.TrimRight(s, "/"), nil
}

// Run follows the upstream until ctx ends, and then writes a last backup.
func (e *Edge) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return e.revalidating(ctx) })
	g.Go(func() error { return e.usage.run(ctx) })
	g.Go(func() error { return e.backup.run(ctx) })
	g.Go(func() error { return e.witnessing(ctx) })
	for {
		select {
		case <-ctx.Done():
			return g.Wait()
		case f := <-e.starts:
			following, stop := context.WithCancel(ctx)
			e.mu.Lock()
			f.stop = stop
			retired := e.followers[f.scope.key()] != f
			e.mu.Unlock()
			if retired {
				stop()
				continue
			}
			g.Go(func() error {
				defer stop()
				return f.run(following)
			})
			g.Go(func() error { return e.acknowledging(following, f) })
		}
	}
}

// revalidating keeps what is known of tokens as the upstream has it.
func (e *Edge) revalidating(ctx context.Context) error {
	failing := false
	for {
		err := e.tokens.revalidate(ctx, e.opts.Tokens)
		if err != nil && !failing && ctx.Err() == nil {
			e.log.LogAttrs(ctx, slog.LevelWarn, "asking the upstream about tokens; those that are known stay valid", slog.Any("error", err))
		}
		failing = err != nil
		if !pause(ctx, revalidateEvery) {
			return nil
		}
	}
}

// Authenticate returns whose a token is. It is an httpapi.Authenticator.
func (e *Edge) Authenticate(ctx context.Context, secret string) (control.Principal, control.Token, error) {
	return e.tokens.Authenticate(ctx, secret)
}

// entered begins to follow what a backend token reads, unless a wider scope is
// followed already, and remembers the token as one to ask with.
func (e *Edge) entered(p *pass) {
	if p.token.Type != control.TokenBackend {
		return
	}
	s := scopeOf(p.token)
	e.mu.Lock()
	defer e.mu.Unlock()
	if f := e.followers[s.key()]; f != nil {
		f.addSecret(p.secret)
		return
	}
	for _, f := range e.followers {
		if secret, _ := f.position(); f.scope.covers(s) && secret != "" {
			return
		}
	}
	f := e.add(s)
	if f != nil {
		f.addSecret(p.secret)
	}
}

// add makes a follower and has it started; none where there are too many. The
// caller holds mu.
func (e *Edge) add(s scope) *follower {
	f := newFollower(s, e)
	if !e.enlist(f) {
		return nil
	}
	return f
}

// enlist has a follower started, unless there are too many. The caller holds mu.
func (e *Edge) enlist(f *follower) bool {
	if len(e.followers) >= maxFollowers {
		e.log.LogAttrs(context.Background(), slog.LevelWarn, "too many scopes are followed; give the edge a token that covers them",
			slog.String("environment", f.scope.Environment), slog.Int("scopes", maxFollowers))
		return false
	}
	e.followers[f.scope.key()] = f
	e.moved()
	e.starts <- f // has room for all of them
	return true
}

// left stops following what nobody has a token for any more, and follows what
// others have that it covered.
func (e *Edge) left(p *pass) {
	e.mu.Lock()
	key := scopeOf(p.token).key()
	f := e.followers[key]
	if f == nil || p.token.Type != control.TokenBackend || f.dropSecret(p.secret) > 0 {
		e.mu.Unlock()
		return
	}
	delete(e.followers, key)
	e.moved()
	if f.stop != nil {
		f.stop()
	}
	e.mu.Unlock()
	e.backup.forget(f.scope)
	for _, other := range e.tokens.all() {
		e.entered(other)
	}
}

// Of returns the environment that a token reads, from its own scope or from
// another that covers it, and waits a moment for one that is about to have data.
func (e *Edge) Of(ctx context.Context, t control.Token) (*feed.Env, error) {
	known := e.byToken.Load() // before looking, so that what changes meanwhile is not kept
	if f, ok := known.Load(t.ID); ok {
		return f.(*follower).environment(ctx) //nolint:errcheck,forcetypeassert // nothing else is stored
	}
	f := e.covering(scopeOf(t))
	if f == nil {
		return nil, control.Errorf(control.Unavailable, "not_followed",
			"this edge follows nothing that covers the token: give it a backend token for environment %s", t.Environment)
	}
	ctx, cancel := context.WithTimeout(ctx, firstData)
	defer cancel()
	select {
	case <-f.loaded:
		if t.ID != "" {
			known.Store(t.ID, f)
		}
		return f.environment(ctx)
	case <-ctx.Done():
		return nil, control.Errorf(control.Unavailable, "no_data", "the edge has not heard from its upstream yet")
	}
}

// moved forgets which tokens are served from where.
func (e *Edge) moved() { e.byToken.Store(&sync.Map{}) }

// covering returns the follower of a scope, or else of one that covers it, one
// with data first.
func (e *Edge) covering(s scope) *follower {
	e.mu.Lock()
	defer e.mu.Unlock()
	best := e.followers[s.key()]
	for _, f := range e.followers {
		if f.scope.covers(s) && (best == nil || !best.has() && f.has()) {
			best = f
		}
	}
	return best
}

// following returns the followers there are.
func (e *Edge) following() []*follower {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]*follower, 0, len(e.followers))
	for _, f := range e.followers {
		out = append(out, f)
	}
	return out
}

// Age returns how long ago the upstream last confirmed what is served, the
// longest of all scopes, and false where there is nothing to serve.
func (e *Edge) Age() (oldest time.Duration, ok bool) {
	for _, f := range e.following() {
		f.mu.Lock()
		if f.seq > 0 {
			oldest, ok = max(oldest, e.now().Sub(f.fresh)), true
		}
		f.mu.Unlock()
	}
	return oldest, ok
}

// Ready returns why the edge should be sent no requests, nil where it may be.
func (e *Edge) Ready(context.Context) error {
	age, ok := e.Age()
	switch {
	case !ok:
		return errors.New("there is nothing to serve yet")
	case e.opts.MaxStale > 0 && age > e.opts.MaxStale:
		return fmt.Errorf("the upstream has confirmed nothing for %v, and %v is allowed", age.Round(time.Second), e.opts.MaxStale)
	}
	return nil
}
