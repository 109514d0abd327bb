package store

import (
	"database/sql"
	"slices"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
)

// Put implements control.Tx. Revisions count on after a Delete.
func (w *writer) Put(kind control.ResourceKind, key, parent string, doc []byte) (control.Resource, error) {
	if err := checkText("kind", string(kind), "key", key, "parent", parent, "doc", string(doc)); err != nil {
		return control.Resource{}, err
	}
	r := control.Resource{
		Kind: kind, Key: key, Parent: parent,
		Hash: audit.Sum(doc), Doc: slices.Clone(doc), UpdatedAt: w.at,
	}
	const last = `SELECT COALESCE(MAX(rev), 0) FROM revisions WHERE kind = $1 AND key = $2`
	if _, err := w.s.row("count revisions", last, []any{kind, key}, &r.Rev); err != nil {
		return control.Resource{}, err
	}
	r.Rev++
	const revision = `INSERT INTO revisions (kind, key, rev, parent, hash, doc, at_ms, seq) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	args := []any{kind, key, r.Rev, parent, r.Hash, string(doc), toMs(r.UpdatedAt)}
	if _, err := w.s.exec("keep a revision", revision, append(args, w.head.Size)...); err != nil {
		return control.Resource{}, err
	}
	const current = `INSERT INTO resources (kind, key, rev, parent, hash, doc, updated_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (kind, key) DO UPDATE SET rev = excluded.rev, parent = excluded.parent, hash = excluded.hash,
			doc = excluded.doc, updated_at_ms = excluded.updated_at_ms`
	if _, err := w.s.exec("put a resource", current, args...); err != nil {
		return control.Resource{}, err
	}
	return r, nil
}

// Delete implements control.Tx. It returns an Error of Kind NotFound where
// there is nothing to remove.
func (w *writer) Delete(kind control.ResourceKind, key string) error {
	if !storable(string(kind)) || !storable(key) {
		return notFound(kind, key)
	}
	var rev int64
	const remove = `DELETE FROM resources WHERE kind = $1 AND key = $2 RETURNING rev`
	ok, err := w.s.row("delete a resource", remove, []any{kind, key}, &rev)
	if err != nil {
		return err
	}
	if !ok {
		return notFound(kind, key)
	}
	const end = `UPDATE revisions SET deleted_at_ms = $1 WHERE kind = $2 AND key = $3 AND rev = $4`
	_, err = w.s.exec("end a revision", end, toMs(w.at), kind, key, rev)
	return err
}

// Resource implements control.ReadTx.
func (r *reader) Resource(kind control.ResourceKind, key string) (control.Resource, error) {
	const query = `SELECT kind, key, parent, rev, hash, doc, updated_at_ms FROM resources WHERE kind = $1 AND key = $2`
	return r.one(kind, key, query, kind, key)
}

// Revision implements control.ReadTx.
func (r *reader) Revision(kind control.ResourceKind, key string, rev int64) (control.Resource, error) {
	const query = `SELECT kind, key, parent, rev, hash, doc, at_ms FROM revisions WHERE kind = $1 AND key = $2 AND rev = $3`
	return r.one(kind, key, query, kind, key, rev)
}

// Resources implements control.ReadTx. Keys are ordered by their bytes, on
// PostgreSQL too, whatever the database's collation.
func (r *reader) Resources(kind control.ResourceKind, parent string) ([]control.Resource, error) {
	if !storable(string(kind)) || !storable(parent) {
		return nil, nil
	}
	query := `SELECT kind, key, parent, rev, hash, doc, updated_at_ms FROM resources WHERE kind = $1`
	args := []any{kind}
	if parent != "" {
		query += ` AND parent = $2`
		args = append(args, parent)
	}
	all, err := r.many(query, args)
	slices.SortFunc(all, func(a, b control.Resource) int { return strings.Compare(a.Key, b.Key) })
	return all, err
}

// one reads the resource of a query for (kind, key).
func (r *reader) one(kind control.ResourceKind, key, query string, args ...any) (control.Resource, error) {
	if !storable(string(kind)) || !storable(key) {
		return control.Resource{}, notFound(kind, key)
	}
	found, err := r.many(query, args)
	if err != nil {
		return control.Resource{}, err
	}
	if len(found) == 0 {
		return control.Resource{}, notFound(kind, key)
	}
	return found[0], nil
}

func (r *reader) many(query string, args []any) ([]control.Resource, error) {
	return list(r.s, "read resources", query, args, func(rows *sql.Rows, v *control.Resource) error {
		var at int64
		err := rows.Scan(&v.Kind, &v.Key, &v.Parent, &v.Rev, &v.Hash, &v.Doc, &at)
		v.UpdatedAt = fromMs(at)
		return err
	})
}

func notFound(kind control.ResourceKind, key string) error {
	return control.Errorf(control.NotFound, "not_found", "no %s %q", kind, key)
}

// toMs and fromMs are the times of the tables: milliseconds since 1970, UTC.
func toMs(t time.Time) int64 { return t.UnixMilli() }

func fromMs(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
