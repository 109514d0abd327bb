package edge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

const (
	// revalidateEvery is how often the upstream is asked which tokens are still
	// valid: a stream that asks every 5 s ends in time, and a request sooner.
	revalidateEvery = 2 * time.Second
	// unknownFor is how long a token that is not valid is not asked about again.
	unknownFor = 10 * time.Second
	// maxUnknown bounds the memory for tokens that are not valid.
	maxUnknown = 10_000
	// maxAsked is how many tokens the upstream is asked about at once.
	maxAsked = 1000
	// maxAsking is how many requests with new tokens ask at the same time.
	maxAsking = 8
)

type digest = [sha256.Size]byte

// pass is a token that the upstream has vouched for.
type pass struct {
	principal control.Principal
	token     control.Token
	secret    string // "" where it is from the backup and was not seen since
}

func newPass(t control.Token, secret string) *pass {
	return &pass{t.Principal(), t, secret}
}

// tokens knows which tokens the upstream takes. Its methods may be called from
// any goroutine.
type tokens struct {
	up      *upstream
	log     *slog.Logger
	now     func() time.Time
	asking  chan struct{}
	entered func(*pass) // called with a pass that is new, or whose secret is
	left    func(*pass)

	mu      sync.RWMutex
	passes  map[digest]*pass
	unknown map[digest]time.Time // until when
	unsaved bool
}

func newTokens(e *Edge) *tokens {
	return &tokens{
		up: e.up, log: e.log, now: e.now, asking: make(chan struct{}, maxAsking), entered: e.entered, left: e.left,
		passes: map[digest]*pass{}, unknown: map[digest]time.Time{},
	}
}

// Authenticate returns whose a token is: from memory, or where it is seen for
// the first time as the upstream says. It is an httpapi.Authenticator.
func (t *tokens) Authenticate(ctx context.Context, secret string) (control.Principal, control.Token, error) {
	sum := sha256.Sum256([]byte(secret))
	p, err := t.find(sum, secret)
	if p == nil && err == nil {
		p, err = t.ask(ctx, sum, secret)
	}
	if err != nil {
		return control.Principal{}, control.Token{}, err
	}
	return p.principal, p.token, nil
}

// find returns the pass of a token that is known here, or why it has none; and
// neither where the upstream has to be asked.
func (t *tokens) find(sum digest, secret string) (*pass, error) {
	t.mu.RLock()
	p, until := t.passes[sum], t.unknown[sum]
	t.mu.RUnlock()
	switch {
	case p == nil && t.now().Before(until):
		return nil, errToken
	case p != nil && p.secret == "":
		p = t.enter(sum, newPass(p.token, secret))
	}
	return p, nil
}

var errToken = control.Errorf(control.Unauthenticated, "unauthenticated", "the token is not known, or has expired")

// ask asks the upstream about a token that is not known here.
func (t *tokens) ask(ctx context.Context, sum digest, secret string) (*pass, error) {
	select {
	case t.asking <- struct{}{}:
		defer func() { <-t.asking }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	valid, err := t.validate(ctx, []string{secret})
	if err != nil {
		t.log.LogAttrs(ctx, slog.LevelWarn, "asking the upstream about a new token", slog.Any("error", err))
		return nil, control.Errorf(control.Unavailable, "upstream_away", "the token is new to this edge, and its upstream does not answer")
	}
	if found, ok := valid[secret]; ok {
		return t.enter(sum, newPass(found, secret)), nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.unknown) >= maxUnknown {
		clear(t.unknown)
	}
	t.unknown[sum] = t.now().Add(unknownFor)
	return nil, errToken
}

// enter takes a pass in, and returns the one that counts.
func (t *tokens) enter(sum digest, p *pass) *pass {
	t.mu.Lock()
	if old := t.passes[sum]; old != nil && old.secret != "" {
		t.mu.Unlock()
		return old
	}
	t.passes[sum] = p
	t.unsaved = true
	t.mu.Unlock()
	t.entered(p)
	return p
}

// validate returns which of some secrets are tokens, by secret: Unleash's POST
// /edge/validate.
func (t *tokens) validate(ctx context.Context, secrets []string) (map[string]control.Token, error) {
	type tokenList struct {
		Tokens []struct {
			Token       string   `json:"token"`
			Type        string   `json:"type"`
			Projects    []string `json:"projects"`
			Environment string   `json:"environment"`
		} `json:"tokens"`
	}
	valid := map[string]control.Token{}
	for some := range slices.Chunk(secrets, maxAsked) {
		var out tokenList
		if err := t.up.post(ctx, "/edge/validate", "", map[string][]string{"tokens": some}, &out); err != nil {
			return nil, err
		}
		for _, one := range out.Tokens {
			typ := control.TokenType(one.Type)
			if typ == "client" { // what Unleash called it
				typ = control.TokenBackend
			}
			sum := sha256.Sum256([]byte(one.Token))
			valid[one.Token] = control.Token{
				ID: "tok_" + hex.EncodeToString(sum[:10]), Type: typ, Projects: one.Projects, Environment: one.Environment,
			}
		}
	}
	return valid, nil
}

// revalidate asks about the tokens that are known here and about some others,
// takes in those that are new, and lets go of those that are no more.
func (t *tokens) revalidate(ctx context.Context, others []string) error {
	secrets := t.secrets(others)
	if len(secrets) == 0 {
		return nil
	}
	valid, err := t.validate(ctx, secrets)
	if err != nil {
		return err
	}
	for _, secret := range secrets {
		sum := sha256.Sum256([]byte(secret))
		if found, ok := valid[secret]; ok {
			t.enter(sum, newPass(found, secret))
		} else {
			t.drop(sum)
		}
	}
	var unvouched error
	for _, secret := range others {
		if valid[secret].Type != control.TokenBackend {
			unvouched = errors.New("a token that the edge was started with is no backend token of the upstream")
		}
	}
	return unvouched
}

func (t *tokens) secrets(others []string) []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	all := slices.Clone(others)
	for _, p := range t.passes {
		if p.secret != "" && !slices.Contains(others, p.secret) {
			all = append(all, p.secret)
		}
	}
	return all
}

func (t *tokens) drop(sum digest) {
	t.mu.Lock()
	p := t.passes[sum]
	delete(t.passes, sum)
	t.unsaved = t.unsaved || p != nil
	t.mu.Unlock()
	if p != nil {
		t.left(p)
	}
}

// all returns the passes there are.
func (t *tokens) all() []*pass {
	t.mu.RLock()
	defer t.mu.RUnlock()
	out := make([]*pass, 0, len(t.passes))
	for _, p := range t.passes {
		out = append(out, p)
	}
	return out
}
