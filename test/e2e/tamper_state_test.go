package e2e

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/lockflight/lockflight/test/postgres"
)

// stateTables are those that the log accounts for beside its own.
var stateTables = []string{"resources", "revisions", "blobs"}

// TestTamperState edits the tables of a stopped server, on both engines: each
// edit is found by audit verify, and by its own finding.
func TestTamperState(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		original := newPlane(t)
		edits := original.configured(t)
		for _, e := range edits {
			t.Run(e.name, func(t *testing.T) {
				t.Parallel()
				p := &plane{data: t.TempDir()}
				if err := os.CopyFS(p.data, os.DirFS(original.data)); err != nil {
					t.Fatal(err)
				}
				e.check(t, p)
			})
		}
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		p := newPlane(t)
		p.database = postgres.Start(t)
		edits := p.configured(t)
		for _, table := range stateTables {
			p.exec(t, "CREATE TABLE kept_"+table+" AS TABLE "+table)
		}
		for _, e := range edits {
			t.Run(e.name, func(t *testing.T) {
				e.check(t, p)
				for _, table := range stateTables {
					p.exec(t, "DELETE FROM "+table)
					p.exec(t, "INSERT INTO "+table+" SELECT * FROM kept_"+table)
				}
			})
		}
		p.auditStopped(t)
	})
}

// edit is something done to the database behind the server's back, and what
// audit verify must say of it.
type edit struct {
	name, statement, want string
	args                  []any
}

func (e edit) check(t *testing.T, p *plane) {
	t.Helper()
	p.edit(t, e.statement, e.args...)
	res := p.cli(t, nil, p.offline("audit", "verify")...)
	if res.code != 1 || !strings.Contains(res.out, e.want) {
		t.Errorf("audit verify: exit status %d, want 1 and %q:\n%s%s", res.code, e.want, res.out, res.errors)
	}
}

