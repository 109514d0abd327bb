package audit

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Proof shows, to whoever trusts the log's key and holds the record, that the
// record is leaf number Index of the log. As text it is a file of C2SP
// tlog-proof (extension .tlog-proof).
type Proof struct {
	Index      int64
	Hashes     []Hash // from the leaf's sibling to the child of the root
	Checkpoint string // the signed note
	Extra      []byte // opaque and not authenticated; usually empty
}

// Prove returns the proof that leaf index is in the tree of a signed
// checkpoint, whose signatures it does not verify.
func Prove(index int64, checkpoint string, read HashReader) (Proof, error) {
	c, err := unverified(checkpoint)
	if err != nil {
		return Proof{}, fmt.Errorf("prove leaf %d: %w", index, err)
	}
	hashes, err := ProveLeaf(index, c.Size, read)
	if err != nil {
		return Proof{}, err
	}
	return Proof{Index: index, Hashes: hashes, Checkpoint: checkpoint}, nil
}

// Verify checks the signed checkpoint with keys, as Open does, and that record
// is leaf p.Index of its tree. It returns the checkpoint.
func (p Proof) Verify(record []byte, keys note.Verifiers) (Checkpoint, error) {
	c, err := Open(p.Checkpoint, keys)
	if err != nil {
		return Checkpoint{}, err
	}
	if err := tlog.CheckRecord(p.Hashes, c.Size, c.Root, p.Index, tlog.RecordHash(record)); err != nil {
		return Checkpoint{}, fmt.Errorf("leaf %d of %d: %w", p.Index, c.Size, err)
	}
	return c, nil
}

// proofHeader is the first line of the only version there is.
const proofHeader = "c2sp.org/tlog-proof@v1\n"

// MarshalText implements [encoding.TextMarshaler]; it returns no error.
func (p Proof) MarshalText() ([]byte, error) {
	out := []byte(proofHeader)
	if len(p.Extra) > 0 {
		out = fmt.Appendf(out, "extra %s\n", base64.StdEncoding.EncodeToString(p.Extra))
	}
	out = fmt.Appendf(out, "index %d\n", p.Index)
	for _, h := range p.Hashes {
		out = fmt.Appendf(out, "%s\n", h)
	}
	return fmt.Appendf(out, "\n%s", p.Checkpoint), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler]. It accepts one spelling
// of each proof and does not verify it.
func (p *Proof) UnmarshalText(text []byte) error {
	parsed, err := parseProof(string(text))
	if err != nil {
		return fmt.Errorf("parse a proof: %w", err)
	}
	*p = parsed
	return nil
}

func parseProof(text string) (p Proof, err error) {
	rest, ok := strings.CutPrefix(text, proofHeader)
	if !ok {
		return p, errors.New("the first line is not " + strings.TrimSpace(proofHeader))
	}
	head, checkpoint, ok := strings.Cut(rest, "\n\n")
	if !ok {
		return p, errors.New("no checkpoint")
	}
	lines := strings.Split(head, "\n")
	if extra, ok := strings.CutPrefix(lines[0], "extra "); ok {
		if p.Extra, err = base64.StdEncoding.DecodeString(extra); err != nil || len(p.Extra) == 0 ||
			base64.StdEncoding.EncodeToString(p.Extra) != extra {
			return p, errors.New("extra: not base64")
		}
		lines = lines[1:]
	}
	index, ok := "", false
	if len(lines) > 0 {
		index, ok = strings.CutPrefix(lines[0], "index ")
	}
	if !ok {
		return p, errors.New("no index")
	}
	if p.Index, err = parseCount(index); err != nil {
		return p, fmt.Errorf("index: %w", err)
	}
	for i, line := range lines[1:] {
		h, err := parseHash(line)
		if err != nil {
			return p, fmt.Errorf("hash %d: %w", i, err)
		}
		p.Hashes = append(p.Hashes, h)
	}
	if _, err := unverified(checkpoint); err != nil {
		return p, err
	}
	p.Checkpoint = checkpoint
	return p, nil
}
