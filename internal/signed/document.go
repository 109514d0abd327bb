// Package signed binds what a control plane sends to edges to the plane's key: a
// signed note (https://c2sp.org/signed-note) that names the environment, the
// scope, the sequence number and the SHA-256 of the body. It is not the log's
// checkpoints, which are internal/audit's.
package signed

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// The headers of an answer, and the field of a server-sent event, that hold a
// signature; and the header that holds the key that verifies it.
const (
	Header    = "Lockflight-Signature"
	Field     = "lockflight-signature"
	KeyHeader = "Lockflight-Key"
)

// first is the first line of the note, so that no signature over anything else
// can be one over a document.
const first = "lockflight document v1"

// The ways in which a document can fail to be what it is taken for.
var (
	ErrForged  = errors.New("the signature is none of the plane's")
	ErrAltered = errors.New("the body is not the one that was signed")
	ErrForeign = errors.New("it is of another environment or scope")
)

// Document is what is signed of a body, beside its hash.
type Document struct {
	Environment string
	Scope       string // Scope of the projects
	Seq         int64
}

// Scope names a part of an environment: its projects, in order, or all of them,
// and the prefix of the flags' names, "" for all of them.
func Scope(all bool, projects []string, prefix string) string {
	scope := strings.Join(projects, ",")
	if all {
		scope = "*"
	}
	if prefix != "" {
		scope += " " + strconv.Quote(prefix)
	}
	return scope
}

// Sign returns the signature of a document whose body has the SHA-256 sum: the
// signed note in base64, so that it is one line.
func Sign(key note.Signer, d Document, sum [sha256.Size]byte) (string, error) {
	text := strings.Join([]string{first, d.Environment, d.Scope, strconv.FormatInt(d.Seq, 10), hex.EncodeToString(sum[:])}, "\n") + "\n"
	out, err := note.Sign(&note.Note{Text: text}, key)
	if err != nil {
		return "", fmt.Errorf("sign document %d of %s: %w", d.Seq, d.Environment, err)
	}
	return base64.StdEncoding.EncodeToString(out), nil
}

// Verify checks that a signature is by one of the keys, over a body, as the
// document that it is taken for. The error is one of those of the package, or
// wraps one.
func Verify(signature string, keys note.Verifiers, want Document, body []byte) error {
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return fmt.Errorf("%w: it is no base64", ErrForged)
	}
	n, err := note.Open(raw, keys)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForged, err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 6 || lines[0] != first {
		return fmt.Errorf("%w: it is over something else", ErrForged)
	}
	sum := sha256.Sum256(body)
	switch {
	case lines[1] != want.Environment || lines[2] != want.Scope:
		return fmt.Errorf("%w: %s, %s", ErrForeign, lines[1], lines[2])
	case lines[3] != strconv.FormatInt(want.Seq, 10) || lines[4] != hex.EncodeToString(sum[:]):
		return ErrAltered
	}
	return nil
}
