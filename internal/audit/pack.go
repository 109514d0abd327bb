package audit

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// A pack is a whole log in one file of lines, in this order:
//
//	lockflight-audit-pack v1
//	vkey <verifier key of the log>
//	note <a line of the signed checkpoint>     one for each; of an empty line "note"
//	leaf <seq> <the record's bytes>            from 0, one for each
//	resource <a Document as canonical JSON>    one for each
//	sha256 <hexadecimal digits>                of all bytes before this line
//
// The last line shows that the file is complete and was not changed on its
// way. It proves nothing about who wrote it: trust comes from the checkpoint,
// which covers every leaf.
const packHeader = "lockflight-audit-pack v1"

// The kinds of lines of a pack: the first word of each.
const (
	lineHeader   = "lockflight-audit-pack"
	lineKey      = "vkey"
	lineNote     = "note"
	lineLeaf     = "leaf"
	lineResource = "resource"
	lineDigest   = "sha256"
)

// digestLine is the last line of a pack whose other bytes were written to h.
func digestLine(h hash.Hash) string { return fmt.Sprintf("%s %x\n", lineDigest, h.Sum(nil)) }

// ExportOptions say what goes into a pack.
type ExportOptions struct {
	// VerifierKey is the log's, for those who have it from nowhere else.
	VerifierKey string
	// Documents adds the documents of the resources to their hashes. They may
	// hold targeting values, which are personal data.
	Documents bool
}

// Export writes log as a pack. The newest checkpoint must verify with the key
// of opts and cover the whole log: sign one first. Apart from that the log is
// written as it is, faults and all; that is for VerifyPack to find.
func Export(w io.Writer, log Log, opts ExportOptions) error {
	digest := sha256.New()
	buffered := bufio.NewWriterSize(io.MultiWriter(w, digest), 1<<16)
	for _, part := range []func(io.Writer, Log, ExportOptions) error{exportHead, exportLeaves, exportDocuments} {
		if err := part(buffered, log, opts); err != nil {
			return fmt.Errorf("export the log: %w", err)
		}
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("export the log: %w", err)
	}
	if _, err := io.WriteString(w, digestLine(digest)); err != nil {
		return fmt.Errorf("export the log: %w", err)
	}
	return nil
}

func exportHead(w io.Writer, log Log, opts ExportOptions) error {
	checkpoint, err := covering(log, opts.VerifierKey)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "%s\n%s %s\n", packHeader, lineKey, opts.VerifierKey); err != nil {
		return err
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(checkpoint, "\n"), "\n") {
		if line != "" {
			line = " " + line
		}
		if _, err := fmt.Fprintf(w, "%s%s\n", lineNote, line); err != nil {
			return err
		}
	}
	return nil
}

// covering returns the newest checkpoint of log, if it covers all of it.
func covering(log Log, vkey string) (string, error) {
	key, err := note.NewVerifier(vkey)
	if err != nil {
		return "", fmt.Errorf("verifier key %q: %w", vkey, err)
	}
	size, _, err := log.Head()
	if err != nil {
		return "", err
	}
	for signed, err := range log.Checkpoints() {
		if err != nil {
			return "", err
		}
		c, err := Open(signed, note.VerifierList(key))
		if err != nil {
			return "", err
		}
		if c.Size != size {
			return "", fmt.Errorf("the newest checkpoint covers %d records of %d", c.Size, size)
		}
		return signed, nil
	}
	return "", errors.New("there is no checkpoint")
}

func exportLeaves(w io.Writer, log Log, _ ExportOptions) error {
	for leaf, err := range log.Leaves() {
		if err != nil {
			return err
		}
		if bytes.IndexByte(leaf.Record, '\n') >= 0 {
			return fmt.Errorf("record %d is not of one line", leaf.Seq)
		}
		if _, err := fmt.Fprintf(w, "%s %d %s\n", lineLeaf, leaf.Seq, leaf.Record); err != nil {
			return err
		}
	}
	return nil
}

func exportDocuments(w io.Writer, log Log, opts ExportOptions) error {
	for d, err := range log.Documents() {
		if err != nil {
			return err
		}
		if !opts.Documents {
			d.Doc = nil
		}
		line, err := Canonical(d)
		if err != nil {
			return fmt.Errorf("%s %q: %w", d.Kind, d.Key, err)
		}
		if _, err := fmt.Fprintf(w, "%s %s\n", lineResource, line); err != nil {
			return err
		}
	}
	return nil
}