// configured starts a plane, writes all sorts of things, and stops it. It
// returns what may be done to them.
func (p *plane) configured(t *testing.T) []edit {
	t.Helper()
	p.start(t)
	for _, name := range []string{"kept", "gone"} {
		p.must(t, http.MethodPost, features, map[string]string{"name": name}, nil)
		p.must(t, http.MethodPost, features+"/"+name+"/environments/"+environment+"/on", nil, nil)
		p.must(t, http.MethodPost, features+"/"+name+"/environments/"+environment+"/off", nil, nil)
		p.must(t, http.MethodPost, features+"/"+name+"/environments/"+environment+"/on", nil, nil)
	}
	p.must(t, http.MethodDelete, features+"/gone", nil, nil)
	p.must(t, http.MethodDelete, "/api/admin/archive/gone", nil, nil)
	f := p.launch(t, "released", steps(50, 100))
	p.awaitVerdict(t, f)
	p.must(t, http.MethodPost, "/api/v1/releases/"+f.id+"/rollback", map[string]string{"reason": "to be hidden"}, nil)
	p.stop(t)
	p.auditStopped(t)

	const config = `{"enabled":true,"environment":"development","flag":"kept","strategies":[]}`
	sum := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(config)))
	row := func(table, more string) string { return table + ` WHERE key = 'development/kept' ` + more }
	return []edit{
		{
			"a rolled-back build hidden", `UPDATE resources SET parent = 'hidden' WHERE kind = 'release'`,
			`parent at `, nil,
		},
		{
			"a rolled-back build unlatched", `UPDATE resources SET parent = 'open' WHERE kind = 'release'`,
			`release "` + f.id + `" is listed under "open", and its document says "closed"`, nil,
		},
		{
			"a configuration moved", `UPDATE ` + row("resources SET parent = 'production'", ""),
			`flag_env "development/kept" is listed under "production", and its document says "development"`, nil,
		},
		{
			"a flag moved", `UPDATE resources SET parent = 'secret' WHERE kind = 'flag' AND key = 'kept'`,
			`flag "kept" is listed under "secret", and its document says "default"`, nil,
		},
		{
			"a flag switched on, with its hash", `UPDATE ` + row("resources SET doc = $1, hash = $2", ""),
			`flag_env "development/kept" is not as the log left it, at revision 3`,
			[]any{config, sum},
		},
		{"a time of now", `UPDATE ` + row("resources SET updated_at_ms = updated_at_ms + 1", ""), `has another time than the record`, nil},
		{
			"a past configuration", `UPDATE ` + row("revisions SET doc = $1", "AND rev = 2"),
			`revision 2 of flag_env "development/kept" was changed behind the log`,
			[]any{config},
		},
		{
			"a past configuration, with its hash", `UPDATE ` + row("revisions SET doc = $1, hash = $2", "AND rev = 2"),
			`the revisions of flag_env "development/kept" are not those that the records made`,
			[]any{config, sum},
		},
		{
			"a past place", `UPDATE ` + row("revisions SET parent = 'production'", "AND rev = 2"),
			`revision 2 of flag_env "development/kept" is listed under "production"`, nil,
		},
		{"a past time", `UPDATE ` + row("revisions SET at_ms = at_ms - 1", "AND rev = 2"), `the revisions of flag_env "development/kept"`, nil},
		{"who wrote it", `UPDATE ` + row("revisions SET seq = seq - 1", "AND rev = 2"), `the revisions of flag_env "development/kept"`, nil},
		{"deleted in the past", `UPDATE ` + row("revisions SET deleted_at_ms = at_ms", "AND rev = 2"), `the revisions of flag_env "development/kept"`, nil},
		{
			"never deleted", `UPDATE revisions SET deleted_at_ms = NULL WHERE kind = 'flag' AND key = 'gone' AND deleted_at_ms IS NOT NULL`,
			`the revisions of flag "gone"`, nil,
		},
		{"a first revision that is gone", `DELETE FROM ` + row("revisions", "AND rev = 1"), `revision 1 of flag_env "development/kept" is gone`, nil},
		{"a last revision that is gone", `DELETE FROM ` + row("revisions", "AND rev = 3"), `revision 3 of flag_env "development/kept" is gone`, nil},
		{"a history that is gone", `DELETE FROM ` + row("revisions", ""), `missing_revision at `, nil},
		{
			"a revision more", `INSERT INTO revisions (kind, key, rev, parent, hash, doc, at_ms, seq)
				SELECT kind, key, rev + 1, parent, hash, doc, at_ms, seq FROM ` + row("revisions", "AND rev = 3"),
			`revision 4 of flag_env "development/kept" is in no record`, nil,
		},
		{
			"a history more", `INSERT INTO revisions (kind, key, rev, parent, hash, doc, at_ms, seq)
				SELECT kind, 'development/ghost', 1, parent, hash, doc, at_ms, seq FROM ` + row("revisions", "AND rev = 3"),
			`flag_env "development/ghost" has revisions and is in no record`, nil,
		},
		{"evidence", `UPDATE blobs SET doc = $1`, `does not hash to its name`, []any{[]byte("{}")}},
		{"evidence under another name", `UPDATE blobs SET sum = replace(sum, 'sha256:', 'sha256:0')`, `missing_blob at `, nil},
		{"evidence that is gone", `DELETE FROM blobs`, `missing_blob at `, nil},
	}
}

// awaitVerdict waits until the gate has decided on a release.
func (p *plane) awaitVerdict(t *testing.T, f flight) {
	t.Helper()
	for mark := ""; ; {
		var r struct {
			Mark    string `json:"mark"`
			Verdict *struct {
				ID string `json:"id"`
			} `json:"verdict"`
		}
		p.must(t, http.MethodGet, "/api/v1/releases/"+f.id+mark, nil, &r)
		if r.Verdict != nil {
			return
		}
		mark = "?after=" + r.Mark
	}
}
