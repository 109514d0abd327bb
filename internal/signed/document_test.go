package signed

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

func newKey(t *testing.T) (note.Signer, note.Verifiers) {
	t.Helper()
	secret, public, err := note.GenerateKey(rand.Reader, "lockflight/test")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	return signer, note.VerifierList(verifier)
}

func TestVerify(t *testing.T) {
	t.Parallel()
	signer, keys := newKey(t)
	_, others := newKey(t)
	body := []byte(`{"events":[]}`)
	d := Document{"production", "p,q", 7}
	signature, err := Sign(signer, d, sha256.Sum256(body))
	if err != nil {
		t.Fatal(err)
	}
	over := func(text string) string {
		out, err := note.Sign(&note.Note{Text: text}, signer)
		if err != nil {
			t.Fatal(err)
		}
		return base64.StdEncoding.EncodeToString(out)
	}
	for _, tt := range []struct {
		name      string
		signature string
		keys      note.Verifiers
		document  Document
		body      string
		want      error
	}{
		{"genuine", signature, keys, d, string(body), nil},
		{"by another key", signature, others, d, string(body), ErrForged},
		{"no note", "AAAA", keys, d, string(body), ErrForged},
		{"no base64", "?", keys, d, string(body), ErrForged},
		{"over a checkpoint", over("lockflight/test\n7\nAAAA\n"), keys, d, string(body), ErrForged},
		{"truncated", signature, keys, d, string(body[:5]), ErrAltered},
		{"under another number", signature, keys, Document{"production", "p,q", 8}, string(body), ErrAltered},
		{"of another environment", signature, keys, Document{"staging", "p,q", 7}, string(body), ErrForeign},
		{"of another scope", signature, keys, Document{"production", "*", 7}, string(body), ErrForeign},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := Verify(tt.signature, tt.keys, tt.document, []byte(tt.body)); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestScope(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]string{
		"*":      Scope(true, nil, ""),
		"p,q":    Scope(false, []string{"p", "q"}, ""),
		`* "ab"`: Scope(true, nil, "ab"),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
