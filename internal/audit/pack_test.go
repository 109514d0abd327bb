package audit

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func exported(t fataler, log Log, opts ExportOptions) string {
	t.Helper()
	var file bytes.Buffer
	if err := Export(&file, log, opts); err != nil {
		t.Fatal(err)
	}
	return file.String()
}

// sealed puts the right last line under a changed pack, as an attacker would.
func sealed(file string) string {
	body := file[:strings.LastIndex(file, "sha256 ")]
	return body + fmt.Sprintf("sha256 %x\n", sha256.Sum256([]byte(body)))
}

func verifyPack(t fataler, file string, opts Options) Report {
	t.Helper()
	report, err := VerifyPack(strings.NewReader(file), int64(len(file)), opts)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// The format is a promise to those who keep packs, and to other verifiers.
func TestPackGolden(t *testing.T) {
	t.Parallel()
	key := testKey(t, testOrigin, 'k')
	want, err := os.ReadFile("testdata/two.pack")
	if err != nil {
		t.Fatal(err)
	}
	got := exported(t, newLog(t, 2, key), ExportOptions{VerifierKey: key.VerifierKey()})
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestExportVerify(t *testing.T) {
	t.Parallel()
	key := testKey(t, testOrigin, 'k')
	for n := 1; n < 41; n++ {
		log := newLog(t, n, key)
		want := Report{
			Size: log.size, Root: log.root, Documents: int64(len(log.documents)),
			Checkpoint: Checkpoint{testOrigin, log.size, log.root},
		}
		for _, withDocuments := range []bool{false, true} {
			file := exported(t, log, ExportOptions{VerifierKey: key.VerifierKey(), Documents: withDocuments})
			if got := strings.Contains(file, `"doc":`); got != (withDocuments && len(log.documents) > 0) {
				t.Errorf("documents in the pack: %v, asked for %v", got, withDocuments)
			}
			for _, opts := range []Options{{}, {Keys: testVerifiers(t, key)}} {
				if diff := cmp.Diff(want, verifyPack(t, file, opts)); diff != "" {
					t.Errorf("%d records (-want +got)\n%s", n, diff)
				}
			}
		}
	}
}

func TestExportOfAnEmptyLog(t *testing.T) {
	t.Parallel()
	key := testKey(t, testOrigin, 'k')
	log := newLog(t, 0, key)
	log.sign(t, key)
	file := exported(t, log, ExportOptions{VerifierKey: key.VerifierKey()})
	if report := verifyPack(t, file, Options{}); !report.OK() {
		t.Error(report.Findings)
	}
}

func TestExportRefuses(t *testing.T) {
	t.Parallel()
	key := testKey(t, testOrigin, 'k')
	tests := map[string]struct {
		damage func(*memoryLog)
		vkey   string
		want   string
	}{
		"no key":        {func(*memoryLog) {}, "", "verifier key"},
		"another key":   {func(*memoryLog) {}, goldenKey, "no verifiable signatures"},
		"no checkpoint": {func(l *memoryLog) { l.checkpoints = nil }, key.VerifierKey(), "there is no checkpoint"},
		"not covered":   {func(l *memoryLog) { l.checkpoints = l.checkpoints[1:] }, key.VerifierKey(), "covers 4 records of 6"},
		"two lines":     {func(l *memoryLog) { l.leaves[3].Record = []byte("{\n}") }, key.VerifierKey(), "record 3 is not of one line"},
		"not UTF-8":     {func(l *memoryLog) { l.documents[0].Key = "\xff" }, key.VerifierKey(), errNotUTF8.Error()},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := newLog(t, 6, key)
			tt.damage(log)
			err := Export(io.Discard, log, ExportOptions{VerifierKey: tt.vkey})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Export: %v, want %q", err, tt.want)
			}
		})
	}
}

// brokenFile fails after some bytes, for writing and for reading.
type brokenFile struct{ left int }

var errBroken = errors.New("disk full")

func (f *brokenFile) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, errBroken
	}
	return len(b), nil
}

func (f *brokenFile) ReadAt([]byte, int64) (int, error) { return 0, errBroken }

func TestPackErrorsOfTheFile(t *testing.T) {
	t.Parallel()
	key := testKey(t, testOrigin, 'k')
	opts := ExportOptions{VerifierKey: key.VerifierKey()}
	log := newLog(t, 400, key) // more than one buffer
	size := len(exported(t, log, opts))
	for _, left := range []int{0, size - 80, size - 1} {
		if err := Export(&brokenFile{left}, log, opts); !errors.Is(err, errBroken) {
			t.Errorf("Export with room for %d bytes: %v", left, err)
		}
	}
	if _, err := VerifyPack(&brokenFile{}, 1000, Options{}); !errors.Is(err, errBroken) {
		t.Errorf("VerifyPack: %v", err)
	}
}

