package edge

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/note"

	"github.com/lockflight/lockflight/internal/signed"
)

// pinFile is where a key is kept that was pinned, within the backup.
const pinFile = "upstream.vkey"

var errUnsigned = errors.New("it is not signed, and the upstream's key is known")

// trust is whose signatures count: those of the keys that the edge was given,
// or of the first key that its upstream showed. Before there is either, what is
// not signed is taken: Unleash signs nothing, and an edge cannot.
type trust struct {
	file string // of the pinned key; "" for none

	mu   sync.Mutex
	keys note.Verifiers // nil while there is none
}

// newTrust takes the keys given, or else the one that was pinned.
func newTrust(vkeys []string, dir string) (*trust, error) {
	t := &trust{}
	if dir != "" {
		t.file = filepath.Join(dir, pinFile)
	}
	if len(vkeys) == 0 && t.file != "" {
		text, err := os.ReadFile(t.file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return t, nil
		case err != nil:
			return nil, fmt.Errorf("backup: %w", err)
		}
		vkeys = []string{strings.TrimSpace(string(text))}
	}
	var all []note.Verifier
	for _, vkey := range vkeys {
		v, err := note.NewVerifier(vkey)
		if err != nil {
			return nil, fmt.Errorf("trust: %q is not a verifier key such as name+1a2b3c4d+base64: %w", vkey, err)
		}
		all = append(all, v)
	}
	if len(all) > 0 {
		t.keys = note.VerifierList(all...)
	}
	return t, nil
}

// pin trusts the key that an upstream shows, where there is none yet. One that
// is not written is pinned until the edge ends.
func (t *trust) pin(vkey string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if vkey == "" || t.keys != nil {
		return nil
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return fmt.Errorf("the upstream shows a key that is none: %w", err)
	}
	t.keys = note.VerifierList(v)
	if t.file == "" {
		return nil
	}
	return os.WriteFile(t.file, []byte(vkey+"\n"), 0o600)
}

// verify checks what an upstream sent of a scope under a sequence number.
func (t *trust) verify(s scope, p payload) error {
	t.mu.Lock()
	keys := t.keys
	t.mu.Unlock()
	switch {
	case keys == nil:
		return nil
	case p.Signature == "":
		return errUnsigned
	}
	want := signed.Document{Environment: s.Environment, Scope: signed.Scope(false, s.Projects, ""), Seq: p.Seq}
	return signed.Verify(p.Signature, keys, want, p.Data)
}

// refusal names what is wrong with a payload, for the count of those refused.
func refusal(err error) string {
	switch {
	case errors.Is(err, errOlder):
		return "older"
	case errors.Is(err, errUnsigned):
		return "unsigned"
	case errors.Is(err, signed.ErrForged):
		return "forged"
	case errors.Is(err, signed.ErrAltered):
		return "altered"
	case errors.Is(err, signed.ErrForeign):
		return "foreign"
	}
	return "malformed"
}
