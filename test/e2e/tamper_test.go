package e2e

import (
	"database/sql"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // "pgx"
	_ "modernc.org/sqlite"             // "sqlite"
)

// written is a stopped plane with something in its log.
func written(t *testing.T) *plane {
	t.Helper()
	p := newPlane(t)
	p.start(t)
	for i := range 6 {
		name := "flag-" + strconv.Itoa(i)
		p.must(t, http.MethodPost, features, map[string]string{"name": name}, nil)
		p.must(t, http.MethodPost, features+"/"+name+"/environments/"+environment+"/on", nil, nil)
	}
	p.stop(t)
	p.auditStopped(t)
	return p
}

// edit changes rows of the database behind the server's back.
func (p *plane) edit(t *testing.T, statement string, args ...any) {
	t.Helper()
	if p.exec(t, statement, args...) == 0 {
		t.Fatalf("%s changed no rows", statement)
	}
}

// exec runs a statement on the database, and returns how many rows it changed.
func (p *plane) exec(t *testing.T, statement string, args ...any) int64 {
	t.Helper()
	driver, name := "sqlite", filepath.Join(p.data, "lockflight.db")
	if p.database != "" {
		driver, name = "pgx", p.database
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	done, err := db.ExecContext(t.Context(), statement, args...)
	if err != nil {
		t.Fatal(err)
	}
	n, err := done.RowsAffected()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestTamper changes one thing in the file of a stopped server: audit verify
// finds it and says where.
func TestTamper(t *testing.T) {
	t.Parallel()
	original := written(t)
	for _, tt := range []struct{ name, statement, want string }{
		{
			"record", `UPDATE events SET record = CAST(replace(CAST(record AS TEXT), 'success', 'failure') AS BLOB) WHERE seq = 7`,
			"leaf_hash at 7",
		},
		{"record that is gone", `DELETE FROM events WHERE seq = 7`, "missing_record at 7"},
		{"last record", `DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)`, "missing_record at "},
		{"record of another place", `UPDATE events SET record = (SELECT record FROM events WHERE seq = 8) WHERE seq = 7`, "leaf_hash at 7"},
		{"hash of a record", `UPDATE log_hashes SET hash = zeroblob(32) WHERE idx = 7`, "leaf_hash at 4"},
		{"hash of records", `UPDATE log_hashes SET hash = zeroblob(32) WHERE idx = 9`, "node_hash at 5"},
		{"hash that is gone", `DELETE FROM log_hashes WHERE idx = 9`, "the stored hash 9 is missing"},
		{"shorter log", `UPDATE log_head SET size = size - 1`, "a checkpoint vouches for"},
		{
			"other root", `UPDATE log_head SET root = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='`,
			"the head has the root 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
		},
		{
			"flag switched off", `UPDATE resources SET doc = replace(doc, '"enabled":true', '"enabled":false') WHERE key = 'development/flag-3'`,
			`flag_env "development/flag-3" was changed behind the log`,
		},
		{"flag that is gone", `DELETE FROM resources WHERE kind = 'flag' AND key = 'flag-3'`, "missing_document at "},
		{
			"token that was not made", `INSERT INTO resources (kind, key, parent, rev, hash, doc, updated_at_ms)
				SELECT kind, 'tok_ghost', parent, rev, hash, doc, updated_at_ms FROM resources WHERE kind = 'token' LIMIT 1`,
			`token "tok_ghost" is in no record`,
		},
		{"checkpoint", `UPDATE checkpoints SET note = replace(note, '=', 'A') WHERE size = (SELECT max(size) FROM checkpoints)`, "checkpoint"},
		{"checkpoints that are gone", `DELETE FROM checkpoints`, "unsigned"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := &plane{data: t.TempDir()}
			if err := os.CopyFS(p.data, os.DirFS(original.data)); err != nil {
				t.Fatal(err)
			}
			p.edit(t, tt.statement)
			res := p.cli(t, nil, p.offline("audit", "verify")...)
			if res.code != 1 || !strings.Contains(res.out, tt.want) {
				t.Errorf("audit verify: exit status %d, want 1 and %q:\n%s%s", res.code, tt.want, res.out, res.errors)
			}
		})
	}
}

// flips is how many of the bytes of a pack are changed, one at a time.
const flips = 40

// TestPack exports a log. The pack verifies, and with any one byte changed, or
// cut short, it does not.
func TestPack(t *testing.T) {
	t.Parallel()
	p := written(t)
	pack := filepath.Join(t.TempDir(), "log.pack")
	if res := p.cli(t, nil, p.offline("audit", "export", "--out", pack)...); res.code != 0 {
		t.Fatalf("audit export: exit status %d\n%s", res.code, res.errors)
	}
	whole, err := os.ReadFile(pack)
	if err != nil {
		t.Fatal(err)
	}
	vkey, err := os.ReadFile(filepath.Join(p.data, "signing.key.pub"))
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{pack}, {pack, "--vkey", strings.TrimSpace(string(vkey))}} {
		if res := p.cli(t, nil, append([]string{"audit", "verify"}, args...)...); res.code != 0 {
			t.Errorf("audit verify of the whole pack: exit status %d\n%s%s", res.code, res.out, res.errors)
		}
	}
	damaged := filepath.Join(t.TempDir(), "damaged.pack")
	fails := func(what string, bytes []byte) {
		if err := os.WriteFile(damaged, bytes, 0o600); err != nil {
			t.Fatal(err)
		}
		if res := p.cli(t, nil, "audit", "verify", damaged); res.code != 1 {
			t.Errorf("audit verify of a pack with %s: exit status %d, want 1\n%s", what, res.code, res.out)
		}
	}
	for i := range flips {
		at := i * (len(whole) - 1) / (flips - 1) // the first and the last, too
		whole[at] ^= 0x01
		fails("byte "+strconv.Itoa(at)+" changed", whole)
		whole[at] ^= 0x01
	}
	fails("no last line", whole[:strings.LastIndexByte(strings.TrimSpace(string(whole)), '\n')+1])
	fails("nothing in it", nil)
}