func TestVerifyPackFinds(t *testing.T) {
	t.Parallel()
	key, forged := testKey(t, testOrigin, 'k'), testKey(t, testOrigin, 'f')
	log := newLog(t, 22, key)
	opts := ExportOptions{VerifierKey: key.VerifierKey(), Documents: true}
	good := exported(t, log, opts)
	older := newLog(t, 22, key)
	older.leaves, older.size = older.leaves[:20], 20
	older.checkpoints = older.checkpoints[1:]
	replay := exported(t, older, opts)
	anew := newLog(t, 22, key)
	anew.checkpoints = nil
	anew.sign(t, forged)
	fake := exported(t, anew, ExportOptions{VerifierKey: forged.VerifierKey()})

	line := func(prefix string) string {
		at := strings.Index(good, "\n"+prefix) + 1
		return good[at : at+strings.IndexByte(good[at:], '\n')+1]
	}
	without := func(prefix string) string { return strings.Replace(good, line(prefix), "", 1) }
	replace := func(old, with string) string { return strings.Replace(good, old, with, 1) }
	notes := func(file string) string {
		return file[strings.Index(file, "note "):strings.Index(file, "leaf ")]
	}

	tests := []struct {
		name string
		file string
		want []string
	}{
		{"nothing", good, nil},
		{"an empty file", "", []string{"truncated"}},
		{"another file", "PK\x03\x04\n", []string{"pack"}},
		{"no last line", without("sha256 "), []string{"truncated"}},
		{"the last byte cut off", good[:len(good)-1], []string{"truncated"}},
		{"half of it", good[:len(good)/2], []string{"truncated"}},
		{"more after the end", good + "x\n", []string{"pack"}},
		{"two ends", good + good[strings.LastIndex(good, "sha256 "):], []string{"pack"}},
		{"a bit of a leaf", replace(`"u_1"`, `"u_0"`), []string{"root at 22", "head at 22", "digest"}},
		{"a bit of the digest", good[:len(good)-2] + string(good[len(good)-2]^1) + "\n", []string{"digest"}},
		{"a carriage return", replace("\nleaf 1 ", "\r\nleaf 1 "), []string{"root at 22", "head at 22", "digest"}},
		{"a word", replace("\nleaf 1 ", "\nleav 1 "), []string{"pack"}},
		{"a number", replace("\nleaf 1 ", "\nleaf 01 "), []string{"digest", "pack"}},
		{"a part in another place", sealed(strings.Replace(without("vkey "), "sha256 ", line("vkey ")+"sha256 ", 1)), []string{"pack"}},

		// From here on the last line is right.
		{"a leaf", sealed(replace(`"u_1"`, `"u_0"`)), []string{"root at 22", "head at 22"}},
		{"the first leaf dropped", sealed(without("leaf 0 ")), []string{"missing_record at 0", "chain at 5"}},
		{"one in the middle dropped", sealed(without("leaf 9 ")), []string{"missing_record at 9", "chain at 14"}},
		{"the last leaf dropped", sealed(without("leaf 21 ")), []string{"missing_record at 21", "document at 16"}},
		{"a leaf twice", sealed(replace(line("leaf 9 "), line("leaf 9 ")+line("leaf 9 "))), []string{"order at 9"}},
		{"a leaf more", sealed(replace("resource ", "leaf 22 {}\nresource ")), []string{"extra_record at 22", "record at 22"}},
		{
			"two leaves swapped", sealed(replace(line("leaf 8 ")+line("leaf 9 "), line("leaf 9 ")+line("leaf 8 "))),
			[]string{"missing_record at 8", "order at 8", "chain at 13"},
		},
		{
			"renumbered", sealed(strings.NewReplacer("leaf 8 ", "leaf 9 ", "leaf 9 ", "leaf 8 ").Replace(good)),
			[]string{"missing_record at 8", "seq at 9", "order at 8", "chain at 14"},
		},
		{"an older checkpoint", sealed(replace(notes(good), notes(replay))), []string{"extra_record at 20"}},
		{
			"a bit of the checkpoint", sealed(replace("note 22\n", "note 23\n")),
			[]string{"signature at 23", "missing_record at 22"},
		},
		{"no checkpoint", sealed(replace(notes(good), "")), []string{"pack"}},
		{"a checkpoint without end", sealed(replace("note\n", "note\n"+strings.Repeat("note x\n", 1<<17))), []string{"pack"}},
		{"a forged key of the same name", fake, []string{"key at 22"}},
		{"a signature more, by a key not known", sealed(replace("leaf 0 ", "note — future.example.com AAAABgECAwQFBgcICQ==\nleaf 0 ")), nil},
		{"a resource dropped", sealed(without("resource ")), []string{"missing_document at 21"}},
		{"a resource twice", sealed(good[:strings.LastIndex(good, "sha256")] + line("resource ") + "sha256 \n"), []string{"extra_document"}},
		{"a resource that is not JSON", sealed(replace("resource {", "resource [")), []string{"pack"}},
		{"a document", sealed(replace(`"doc":"e`, `"doc":"f`)), []string{"document at 21"}},
		{"a revision", sealed(replace(`"rev":4}`, `"rev":5}`)), []string{"document at 21"}},
		{"another key in it", sealed(replace(key.VerifierKey(), forged.VerifierKey())), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			report := verifyPack(t, tt.file, Options{Keys: testVerifiers(t, key)})
			if diff := cmp.Diff(append([]string{}, tt.want...), faults(report)); diff != "" {
				t.Errorf("(-want +got)\n%s\n%v", diff, report.Findings)
			}
		})
	}
}

