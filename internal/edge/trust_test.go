package edge

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"log/slog"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/signed"
	"github.com/lockflight/lockflight/sdk/eval"
)

// plane signs as a control plane does.
type plane struct {
	vkey string
	key  note.Signer
}

func newPlane(t *testing.T) plane {
	t.Helper()
	secret, vkey, err := note.GenerateKey(rand.Reader, "lockflight/test")
	if err != nil {
		t.Fatal(err)
	}
	key, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	return plane{vkey, key}
}

// sends returns a payload signed for all projects of an environment.
func (p plane) sends(t *testing.T, environment string, seq int64, d eval.Delta) payload {
	t.Helper()
	data, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := signed.Sign(p.key, signed.Document{Environment: environment, Scope: "*", Seq: seq}, sha256.Sum256(data))
	if err != nil {
		t.Fatal(err)
	}
	return payload{seq, data, signature}
}

// trusting returns an edge with a backup that is given some keys.
func trusting(t *testing.T, dir string, vkeys ...string) (*Edge, *follower) {
	t.Helper()
	e, err := New(t.Context(), Options{
		Upstream: "http://plane.example", Tokens: []string{secret}, Trust: vkeys, Backup: dir, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	e.entered(newPass(control.Token{Type: control.TokenBackend, Projects: []string{control.All}, Environment: "production"}, secret))
	return e, e.covering(scope{"production", []string{control.All}})
}

// TestTrust refuses what the plane has not signed for this scope, counts it, and
// goes on with what it holds.
func TestTrust(t *testing.T) {
	t.Parallel()
	p, other := newPlane(t), newPlane(t)
	genuine := p.sends(t, "production", 9, updated(9, "a", "new"))
	with := func(change func(*payload)) payload {
		out := genuine
		change(&out)
		return out
	}
	for reason, bad := range map[string]payload{
		"forged":    other.sends(t, "production", 9, updated(9, "a", "new")),
		"altered":   with(func(q *payload) { q.Data = q.Data[:len(q.Data)-1] }),
		"foreign":   p.sends(t, "staging", 9, updated(9, "a", "new")),
		"older":     p.sends(t, "production", 3, hydration(3, "b")),
		"unsigned":  with(func(q *payload) { q.Signature = "" }),
		"malformed": {Seq: -1},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			e, f := trusting(t, "", p.vkey)
			if err := f.take(p.sends(t, "production", 7, hydration(7, "a"))); err != nil {
				t.Fatal(err)
			}
			if err := f.take(bad); err == nil {
				t.Error("it is taken")
			}
			if got := refused(t, e, reason); got != 1 {
				t.Errorf("%v are counted as %s, want 1", got, reason)
			}
			if _, seq := f.position(); seq != 7 || !f.serves("a") {
				t.Errorf("the edge holds %d, want a at 7", seq)
			}
			if err := f.take(genuine); err != nil {
				t.Errorf("what the plane signed is refused: %v", err)
			}
		})
	}
}

// TestPin trusts the first key that is seen, over a restart too.
func TestPin(t *testing.T) {
	t.Parallel()
	p, other := newPlane(t), newPlane(t)
	dir := t.TempDir()
	_, f := trusting(t, dir)
	if err := f.take(payload{Seq: 1, Data: []byte(hydrated)}); err != nil {
		t.Errorf("without a key, what is not signed is refused: %v", err)
	}
	for _, vkey := range []string{"", p.vkey, other.vkey} {
		if err := f.trust.pin(vkey); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.trust.pin("no key"); err != nil {
		t.Errorf("a key that is none, where one is pinned: %v", err)
	}
	e, again := trusting(t, dir)
	if err := again.take(other.sends(t, "production", 8, hydration(8, "b"))); err == nil || refused(t, e, "forged") != 1 {
		t.Errorf("after a restart, another plane's: %v", err)
	}
	if err := again.take(p.sends(t, "production", 8, hydration(8, "b"))); err != nil {
		t.Errorf("after a restart, the plane's: %v", err)
	}
	if _, err := New(t.Context(), Options{Upstream: "http://plane.example", Tokens: []string{secret}, Trust: []string{"?"}}); err == nil {
		t.Error("--trust with what is no key is taken")
	}
}

// TestSignedBackup serves from a backup what the plane has signed, and nothing
// that somebody has written to it.
func TestSignedBackup(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	for name, edit := range map[string]func(*savedScope){
		"as it was":        func(*savedScope) {},
		"changed":          func(s *savedScope) { s.Payloads[0].Data = []byte(hydrated) },
		"one left out":     func(s *savedScope) { s.Payloads = s.Payloads[1:] },
		"no signature":     func(s *savedScope) { s.Payloads[1].Signature = "" },
		"in another order": func(s *savedScope) { s.Payloads = append(s.Payloads[1:], s.Payloads[0]) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			e, f := trusting(t, dir, p.vkey)
			for _, one := range []payload{p.sends(t, "production", 7, hydration(7, "a")), p.sends(t, "production", 9, updated(9, "b", ""))} {
				if err := f.take(one); err != nil {
					t.Fatal(err)
				}
			}
			if err := e.backup.save(); err != nil {
				t.Fatal(err)
			}
			var saved savedScope
			file := e.backup.file(f.scope)
			if err := readJSON(file, &saved); err != nil {
				t.Fatal(err)
			}
			edit(&saved)
			if err := writeJSON(file, saved); err != nil {
				t.Fatal(err)
			}
			again, f := trusting(t, dir, p.vkey)
			_, seq := f.position()
			if name == "as it was" {
				if seq != 9 || !f.serves("a") || !f.serves("b") || refused(t, again, "backup") != 0 {
					t.Errorf("the edge holds %d, want a and b at 9", seq)
				}
			} else if seq != 0 || refused(t, again, "backup") != 1 {
				t.Errorf("the edge serves %d of a backup that was changed", seq)
			}
		})
	}
}

// TestShortens asks for a scope as a whole that is held in many payloads.
func TestShortens(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	whole := p.sends(t, "production", 7+maxPayloads, hydration(7+maxPayloads, "a", "b"))
	_, f := running(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/client/delta" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set(signed.KeyHeader, p.vkey)
		w.Header().Set(signed.Header, whole.Signature)
		w.Header().Set("ETag", `"207"`)
		_, _ = w.Write(whole.Data)
	})
	b := &backup{edge: &Edge{followers: map[string]*follower{"": f}, log: slog.New(slog.DiscardHandler)}}
	f.mu.Lock()
	f.payloads = make([]payload, maxPayloads+1)
	f.mu.Unlock()
	b.shorten(t.Context())
	f.mu.Lock()
	defer f.mu.Unlock()
	if diff := cmp.Diff([]payload{whole}, f.payloads); diff != "" {
		t.Errorf("what is kept (-want +got):\n%s", diff)
	}
}
