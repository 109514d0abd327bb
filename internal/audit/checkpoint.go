package audit

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is the state of a log that its key signs: C2SP tlog-checkpoint.
// A log MUST NOT sign one that contradicts an earlier one.
type Checkpoint struct {
	Origin string `json:"origin"` // names the log and its key
	Size   int64  `json:"size"`   // leaves
	Root   Hash   `json:"root"`   // in JSON and in the note: base64
}

// Sign returns the signed note over c. One signer must bear the name of the
// log; others are added as cosignatures or for the change of a key.
func Sign(c Checkpoint, signers ...note.Signer) (string, error) {
	text := fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Root)
	if parsed, err := parseCheckpoint(text); err != nil || parsed != c {
		return "", fmt.Errorf("sign a checkpoint: %w", errors.Join(errCheckpoint, err))
	}
	if !slices.ContainsFunc(signers, func(s note.Signer) bool { return s.Name() == c.Origin }) {
		return "", fmt.Errorf("sign a checkpoint: no key of the log %q", c.Origin)
	}
	signed, err := note.Sign(&note.Note{Text: text}, signers...)
	if err != nil {
		return "", fmt.Errorf("sign a checkpoint: %w", err)
	}
	return string(signed), nil
}

// Open verifies a signed note and returns its checkpoint. One signature must
// be by a key in keys that bears the name of the log. Signatures by keys that
// are not in keys are ignored, whatever their kind; one that is by a known key
// and wrong is a [note.InvalidSignatureError]. Extension lines are ignored.
func Open(signed string, keys note.Verifiers) (Checkpoint, error) {
	n, err := note.Open([]byte(signed), keys)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("open a checkpoint: %w", err)
	}
	c, err := parseCheckpoint(n.Text)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("open a checkpoint: %w", err)
	}
	if !slices.ContainsFunc(n.Sigs, func(sig note.Signature) bool { return sig.Name == c.Origin }) {
		return Checkpoint{}, fmt.Errorf("open a checkpoint: %w", &note.UnverifiedNoteError{Note: n})
	}
	for _, sig := range n.Sigs {
		// The bits of the last digit that carry nothing must be zero: of a
		// signature that counts there is one spelling only.
		if _, err := base64.StdEncoding.Strict().DecodeString(sig.Base64); err != nil {
			return Checkpoint{}, fmt.Errorf("open a checkpoint: %w", &note.InvalidSignatureError{Name: sig.Name, Hash: sig.Hash})
		}
	}
	return c, nil
}

var errCheckpoint = errors.New("malformed checkpoint")

// parseCheckpoint reads a note's text: origin, size and root, a line each,
// then lines that are not empty and mean nothing here.
func parseCheckpoint(text string) (Checkpoint, error) {
	body, ended := strings.CutSuffix(text, "\n")
	lines := strings.Split(body, "\n")
	if !ended || len(lines) < 3 || slices.Contains(lines, "") {
		return Checkpoint{}, errCheckpoint
	}
	size, err := parseCount(lines[1])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: size %w", errCheckpoint, err)
	}
	if size > maxSize {
		return Checkpoint{}, fmt.Errorf("%w: size %d is over 2^53", errCheckpoint, size)
	}
	root, err := parseHash(lines[2])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: root %w", errCheckpoint, err)
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: root}, nil
}

// unverified returns the checkpoint in a signed note without looking at its
// signatures.
func unverified(signed string) (Checkpoint, error) {
	text, _, ok := strings.Cut(signed, "\n\n")
	if !ok {
		return Checkpoint{}, errCheckpoint
	}
	return parseCheckpoint(text + "\n")
}

// parseCount reads a decimal number, 0 or more, without leading zeros.
func parseCount(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s {
		return 0, fmt.Errorf("%q is not a count", s)
	}
	return n, nil
}

// parseHash reads a hash in base64, in its one spelling.
func parseHash(s string) (Hash, error) {
	h, err := tlog.ParseHash(s)
	if err != nil || h.String() != s {
		return Hash{}, fmt.Errorf("%q is not a hash in base64", s)
	}
	return h, nil
}

// checkpointFault classifies an error of Open.
func checkpointFault(err error) Fault {
	if _, ok := errors.AsType[*note.InvalidSignatureError](err); ok {
		return FaultSignature
	}
	if _, ok := errors.AsType[*note.UnverifiedNoteError](err); ok {
		return FaultKey
	}
	return FaultCheckpoint
}