// Without a key of the caller's the pack vouches for itself, and no more.
func TestVerifyPackWithItsOwnKey(t *testing.T) {
	t.Parallel()
	key, forged := testKey(t, testOrigin, 'k'), testKey(t, testOrigin, 'f')
	good := exported(t, newLog(t, 9, key), ExportOptions{VerifierKey: key.VerifierKey()})
	tests := map[string]struct {
		file string
		want []string
	}{
		"its own":     {good, []string{}},
		"another key": {sealed(strings.Replace(good, key.VerifierKey(), forged.VerifierKey(), 1)), []string{"key at 9"}},
		"no key":      {sealed(strings.Replace(good, "vkey "+key.VerifierKey()+"\n", "", 1)), []string{"pack"}},
		"not a key":   {sealed(strings.Replace(good, key.VerifierKey(), "x", 1)), []string{"pack"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, faults(verifyPack(t, tt.file, Options{}))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Every bit of a pack counts, and every end but its own is too early.
func TestVerifyPackFindsEveryBit(t *testing.T) {
	t.Parallel()
	key := testKey(t, testOrigin, 'k')
	good := exported(t, newLog(t, 12, key), ExportOptions{VerifierKey: key.VerifierKey(), Documents: true})
	keys := testVerifiers(t, key)
	rapid.Check(t, func(t *rapid.T) {
		bit := rapid.IntRange(0, 8*len(good)-1).Draw(t, "bit")
		changed := string(flip([]byte(good), bit))
		if report := verifyPack(t, changed, Options{Keys: keys}); report.OK() {
			t.Fatalf("bit %d is not found", bit)
		}
		cut := verifyPack(t, good[:rapid.IntRange(0, len(good)-1).Draw(t, "size")], Options{Keys: keys})
		if diff := cmp.Diff([]string{"truncated"}, faults(cut)); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	})
}

// The law: only what Export could have written passes, so a pack that passes
// and is exported again is the same file.
func FuzzVerifyPack(f *testing.F) {
	key := testKey(f, testOrigin, 'k')
	good := exported(f, newLog(f, 9, key), ExportOptions{VerifierKey: key.VerifierKey(), Documents: true})
	f.Add([]byte(good))
	f.Add([]byte(sealed(strings.Replace(good, "leaf 3", "leaf 9", 1))))
	f.Fuzz(func(t *testing.T, file []byte) {
		// With the right last line, or the digest hides all else.
		if at := bytes.LastIndex(file, []byte("sha256 ")); at >= 0 {
			file = []byte(sealed(string(file)))
		}
		report := verifyPack(t, string(file), Options{})
		if !report.OK() {
			return
		}
		p, err := openPack(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatal(err)
		}
		vkey := ""
		for line := range p.part(lineKey) {
			vkey = string(line)
		}
		again := exported(t, p, ExportOptions{VerifierKey: vkey, Documents: true})
		before, after := slices.Collect(strings.Lines(string(file))), slices.Collect(strings.Lines(again))
		if len(before) != len(after) {
			t.Fatalf("%d lines, exported again %d", len(before), len(after))
		}
	})
}
