// Package verify has the two verifiers of a pack read the same packs: ours, as
// the command, and the one in docs/verify, which shares no code with it.
package verify

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/store"
)

const (
	origin    = "audit.example.com/verify"
	size      = 5000
	resources = 50
)

// builder writes a log into a store, as control does, and signs it.
type builder struct {
	db  *store.DB
	key audit.Key
}

func newBuilder(t *testing.T) *builder {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	check(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return &builder{db: db, key: newKey(t)}
}

func newKey(t *testing.T) audit.Key {
	t.Helper()
	key, err := audit.GenerateKey(rand.Reader, origin)
	check(t, err)
	return key
}

// grow appends records until there are n: each changes one resource after the
// other, and every 97th deletes one.
func (b *builder) grow(t *testing.T, n int64) {
	t.Helper()
	check(t, b.db.Update(t.Context(), control.Normal, func(tx control.Tx) error {
		for {
			head, err := tx.Head()
			if err != nil || head.Size == n {
				return err
			}
			if err := change(tx, head.Size); err != nil {
				return err
			}
		}
	}))
}

// change makes record seq and what it tells of.
func change(tx control.Tx, seq int64) error {
	name := fmt.Sprintf("flag-%02d", seq%resources)
	old, err := tx.Resource(control.KindFlag, name)
	if err != nil && control.KindOf(err) != control.NotFound {
		return err
	}
	var now control.Resource
	if err == nil && seq%97 == 0 {
		err = tx.Delete(control.KindFlag, name)
	} else {
		now, err = tx.Put(control.KindFlag, name, "", fmt.Appendf(nil, `{"seq":%d}`, seq))
	}
	if err != nil {
		return err
	}
	_, err = tx.Append(func(seq int64) ([]byte, error) {
		return audit.Encode(audit.Record{
			Seq: seq, TS: audit.FormatTime(tx.Now()), Log: origin, Type: "flag.update", Outcome: "success",
			Actor: audit.Actor{Kind: "human", ID: fmt.Sprintf("u_%d", seq%7), Via: "pat"},
			Res:   audit.Resource{Type: "flag", Key: name, Rev0: old.Rev, H0: old.Hash, Rev1: now.Rev, H1: now.Hash},
		})
	})
	return err
}

// export signs the log with a key and returns its pack.
func (b *builder) export(t *testing.T, key audit.Key) string {
	t.Helper()
	var pack bytes.Buffer
	check(t, b.db.ViewLog(t.Context(), func(log audit.FollowedLog) error {
		n, root, err := log.Head()
		check(t, err)
		signed, err := audit.Sign(audit.Checkpoint{Origin: origin, Size: n, Root: root}, key)
		check(t, err)
		return audit.Export(&pack, signedLog{log, signed}, audit.ExportOptions{VerifierKey: key.VerifierKey(), Documents: true})
	}))
	return pack.String()
}

// sealed puts the right last line under a changed pack, as an attacker would.
func sealed(pack string) string {
	body := pack[:strings.LastIndex(pack, "sha256 ")]
	return body + fmt.Sprintf("sha256 %x\n", sha256.Sum256([]byte(body)))
}

// lockflight builds the command.
func lockflight(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "lockflight")
	cmd := exec.Command("go", "build", "-o", file, "./cmd/lockflight")
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the command: %v\n%s", err, out)
	}
	return file
}

// python finds the interpreter of the second verifier, which `make deps`
// installs where it is missing.
func python(t *testing.T) string {
	t.Helper()
	file, err := exec.LookPath("python3")
	if err != nil {
		t.Fatalf("%v: this test needs Python, which make deps installs", err)
	}
	return file
}

// result runs a verifier and returns its exit code and what it printed.
func result(t *testing.T, name string, args ...string) (int, string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

func file(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "pack")
	check(t, os.WriteFile(name, []byte(content), 0o600))
	return name
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
