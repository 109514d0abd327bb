package control_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// replica is a second service over the same store, which is told of nothing.
func (w *world) replica() *control.Service {
	return control.New(control.Options{Store: w.db, Now: w.now, Origin: "test", Version: "v0", Logger: slog.New(slog.DiscardHandler)})
}

// TestRevocationIsSeen on the next request of the same replica, and within a
// second on another one, which no wake-up reaches.
func TestRevocationIsSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	other := w.replica()
	made, secret, err := w.CreateToken(ctx, root, backend())
	check(t, err)
	for _, s := range []*control.Service{w.Service, other} {
		_, _, err := s.Authenticate(ctx, secret)
		check(t, err)
	}
	check(t, w.RevokeToken(ctx, root, made.ID))
	_, _, err = w.Authenticate(ctx, secret)
	wantErr(t, err, control.Unauthenticated, "")
	_, _, err = other.Authenticate(ctx, secret)
	check(t, err) // from memory still
	w.pass(time.Second)
	_, _, err = other.Authenticate(ctx, secret)
	wantErr(t, err, control.Unauthenticated, "")
}

// TestRevocationRaces revokes tokens while others authenticate with them: once
// RevokeToken has returned, no request on this replica passes.
func TestRevocationRaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	for range 20 {
		made, secret, err := w.CreateToken(ctx, root, backend())
		check(t, err)
		var revoked atomic.Bool
		var g sync.WaitGroup
		for range 4 {
			g.Go(func() {
				for {
					late := revoked.Load()
					_, _, err := w.Authenticate(ctx, secret)
					switch {
					case err != nil:
						return
					case late:
						t.Error("a revoked token was taken")
						return
					}
				}
			})
		}
		check(t, w.RevokeToken(ctx, root, made.ID))
		revoked.Store(true)
		g.Wait()
	}
}

// TestAuthenticateAllocatesNothing of a token that is known.
func TestAuthenticateAllocatesNothing(t *testing.T) {
	w := newWorld(t)
	_, secret, err := w.CreateToken(t.Context(), root, backend("blue"))
	check(t, err)
	if n := testing.AllocsPerRun(100, func() { _, _, err = w.Authenticate(t.Context(), secret) }); n != 0 || err != nil {
		t.Errorf("%v allocations (%v)", n, err)
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	w := newWorld(b)
	_, secret, err := w.CreateToken(b.Context(), root, backend("blue"))
	check(b, err)
	b.Run("known", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _, err = w.Authenticate(b.Context(), secret)
		}
	})
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			w.pass(time.Second)
			_, _, err = w.Authenticate(b.Context(), secret)
		}
	})
	check(b, err)
}

// TestWriteRereadsTheToken: a right that is gone when the transaction begins
// allows nothing, whenever the request was authenticated.
func TestWriteRereadsTheToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	made, secret, err := w.CreateToken(ctx, root, serviceToken(control.PermFlagCreate))
	check(t, err)
	p, _, err := w.Authenticate(ctx, secret)
	check(t, err)
	must(w.CreateFlag(ctx, p, control.Flag{Name: "one", Project: "blue"}))(t)
	must(w.CreateFlag(ctx, p, control.Flag{Name: "two", Project: "blue"}))(t)
	check(t, w.RevokeToken(ctx, root, made.ID))
	before := w.head(t)
	_, err = w.CreateFlag(ctx, p, control.Flag{Name: "three", Project: "blue"})
	wantErr(t, err, control.Unauthenticated, "")
	if w.head(t) != before {
		t.Error("it was written")
	}
}

func serviceToken(perms ...control.Permission) control.Token {
	return control.Token{Name: "bot", Type: control.TokenService, Projects: []string{"blue"}, Permissions: perms}
}

func TestServiceToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	in := serviceToken(control.PermRead, control.PermToggleOff)
	in.Environments = []string{"production"}
	made, secret, err := w.CreateToken(ctx, root, in)
	check(t, err)
	if want := begin.Add(90 * 24 * time.Hour); !made.ExpiresAt.Equal(want) {
		t.Errorf("it expires at %v, want %v", made.ExpiresAt, want)
	}
	p, _, err := w.Authenticate(ctx, "user:"+secret)
	check(t, err)
	if p.Kind != control.KindService || p.ID != made.ID {
		t.Errorf("it is %s %s", p.Kind, p.ID)
	}
	check(t, p.May(control.PermToggleOff, inProd))
	wantErr(t, p.May(control.PermToggleOn, inProd), control.Denied, "")
	wantErr(t, p.May(control.PermToggleOff, control.Scope{Project: "blue", Environment: "development"}), control.Denied, "")
	wantErr(t, p.May(control.PermToggleOff, control.Scope{Project: "default", Environment: "production"}), control.Denied, "")
	changed := []byte(secret)
	changed[10] ^= 1
	_, _, err = w.Authenticate(ctx, string(changed))
	wantErr(t, err, control.Unauthenticated, "")
}

func TestServiceTokenRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, tc := range map[string]struct {
		change func(*control.Token)
		field  string
	}{
		"no permission":       {func(x *control.Token) { x.Permissions = nil }, "permissions"},
		"no such permission":  {func(x *control.Token) { x.Permissions = append(x.Permissions, "flag.fly") }, "permissions[1]"},
		"no such environment": {func(x *control.Token) { x.Environments = []string{"moon"} }, "environment"},
		"all and one":         {func(x *control.Token) { x.Environments = []string{"production", "*"} }, "environments"},
		"more than a year":    {func(x *control.Token) { x.ExpiresAt = new(begin.Add(366 * 24 * time.Hour)) }, "expiresAt"},
		"an edge's":           {func(x *control.Token) { x.Type = control.TokenEdge }, "permissions"},
		"a backend token's":   {func(x *control.Token) { x.Type, x.Environment = control.TokenBackend, "production" }, "permissions"},
		"a project not there": {func(x *control.Token) { x.Projects = []string{"red"} }, "projects[0]"},
		"environments, backend": {func(x *control.Token) {
			x.Type, x.Environment, x.Permissions, x.Environments = control.TokenBackend, "production", nil, []string{"development"}
		}, "permissions"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := serviceToken(control.PermRead)
			tc.change(&in)
			_, _, err := w.CreateToken(t.Context(), root, in)
			wantErr(t, err, control.Invalid, tc.field)
		})
	}
}

