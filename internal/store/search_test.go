package store

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/lockflight/lockflight/internal/audit"
)

// TestSearchReadsNoMoreThanItsTerms asks SQLite how it would search: by the keys of
// both tables, and never through all of one.
func TestSearchReadsNoMoreThanItsTerms(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	query, args := searchQuery(audit.Query{Actor: "u_1", Type: "flag.update", Env: "e"}.Terms(), 0, 10, 5)
	err = db.state.view(t.Context(), func(s *session) error {
		steps, err := list(s, "explain a search", "EXPLAIN QUERY PLAN "+query, args, func(rows *sql.Rows, step *string) error {
			var id, parent, unused int
			return rows.Scan(&id, &parent, &unused, step)
		})
		for _, step := range steps {
			if strings.HasPrefix(step, "SCAN") || strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("a search does: %s", step)
			}
		}
		if len(steps) == 0 {
			t.Error("no plan")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
