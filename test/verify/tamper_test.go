package verify

import (
	"iter"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/lockflight/lockflight/internal/audit"
)

// signedLog is a log with one checkpoint of our making.
type signedLog struct {
	audit.Log
	signed string
}

// Checkpoints implements audit.Log.
func (l signedLog) Checkpoints() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) { yield(l.signed, nil) }
}

// part returns the first line that begins with a prefix.
func part(pack, prefix string) string {
	at := strings.Index(pack, "\n"+prefix) + 1
	return pack[at : at+strings.IndexByte(pack[at:], '\n')+1]
}

func notes(pack string) string {
	return pack[strings.Index(pack, "note "):strings.Index(pack, "leaf ")]
}

// resigned returns a pack with a cosignature of another key more.
func resigned(t *testing.T, pack string) string {
	t.Helper()
	witness, err := audit.GenerateKey(strings.NewReader(strings.Repeat("w", 32)), "witness.example.com")
	check(t, err)
	text, _, _ := strings.Cut(strings.NewReplacer("note ", "", "note\n", "\n").Replace(notes(pack)), "\n\n")
	signed, err := note.Sign(&note.Note{Text: text + "\n"}, witness)
	check(t, err)
	_, line, _ := strings.Cut(string(signed), "\n\n")
	return sealed(strings.Replace(pack, "leaf 0 ", "note "+line+"leaf 0 ", 1))
}

// each kind of tampering with a pack of 5,000 records is found by both
// verifiers, with its own finding and exit code 1. All but the first few have
// the right last line: whoever changes a pack can write one.
func TestTampering(t *testing.T) {
	t.Parallel()
	command, interpreter := lockflight(t), python(t)
	b := newBuilder(t)
	b.grow(t, size-1)
	older := b.export(t, b.key)
	b.grow(t, size)
	good, forged := b.export(t, b.key), b.export(t, newKey(t))
	vkey := b.key.VerifierKey()

	replace := func(old, with string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("the pack does not hold %q", old)
		}
		return strings.Replace(good, old, with, 1)
	}
	leaf := func(seq int) string { return part(good, "leaf "+strconv.Itoa(seq)+" ") }
	in := func(seq int, old, with string) string {
		if !strings.Contains(leaf(seq), old) {
			t.Fatalf("record %d does not hold %q: %s", seq, old, leaf(seq))
		}
		return sealed(replace(leaf(seq), strings.Replace(leaf(seq), old, with, 1)))
	}
	resource := part(good, "resource ")

	tests := []struct {
		name, pack string
		finding    string // of ours; none where the pack is in order
	}{
		{"untouched", good, ""},
		{"a signature more, by a key not known", resigned(t, good), ""},

		{"one bit, and nothing else", replace(`"u_3"`, `"u_2"`), "digest"},
		{"one bit of the last line", good[:len(good)-2] + string(good[len(good)-2]^1) + "\n", "digest"},
		{"cut off", good[:len(good)/2], "truncated"},
		{"more after the end", good + "leaf 5000 {}\n", "pack"},
		{"no last line", good[:strings.LastIndex(good, "sha256 ")], "truncated"},
		{"a bit of a record", in(2500, `"kind":"human"`, `"kind":"humao"`), "root at 5000"},
		{"another actor", in(2500, `"u_1"`, `"u_2"`), "root at 5000"},
		{"a time of before", in(2500, `"ts":"20`, `"ts":"19`), "time at 2500"},
		{"another number in a record", in(2500, `"seq":2500`, `"seq":2501`), "seq at 2500"},
		{"no record any more", in(2500, `{`, `[`), "record at 2500"},
		{"another document of a record", in(2500, `"h1":"sha256:`, `"h1":"sha256:0`), "chain at 2550"},
		{"another document before it", in(2500, `"h0":"sha256:`, `"h0":"sha256:0`), "chain at 2500"},
		{"two records swapped", sealed(replace(leaf(8)+leaf(9), leaf(9)+leaf(8))), "order at 8"},
		{"the first dropped", sealed(replace(leaf(0), "")), "missing_record at 0"},
		{"one in the middle dropped", sealed(replace(leaf(2500), "")), "missing_record at 2500"},
		{"the last dropped", sealed(replace(leaf(4999), "")), "missing_record at 4999"},
		{"one twice", sealed(replace(leaf(9), leaf(9)+leaf(9))), "order at 9"},
		{"one more", sealed(replace(leaf(4999), leaf(4999)+strings.ReplaceAll(leaf(4999), "4999", "5000"))), "extra_record at 5000"},
		{"renumbered", sealed(strings.NewReplacer("\nleaf 8 ", "\nleaf 9 ", "\nleaf 9 ", "\nleaf 8 ").Replace(good)), "seq at 9"},
		{"an older checkpoint", sealed(replace(notes(good), notes(older))), "extra_record at 4999"},
		{"another size of the checkpoint", sealed(replace("note 5000\n", "note 4999\n")), "signature at 4999"},
		{"a bit of the signature", sealed(replace("note — "+origin+" ", "note — "+origin+" A")), "checkpoint"},
		{"no checkpoint", sealed(replace(notes(good), "")), "pack"},
		{"a forged key of the same name", forged, "key at 5000"},
		{"a resource dropped", sealed(replace(resource, "")), "missing_document at 4950"},
		{"a resource twice", sealed(replace(resource, resource+resource)), "extra_document"},
		{"a resource of an earlier revision", sealed(replace(resource, strings.Replace(resource, `"rev":`, `"rev":1`, 1))), "document at 4950"},
		{"a document", sealed(replace(resource, strings.Replace(resource, `"doc":"ey`, `"doc":"ez`, 1))), "document at 4950"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			name, want := file(t, tt.pack), 0
			if tt.finding != "" {
				want = 1
			}
			code, out := result(t, command, "audit", "verify", name, "--vkey", vkey)
			if code != want || !strings.Contains(out, "\n  "+tt.finding) && tt.finding != "" {
				t.Errorf("audit verify: exit code %d, want %d and %q:\n%s", code, want, tt.finding, out)
			}
			if code, out := result(t, interpreter, "../../docs/verify/verify_pack.py", name, vkey); code != want || strings.Contains(out, "Traceback") {
				t.Errorf("verify_pack.py: exit code %d, want %d:\n%s", code, want, out)
			}
		})
	}
}

// Without a key from elsewhere a pack of a forged key vouches for itself.
func TestOwnKey(t *testing.T) {
	t.Parallel()
	b := newBuilder(t)
	b.grow(t, 300)
	name := file(t, b.export(t, b.key))
	if code, out := result(t, python(t), "../../docs/verify/verify_pack.py", name); code != 0 || out != "ok\n" {
		t.Errorf("exit code %d: %s", code, out)
	}
	if code, _ := result(t, python(t), "../../docs/verify/verify_pack.py"); code != 2 {
		t.Errorf("without a pack: exit code %d", code)
	}
}
