package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/store"
	"github.com/lockflight/lockflight/test/postgres"
)

// onBoth runs a test on a stopped plane of each engine, with the flags "on" and
// "off", which are so.
func onBoth(t *testing.T, test func(t *testing.T, p *plane)) {
	t.Helper()
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			p := newPlane(t)
			if engine == "PostgreSQL" {
				p.database = postgres.Start(t)
			}
			p.start(t)
			for _, name := range []string{"on", "off"} {
				p.must(t, http.MethodPost, features, map[string]string{"name": name}, nil)
			}
			for _, path := range []string{switched("on", true), switched("off", true), switched("off", false)} {
				p.must(t, http.MethodPost, path, nil, nil)
			}
			p.stop(t)
			test(t, p)
		})
	}
}

func switched(flag string, on bool) string {
	if on {
		return features + "/" + flag + "/environments/" + environment + "/on"
	}
	return features + "/" + flag + "/environments/" + environment + "/off"
}

// refusesIncreases starts a plane whose log is not what was signed for, which
// must refuse writes with 503 and reduce exposure all the same.
func (p *plane) refusesIncreases(t *testing.T) {
	t.Helper()
	p.start(t)
	for path, body := range map[string]any{switched("off", true): nil, features: map[string]string{"name": "another"}} {
		err := p.call(t.Context(), http.MethodPost, path, body, nil)
		r, ok := errors.AsType[*refused](err)
		if !ok || r.answer.status != http.StatusServiceUnavailable || !bytes.Contains(r.answer.body, []byte("audit fork")) {
			t.Errorf("POST %s: %v, want 503 with what to do", path, err)
		}
	}
	p.must(t, http.MethodPost, switched("on", false), nil, nil)
	doc, err := p.features(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range doc.Features {
		if f.Enabled {
			t.Errorf("flag %s is on", f.Name)
		}
	}
	p.stop(t)
}

// forks lets the log go on, and reports whether it verifies with the keys of
// both logs.
func (p *plane) forks(t *testing.T) bool {
	t.Helper()
	res := p.cli(t, nil, p.offline("audit", "fork", "--reason", "the backup of yesterday")...)
	if res.code != 0 || !strings.Contains(res.out, "goes on as lockflight/") {
		t.Fatalf("audit fork: exit code %d: %s%s", res.code, res.out, res.errors)
	}
	p.start(t)
	p.must(t, http.MethodPost, switched("off", true), nil, nil)
	p.stop(t)
	return p.cli(t, nil, p.offline("audit", "verify")...).code == 0
}

// a record is edited and every hash computed again; the signed checkpoint
// outside the database does not agree.
func TestRewrittenLogIsRefused(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p *plane) {
		p.rewrite(t, 5, "success", "failure")
		p.edit(t, `DELETE FROM checkpoints`)
		p.refusesIncreases(t)
	})
}

// rewrite changes a record and computes all hashes of the log again.
func (p *plane) rewrite(t *testing.T, seq int64, old, with string) {
	t.Helper()
	o := store.Options{Dir: p.data, ReadOnly: true}
	if p.database != "" {
		o = store.Options{URL: p.database, ReadOnly: true}
	}
	db, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var changed []byte
	var hashes []tlog.Hash
	var tree audit.Tree
	if err := db.ViewLog(t.Context(), func(log audit.FollowedLog) error {
		for leaf, err := range log.Leaves() {
			if err != nil {
				return err
			}
			if leaf.Seq == seq {
				leaf.Record = bytes.Replace(leaf.Record, []byte(old), []byte(with), 1)
				changed = bytes.Clone(leaf.Record)
			}
			hashes = append(hashes, tree.Append(tlog.RecordHash(leaf.Record))...)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	p.edit(t, `UPDATE events SET record = $1 WHERE seq = $2`, changed, seq)
	for i := int(tlog.StoredHashIndex(0, seq)); i < len(hashes); i++ {
		p.edit(t, `UPDATE log_hashes SET hash = $1 WHERE idx = $2`, hashes[i][:], i)
	}
	p.edit(t, `UPDATE log_head SET root = $1`, tree.Root().String())
}

// yesterday's database is put back. Writes are refused until the log is
// forked, and both logs verify.
func TestOldDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	tables := []string{"events", "event_terms", "log_hashes", "log_head", "checkpoints", "resources", "revisions"}
	onBoth(t, func(t *testing.T, p *plane) {
		for _, table := range tables {
			p.exec(t, "CREATE TABLE kept_"+table+" AS SELECT * FROM "+table)
		}
		p.start(t)
		p.must(t, http.MethodPost, features, map[string]string{"name": "today"}, nil)
		p.stop(t)
		for _, table := range tables {
			p.exec(t, "DELETE FROM "+table)
			p.exec(t, "INSERT INTO "+table+" SELECT * FROM kept_"+table)
		}
		p.refusesIncreases(t)
		if !p.forks(t) {
			t.Error("the forked log does not verify")
		}
	})
}

// A flag that is switched on in the database, with no record of it, is found
// while the server runs, and recorded.
func TestStateBehindTheLogIsFound(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p *plane) {
		p.start(t)
		begin := time.Now()
		p.edit(t, `UPDATE resources SET doc = replace(doc, '"enabled":false', '"enabled":true')
			WHERE kind = 'flag_env' AND doc LIKE '%"enabled":false%' AND key = '`+environment+`/off'`)
		for {
			var page struct {
				Records []audit.Record `json:"records"`
			}
			p.must(t, http.MethodGet, "/api/v1/audit/records?limit=100", nil, &page)
			for _, r := range page.Records {
				if r.Type == "audit.tampering.found" && r.Code == string(audit.FaultDocument) {
					t.Logf("found after %v", time.Since(begin))
					return
				}
			}
			if time.Since(begin) > 4*patience {
				text, _ := json.Marshal(page)
				t.Fatalf("not found after %v: %s", time.Since(begin), text)
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
}
