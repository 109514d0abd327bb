package main

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
)

// samplePack is a pack of one change, over a log of one record with its key.
func samplePack(t *testing.T) (changeSample, string) {
	t.Helper()
	key, err := audit.GenerateKey(strings.NewReader(strings.Repeat("k", 64)), "test")
	noErr(t, err)
	before, after := `{"enabled":false}`, `{"enabled":true}`
	record, err := audit.Encode(audit.Record{
		Seq: 0, ID: "0198", TS: "2026-11-22T10:00:00.000Z", Type: "flag.env.enable", Env: "production", Outcome: "success",
		Actor: audit.Actor{Kind: "human", ID: "u_1"}, CR: audit.ChangeReq{ID: "cr_1", Appr: []audit.Approval{{By: "u_2", At: "2026-11-22T09:00:00.000Z"}}},
		Res: audit.Resource{Type: "flagenv", Key: "production/a", Rev0: 1, Rev1: 2, H0: audit.Sum([]byte(before)), H1: audit.Sum([]byte(after))},
	})
	noErr(t, err)
	checkpoint, err := audit.Sign(audit.Checkpoint{Origin: "test", Size: 1, Root: tlog.RecordHash(record)}, key)
	noErr(t, err)
	text, err := audit.Proof{Checkpoint: checkpoint}.MarshalText()
	noErr(t, err)
	differences := []control.Difference{{Path: "enabled", Before: false, After: true}}
	return changeSample{
		Environment: "production", Seed: "s", Of: 1, VerifierKey: key.VerifierKey(),
		Changes: []sampledChange{{Record: string(record), Proof: string(text), Before: before, After: after, Differences: differences}},
	}, key.VerifierKey()
}

func noErr(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func writePack(t *testing.T, packed []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "pack.zip")
	noErr(t, os.WriteFile(name, packed, 0o600))
	return name
}

// a pack tells an auditor what they ask, and verifies without a server.
func TestEvidencePack(t *testing.T) {
	t.Parallel()
	sample, vkey := samplePack(t)
	packed, err := sample.pack()
	noErr(t, err)
	again, err := sample.pack()
	noErr(t, err)
	if !bytes.Equal(packed, again) {
		t.Error("the same answer makes another file")
	}
	r, err := verifyEvidence(writePack(t, packed), vkey)
	noErr(t, err)
	if !r.OK || r.Size != 1 || r.Documents != 2 {
		t.Errorf("report %+v", r)
	}
	page, err := sample.page()
	noErr(t, err)
	for _, want := range []string{"| by | human u_1 |", "| approved by | u_2 at", "| change request | cr_1 |", "| enabled | false | true |", "(changes/0/leaf.tlog-proof)"} {
		if !strings.Contains(page, want) {
			t.Errorf("index.md has no %q:\n%s", want, page)
		}
	}
}

// TestEvidencePackIsTampered changes each part in turn; the index is made to
// agree, so that what finds it is the proof.
func TestEvidencePackIsTampered(t *testing.T) {
	t.Parallel()
	other, err := audit.GenerateKey(strings.NewReader(strings.Repeat("x", 64)), "test")
	noErr(t, err)
	for name, c := range map[string]struct {
		change func(*changeSample)
		want   audit.Fault
	}{
		"leaf":          {func(s *changeSample) { s.Changes[0].Record = strings.Replace(s.Changes[0].Record, "u_1", "u_9", 1) }, audit.FaultLeafHash},
		"before":        {func(s *changeSample) { s.Changes[0].Before = `{"enabled":true}` }, audit.FaultDocument},
		"after":         {func(s *changeSample) { s.Changes[0].After = "{}" }, audit.FaultDocument},
		"no after":      {func(s *changeSample) { s.Changes[0].After = "" }, audit.FaultMissingDocument},
		"a verdict":     {func(s *changeSample) { s.Changes[0].Evidence = "{}" }, audit.FaultDocument},
		"no proof":      {func(s *changeSample) { s.Changes[0].Proof = "" }, audit.FaultMissingHash},
		"another place": {func(s *changeSample) { s.Changes[0].Seq = 4 }, audit.FaultSeq},
	} {
		sample, vkey := samplePack(t)
		c.change(&sample)
		packed, err := sample.pack()
		noErr(t, err)
		r, err := verifyEvidence(writePack(t, packed), vkey)
		noErr(t, err)
		if r.OK || !slices.ContainsFunc(r.Findings, func(f audit.Finding) bool { return f.Fault == c.want }) {
			t.Errorf("%s: findings %v, want %s", name, r.Findings, c.want)
		}
	}
	sample, _ := samplePack(t)
	packed, err := sample.pack()
	noErr(t, err)
	if r, err := verifyEvidence(writePack(t, packed), other.VerifierKey()); err != nil || r.OK {
		t.Errorf("a pack of another log: ok %v, %v", r.OK, err)
	}
}

// TestEvidencePackFilesAreThoseOfItsIndex changes and adds files behind the index.
func TestEvidencePackFilesAreThoseOfItsIndex(t *testing.T) {
	t.Parallel()
	sample, vkey := samplePack(t)
	packed, err := sample.pack()
	noErr(t, err)
	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	noErr(t, err)
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range z.File {
		r, err := f.Open()
		noErr(t, err)
		text, err := io.ReadAll(r)
		noErr(t, err)
		if f.Name == "index.md" {
			text = append(text, "and more"...)
		}
		to, err := w.Create(f.Name)
		noErr(t, err)
		_, err = to.Write(text)
		noErr(t, err)
	}
	_, err = w.Create("extra")
	noErr(t, err)
	noErr(t, w.Close())
	r, err := verifyEvidence(writePack(t, out.Bytes()), vkey)
	noErr(t, err)
	var got []audit.Fault
	for _, f := range r.Findings {
		got = append(got, f.Fault)
	}
	if !slices.Equal(got, []audit.Fault{audit.FaultDigest, audit.FaultPack}) {
		t.Errorf("findings %v", r.Findings)
	}
	if _, err := verifyEvidence(writePack(t, []byte("PK\x03\x04")), vkey); err == nil {
		t.Error("half a file was read")
	}
}
