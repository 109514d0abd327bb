package ofrep

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/feed"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// streamPath is where providers listen. It is not of the protocol, which has
// each answer name it.
const streamPath = "/ofrep/v1/events"

// stream answers with an event for each change of what the token may read, and
// one at the start, unless the client has what there is. It ends within 5 s of
// the token's end.
func (a *API) stream(w http.ResponseWriter, r *http.Request) error {
	secret, ok := a.seal.open(r.URL.Query().Get("channel"))
	if !ok {
		return control.Errorf(control.Unauthenticated, "no_token", "channel: is none of this server's: evaluate the flags again for a new one")
	}
	p, t, err := a.auth.Authenticate(r.Context(), secret)
	if err != nil {
		return err
	}
	env, scope, err := a.granted(r.Context(), httpapi.Caller{Principal: p, Token: t})
	if err != nil {
		return err
	}
	seq, _ := strconv.ParseInt(r.Header.Get("Last-Event-ID"), 10, 64)
	sub := env.Subscribe(r.Context(), scope, seq)
	httpapi.ServeStream(w, r, httpapi.Source{
		Next: refetches(sub),
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

// unchanged is what a subscription says to a client that has everything.
var unchanged = []byte(`{"events":[]}`)

// refetches turns the messages of a subscription into events that say that
// there was one.
func refetches(sub *feed.Subscription) func(context.Context) ([]byte, error) {
	return func(ctx context.Context) ([]byte, error) {
		for {
			m, err := sub.Next(ctx)
			if err != nil {
				return nil, err
			}
			if bytes.Equal(m.Data, unchanged) {
				continue
			}
			seq := strconv.FormatInt(m.Seq, 10)
			return []byte("id: " + seq + "\nevent: message\ndata: " + `{"type":"refetchEvaluation","etag":"\"` + seq + `\""}` + "\n\n"), nil
		}
	}
}

// seal hides a token in an address. An EventSource sends no headers, so that
// the address must hold what the stream is for, and addresses end up in logs:
// what they hold opens this stream and nothing else. It is the same each time,
// so that a provider that asks again goes on listening: the nonce is derived
// from the token, as in a synthetic initialisation vector (RFC 5297).
type seal struct {
	aead cipher.AEAD
	mac  [32]byte
}

func newSeal(key [32]byte) seal {
	derive := func(label string) [32]byte {
		m := hmac.New(sha256.New, key[:])
		m.Write([]byte(label))
		return [32]byte(m.Sum(nil))
	}
	secret := derive("ofrep stream seal")
	block, _ := aes.NewCipher(secret[:]) // 32 bytes are a key
	aead, _ := cipher.NewGCM(block)      // of AES, always
	return seal{aead, derive("ofrep stream nonce")}
}

func (s seal) close(secret string) string {
	m := hmac.New(sha256.New, s.mac[:])
	m.Write([]byte(secret))
	nonce := m.Sum(nil)[:s.aead.NonceSize()]
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nonce, nonce, []byte(secret), nil))
}

func (s seal) open(channel string) (secret string, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(channel)
	if n := s.aead.NonceSize(); err == nil && len(raw) > n {
		plain, err := s.aead.Open(nil, raw[:n], raw[n:], nil)
		return string(plain), err == nil
	}
	return "", false
}
