package audit

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"
	"pgregory.net/rapid"
)

func TestOpenGolden(t *testing.T) {
	t.Parallel()
	keys, err := Verifiers(goldenKey)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Open(goldenCheckpoint, keys)
	if err != nil {
		t.Fatal(err)
	}
	root, err := parseHash(goldenRoots[300])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Checkpoint{"audit.example.com/org1", 300, root}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	// Every byte of the note counts.
	rapid.Check(t, func(t *rapid.T) {
		bit := rapid.IntRange(0, 8*len(goldenCheckpoint)-1).Draw(t, "bit")
		changed := string(flip([]byte(goldenCheckpoint), bit))
		if c, err := Open(changed, keys); err == nil {
			t.Fatalf("Open(%q) = %v", changed, c)
		}
	})
}

func TestSignOpen(t *testing.T) {
	t.Parallel()
	key, witness := testKey(t, testOrigin, 'k'), testKey(t, "witness.example.com", 'w')
	want := Checkpoint{Origin: testOrigin, Size: 7, Root: leafHash(nil)}
	alone, err := Sign(want, key)
	if err != nil {
		t.Fatal(err)
	}
	both, err := Sign(want, key, witness)
	if err != nil {
		t.Fatal(err)
	}
	unknown := alone + "— future.example.com " + "AAAABgECAwQFBgcICQ==\n"

	tests := []struct {
		name   string
		signed string
		keys   note.Verifiers
	}{
		{"one key", alone, testVerifiers(t, key)},
		{"a witness that is not known", both, testVerifiers(t, key)},
		{"a witness that is known", both, testVerifiers(t, key, witness)},
		{"a signature of a kind not known", unknown, testVerifiers(t, key)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Open(tt.signed, tt.keys)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got)\n%s", err, diff)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	key, forged := testKey(t, testOrigin, 'k'), testKey(t, testOrigin, 'f')
	witness := testKey(t, "witness.example.com", 'w')
	text := func(body string, signers ...note.Signer) string {
		signed, err := note.Sign(&note.Note{Text: body}, signers...)
		if err != nil {
			t.Fatal(err)
		}
		return string(signed)
	}
	root := leafHash(nil).String()
	good := testOrigin + "\n7\n" + root + "\n"
	tests := []struct {
		name   string
		signed string
		want   Fault
	}{
		{"nothing", "", FaultCheckpoint},
		{"no signature", good, FaultCheckpoint},
		{"a forged key of the same name", text(good, forged), FaultKey},
		{"signed by a witness only", text(good, witness), FaultKey},
		{"the key of another log", text("other\n7\n"+root+"\n", key), FaultKey},
		{"another size", strings.Replace(text(good, key), "\n7\n", "\n8\n", 1), FaultSignature},
		{"the signature of another text", text(good, key)[:len(good)] + text(testOrigin+"\n8\n"+root+"\n", key)[len(good):], FaultSignature},
		{"two lines", text(testOrigin+"\n7\n", key), FaultCheckpoint},
		{"leading zero", text(testOrigin+"\n07\n"+root+"\n", key), FaultCheckpoint},
		{"negative size", text(testOrigin+"\n-7\n"+root+"\n", key), FaultCheckpoint},
		{"size over 63 bits", text(testOrigin+"\n9223372036854775808\n"+root+"\n", key), FaultCheckpoint},
		{"size over 2^53", text(testOrigin+"\n9007199254740993\n"+root+"\n", key), FaultCheckpoint},
		{"short root", text(testOrigin+"\n7\nAAAA\n", key), FaultCheckpoint},
		{"empty extension line", text(good+"\nx\n", key), FaultCheckpoint},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := Open(tt.signed, testVerifiers(t, key, witness))
			if err == nil {
				t.Fatalf("Open = %v", c)
			}
			if got := checkpointFault(err); got != tt.want {
				t.Errorf("%v: fault %q, want %q", err, got, tt.want)
			}
		})
	}
	if _, err := Open(text(good, key), nil); checkpointFault(err) != FaultKey {
		t.Errorf("without keys: %v", err)
	}
	if c, err := Open(text(good+"an extension\n", key), testVerifiers(t, key)); err != nil || c.Size != 7 {
		t.Errorf("with an extension line: %v, %v", c, err)
	}
}

