package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"golang.org/x/mod/sumdb/note"

	"github.com/lockflight/lockflight/internal/audit"
)

// zipped tells whether a file is a zip file: an evidence pack, and not an export
// of the log.
func zipped(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	magic := make([]byte, 4)
	_, err = io.ReadFull(f, magic)
	return err == nil && bytes.Equal(magic, []byte("PK\x03\x04"))
}

// maxPackFile is how much of one file of a pack is read, in bytes: a zip file of
// a few may hold any number.
const maxPackFile = 32 << 20

// verifyEvidence checks every file of an evidence pack, without a server: each
// against the index, each leaf against its proof and the key, and each document
// against its leaf.
func verifyEvidence(name, vkey string) (auditReport, error) {
	files, err := readZip(name)
	if err != nil {
		return auditReport{}, fmt.Errorf("reading the pack: %w", err)
	}
	var index packIndex
	if err := json.Unmarshal(files["index.json"], &index); err != nil || index.Format != packFormat {
		return auditReport{}, errors.New("reading the pack: it has no index.json of an evidence pack")
	}
	key := vkey
	if key == "" {
		key = index.VerifierKey
	}
	keys, err := audit.Verifiers(key)
	if err != nil {
		return auditReport{}, usageError{fmt.Errorf("--vkey: %w", err)}
	}
	v := evidenceVerifier{files: files, index: index, keys: keys, report: auditReport{VerifierKey: vkey, Findings: []audit.Finding{}}}
	v.listed()
	for _, seq := range index.Changes {
		v.change(seq)
	}
	v.report.OK = len(v.report.Findings) == 0
	return v.report, nil
}

func readZip(name string) (map[string][]byte, error) {
	z, err := zip.OpenReader(name)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	out := map[string][]byte{}
	for _, f := range z.File {
		if _, twice := out[f.Name]; twice {
			return nil, fmt.Errorf("%s is there twice", f.Name)
		}
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(io.LimitReader(r, maxPackFile+1))
		if err := errors.Join(err, r.Close()); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		if len(b) > maxPackFile {
			return nil, fmt.Errorf("%s is larger than %d bytes", f.Name, maxPackFile)
		}
		out[f.Name] = b
	}
	return out, nil
}

type evidenceVerifier struct {
	files  map[string][]byte
	index  packIndex
	keys   note.Verifiers
	report auditReport
}

func (v *evidenceVerifier) add(fault audit.Fault, seq int64, format string, args ...any) {
	v.report.Findings = append(v.report.Findings, audit.Finding{Fault: fault, Seq: seq, What: fmt.Sprintf(format, args...)})
}

// listed compares the files with the index.
func (v *evidenceVerifier) listed() {
	for _, name := range slices.Sorted(maps.Keys(v.index.Files)) {
		switch text, ok := v.files[name]; {
		case !ok:
			v.add(audit.FaultMissingBlob, -1, "%s is gone", name)
		case audit.Sum(text) != v.index.Files[name]:
			v.add(audit.FaultDigest, -1, "%s was changed after it was written", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v.files)) {
		if _, ok := v.index.Files[name]; !ok && name != "index.json" {
			v.add(audit.FaultPack, -1, "%s is not in the index", name)
		}
	}
}

// change checks a leaf with its proof and its documents.
func (v *evidenceVerifier) change(seq int64) {
	file := func(name string) []byte { return v.files[changeFile(seq, name)] }
	leaf := file("leaf.json")
	var proof audit.Proof
	if err := proof.UnmarshalText(file("leaf.tlog-proof")); err != nil {
		v.add(audit.FaultMissingHash, seq, "there is no proof of the leaf: %v", err)
		return
	}
	c, err := proof.Verify(leaf, v.keys)
	if err != nil {
		v.add(audit.FaultLeafHash, seq, "the leaf is not proved to be in the log: %v", err)
		return
	}
	v.report.Size++
	v.report.Checkpoint, v.report.Root = c.Size, c.Root.String()
	r, err := audit.Decode(leaf)
	if err != nil || r.Seq != seq || proof.Index != seq {
		v.add(audit.FaultSeq, seq, "the leaf is another one than the index says")
		return
	}
	for _, d := range []struct{ name, sum string }{{"before.json", r.Res.H0}, {"after.json", r.Res.H1}, {"verdict-evidence.json", r.Dec.Evidence}} {
		doc := file(d.name)
		switch {
		case d.sum == "" && doc == nil:
		case doc == nil:
			v.add(audit.FaultMissingDocument, seq, "%s, which the leaf names, is not there", d.name)
		case audit.Sum(doc) != d.sum:
			v.add(audit.FaultDocument, seq, "%s is not the document that the leaf names", d.name)
		default:
			v.report.Documents++
		}
	}
}
