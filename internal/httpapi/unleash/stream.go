package unleash

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// delta answers GET /api/client/delta: what changed since the revision in
// If-None-Match, everything where there is none or it is too old.
func (a *Clients) delta(w http.ResponseWriter, r *http.Request) error {
	env, scope, err := a.visible(r)
	if err != nil {
		return err
	}
	m, changed := env.Delta(r.Context(), scope, revision(r.Header.Get("If-None-Match")))
	if !changed {
		return notModified(w)
	}
	a.sign(w, m.Signature)
	return writeDocument(w, `"`+strconv.FormatInt(m.Seq, 10)+`"`, m.Data)
}

// streaming answers GET /api/client/streaming: the same as delta, pushed. It
// ends within 5 s of the token's end.
func (a *Clients) streaming(w http.ResponseWriter, r *http.Request) error {
	env, scope, err := a.visible(r)
	if err != nil {
		return err
	}
	sub := env.Subscribe(r.Context(), scope, revision(r.Header.Get("Last-Event-ID")))
	a.sign(w, "") // each event has a signature of its own
	secret := httpapi.Secret(r)
	httpapi.ServeStream(w, r, httpapi.Source{
		Next: func(ctx context.Context) ([]byte, error) {
			m, err := sub.Next(ctx)
			return m.SSE, err
		},
		Valid: func(ctx context.Context) bool {
			_, _, err := a.auth.Authenticate(ctx, secret)
			return err == nil || control.KindOf(err) != control.Unauthenticated
		},
		End: func(ctx context.Context, err error) {
			sub.Close()
			a.log.LogAttrs(ctx, slog.LevelDebug, "stream ended", slog.Any("error", err))
		},
	})
	return nil // nobody is left to be told
}

// revision reads what a client sends back of an ETag or an event's id, 0 where
// it is not one of ours.
func revision(s string) int64 {
	s = strings.Trim(strings.TrimPrefix(strings.TrimSpace(s), "W/"), `"`)
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
