package store

import (
	"slices"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// Recorded implements control.ReadTx.
func (r *reader) Recorded(kind control.ResourceKind, key string, rev int64) (int64, error) {
	if !storable(string(kind)) || !storable(key) {
		return 0, notFound(kind, key)
	}
	var seq int64
	const query = `SELECT seq FROM revisions WHERE kind = $1 AND key = $2 AND rev = $3`
	ok, err := r.s.row("read the record of a revision", query, []any{kind, key, rev}, &seq)
	if err != nil {
		return 0, err
	}
	if !ok {
		return 0, notFound(kind, key)
	}
	return seq, nil
}

// pastRevisions selects, of each key, the revision that was the last at $2,
// unless it was deleted by then. Of two revisions the one with the greater
// number is the later, whatever the clocks of the replicas that wrote them.
const pastRevisions = `SELECT kind, key, parent, rev, hash, doc, at_ms FROM revisions AS r
	WHERE kind = $1 AND at_ms <= $2 AND (deleted_at_ms IS NULL OR deleted_at_ms > $2)
	AND NOT EXISTS (SELECT 1 FROM revisions AS later
		WHERE later.kind = r.kind AND later.key = r.key AND later.rev > r.rev AND later.at_ms <= $2)`

// ResourceAt implements control.ReadTx.
func (r *reader) ResourceAt(kind control.ResourceKind, key string, at time.Time) (control.Resource, error) {
	return r.one(kind, key, pastRevisions+` AND key = $3`, kind, toMs(at), key)
}

// ResourcesAt implements control.ReadTx.
func (r *reader) ResourcesAt(kind control.ResourceKind, parent string, at time.Time) ([]control.Resource, error) {
	if !storable(string(kind)) || !storable(parent) {
		return nil, nil
	}
	query, args := pastRevisions, []any{kind, toMs(at)}
	if parent != "" {
		query += ` AND parent = $3`
		args = append(args, parent)
	}
	all, err := r.many(query, args)
	slices.SortFunc(all, func(a, b control.Resource) int { return strings.Compare(a.Key, b.Key) })
	return all, err
}