// TestID06TokensGrantNoMore: nobody makes a token that may do what they may
// not.
func TestID06TokensGrantNoMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maker := may(blue, control.PermTokenCreate, control.PermRead)
	admin := control.Token{Name: "ops", Type: control.TokenAdmin}
	everywhere := serviceToken(control.PermRead)
	everywhere.Projects = nil
	for name, tc := range map[string]struct {
		by  control.Principal
		in  control.Token
		not control.Permission
	}{
		"a permission not held": {maker, serviceToken(control.PermRead, control.PermToggleOn), control.PermToggleOn},
		"all permissions":       {maker, serviceToken(control.PermAny), control.PermAny},
		"everywhere":            {maker, everywhere, control.PermTokenCreate},
		"an admin's":            {may(anywhere, control.PermTokenCreate), admin, control.PermAny},
		"an admin's, one project": {
			may(blue, control.PermAny), admin, control.PermTokenCreate,
		},
	} {
		_, _, err := w.CreateToken(t.Context(), tc.by, tc.in)
		t.Run(name, func(t *testing.T) { wantErr(t, err, control.Denied, string(tc.not)) })
	}
	_, _, err := w.CreateToken(t.Context(), maker, serviceToken(control.PermRead))
	check(t, err)
}

// TestID12RotationOverlap: both secrets count until the overlap ends, and then
// the new one alone.
func TestID12RotationOverlap(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	for name, in := range map[string]control.Token{"service": serviceToken(control.PermRead), "backend": backend("blue")} {
		old, oldSecret, err := w.CreateToken(ctx, root, in)
		check(t, err)
		before := w.head(t).Size
		made, secret, err := w.RotateToken(ctx, root, old.ID, time.Hour)
		check(t, err)
		diff(t, name+": records", []string{"token.rotate", "token.update"}, types(w.since(t, before)))
		w.accounted(t, w.since(t, before))
		if made.RotatedFrom != old.ID || made.ID == old.ID || made.Hash == old.Hash {
			t.Errorf("%s: the new token is %+v", name, made)
		}
		for _, s := range []string{oldSecret, secret} {
			_, _, err := w.Authenticate(ctx, s)
			check(t, err)
		}
		w.pass(time.Hour)
		_, _, err = w.Authenticate(ctx, oldSecret)
		wantErr(t, err, control.Unauthenticated, "")
		_, _, err = w.Authenticate(ctx, secret)
		check(t, err)

		_, next, err := w.RotateToken(ctx, root, made.ID, 0)
		check(t, err)
		_, _, err = w.Authenticate(ctx, secret)
		wantErr(t, err, control.Unauthenticated, "")
		_, _, err = w.Authenticate(ctx, next)
		check(t, err)
	}
	for _, overlap := range []time.Duration{-1, 25 * time.Hour} {
		_, _, err := w.RotateToken(ctx, root, "tok_x", overlap)
		wantErr(t, err, control.Invalid, "overlap")
	}
	_, _, err := w.RotateToken(ctx, root, "tok_x", 0)
	wantErr(t, err, control.NotFound, "token")
	made := must(w.AddToken(ctx, root, control.TokenBackend, "blue:production.secret"))(t)
	_, _, err = w.RotateToken(ctx, may(inProd, control.PermTokenRevoke), made.ID, 0)
	wantErr(t, err, control.Denied, "token.create")
}

// uses is a UseStore in memory.
type uses struct {
	mu   sync.Mutex
	all  []control.Use
	fail bool
}

func (u *uses) MarkUsed(_ context.Context, all []control.Use) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.fail {
		return errors.New("not now")
	}
	u.all = append(u.all, all...)
	return nil
}

func (u *uses) LastUsed(context.Context, string) ([]control.Use, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.all), nil
}

// TestLastUseIsBatched: a thousand requests are one write a minute.
func TestLastUseIsBatched(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, secret, err := w.CreateToken(t.Context(), root, backend())
	check(t, err)
	synctest.Test(t, func(t *testing.T) {
		kept := &uses{fail: true}
		s := control.New(control.Options{Store: w.db, Origin: "test", Logger: slog.New(slog.DiscardHandler), Uses: kept})
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()
		use := func() time.Time {
			t.Helper()
			for range 1000 {
				_, _, err := s.Authenticate(ctx, secret)
				check(t, err)
			}
			return time.Now().Truncate(time.Millisecond).UTC()
		}
		use()
		time.Sleep(90 * time.Second) // refused once
		kept.mu.Lock()
		kept.fail = false
		kept.mu.Unlock()
		first := use()
		time.Sleep(2 * time.Minute)
		last := use()
		listed := must(s.Tokens(ctx, root))(t)
		if len(listed) != 1 || listed[0].LastUsedAt == nil || !listed[0].LastUsedAt.Equal(last) {
			t.Errorf("it is listed as %+v, want last used %v", listed, last)
		}
		stop()
		check(t, <-done)
		diff(t, "writes", []control.Use{{Credential: made.ID, At: first}, {Credential: made.ID, At: last}}, kept.all)
	})
}