func TestSignRefuses(t *testing.T) {
	t.Parallel()
	key := testKey(t, testOrigin, 'k')
	tests := map[string]struct {
		c       Checkpoint
		signers []note.Signer
	}{
		"no origin":          {Checkpoint{Size: 1}, []note.Signer{key}},
		"two lines":          {Checkpoint{Origin: "a\nb"}, []note.Signer{key}},
		"negative":           {Checkpoint{Origin: testOrigin, Size: -1}, []note.Signer{key}},
		"no signer":          {Checkpoint{Origin: testOrigin}, nil},
		"another log's key":  {Checkpoint{Origin: "other"}, []note.Signer{key}},
		"a key that is zero": {Checkpoint{Origin: testOrigin}, []note.Signer{badSigner{key}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if signed, err := Sign(tt.c, tt.signers...); err == nil {
				t.Errorf("Sign = %q", signed)
			}
		})
	}
}

// badSigner cannot reach its key.
type badSigner struct{ note.Signer }

func (badSigner) Sign([]byte) ([]byte, error) { return nil, errors.New("no key") }

func TestKey(t *testing.T) {
	t.Parallel()
	key, err := GenerateKey(rand.Reader, testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseKey(key.Secret())
	if err != nil {
		t.Fatal(err)
	}
	if again.Secret() != key.Secret() || again.VerifierKey() != key.VerifierKey() || again.Name() != testOrigin {
		t.Errorf("ParseKey gives %v, want %v", again, key)
	}
	// The secret is what x/mod reads, and the public half is its own.
	signer, err := note.NewSigner(key.Secret())
	if err != nil {
		t.Fatal(err)
	}
	if verifier, err := note.NewVerifier(key.VerifierKey()); err != nil || verifier.KeyHash() != signer.KeyHash() {
		t.Errorf("NewVerifier(%s): %v", key.VerifierKey(), err)
	}
	inJSON, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	printed := fmt.Sprintf("%v %+v %#v %s %s", key, key, key, key, inJSON)
	// PRIVATE+KEY+<name>+<id>+<base64>, of which the base64 may hold a plus.
	if secret := strings.SplitN(key.Secret(), "+", 5)[4]; strings.Contains(printed, secret) {
		t.Errorf("printing a key shows its secret: %s", printed)
	}
}

func TestKeyErrors(t *testing.T) {
	t.Parallel()
	if _, err := GenerateKey(strings.NewReader("short"), testOrigin); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("too little random: %v", err)
	}
	for _, origin := range []string{"", "a b", "a+b", "a\nb", "\xff"} {
		if key, err := GenerateKey(rand.Reader, origin); err == nil {
			t.Errorf("GenerateKey(%q) = %v", origin, key)
		}
	}
	secret := testKey(t, testOrigin, 'k').Secret()
	for _, bad := range []string{"", "PRIVATE+KEY", secret[:len(secret)-4], "PUBLIC" + secret[7:], strings.Replace(secret, testOrigin, "other", 1)} {
		if key, err := ParseKey(bad); err == nil {
			t.Errorf("ParseKey(%q) = %v", bad, key)
		}
	}
	if _, err := Verifiers(goldenKey, "x"); err == nil {
		t.Error("Verifiers takes a key that is none")
	}
}

// The law: what opens names a log, its size and root, and signing that gives a
// note that opens as the same.
func FuzzOpen(f *testing.F) {
	key := testKey(f, "audit.example.com/org1", 'k')
	keys := testVerifiers(f, key)
	both, err := Verifiers(goldenKey, key.VerifierKey())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(goldenCheckpoint)
	f.Fuzz(func(t *testing.T, signed string) {
		want, err := Open(signed, both)
		if err != nil {
			return
		}
		signed, err = Sign(want, key)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Open(signed, keys); err != nil || got != want {
			t.Fatalf("%v, %v, want %v", got, err, want)
		}
	})
}
