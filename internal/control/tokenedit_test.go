package control_test

import (
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

func TestExpireToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	const secret = "blue:production.secret"
	token := must(w.AddToken(ctx, root, control.TokenBackend, secret))(t)
	end := func(at *time.Time) func() error {
		return func() error {
			_, err := w.ExpireToken(ctx, root, token.ID, at)
			return err
		}
	}
	soon := begin.Add(time.Hour)
	w.leaves(t, []change{
		{"in an hour", end(&soon), []string{"token.update"}},
		{"the same", end(&soon), []string{}},
	})
	before := w.head(t)
	wantErr(t, end(&begin)(), control.Invalid, "expiresAt")
	_, err := w.ExpireToken(ctx, root, "tok_none", nil)
	wantErr(t, err, control.NotFound, "token")
	_, err = w.ExpireToken(ctx, may(control.Scope{Project: "default"}, control.PermTokenCreate), token.ID, nil)
	wantErr(t, err, control.Denied, "token.create")
	if after := w.head(t); after != before {
		t.Errorf("%d events were written", after.Size-before.Size)
	}
	w.pass(time.Hour)
	_, _, err = w.Authenticate(ctx, secret)
	wantErr(t, err, control.Unauthenticated, "")
}
