package storetest

import (
	"fmt"
	"testing"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/store"
)

// testSearch finds records by their terms, and makes the index anew.
func testSearch(t *testing.T, fresh Fresh) {
	db := open(t, fresh(t))
	update(t, db, func(tx control.Tx) error {
		for range 30 {
			_, err := tx.Append(func(seq int64) ([]byte, error) {
				return audit.Encode(audit.Record{
					Seq: seq, TS: "2026-11-22T10:00:00.000Z", Type: "flag.update",
					Actor: audit.Actor{ID: fmt.Sprint("u_", seq%3)}, Env: fmt.Sprint("e_", seq%2),
				})
			})
			if err != nil {
				return err
			}
		}
		_, err := tx.Append(func(int64) ([]byte, error) { return []byte("no record"), nil })
		return err
	})
	check := func(t *testing.T) {
		for _, test := range []struct {
			query    audit.Query
			from, to int64
			limit    int
			want     []int64
		}{
			{audit.Query{Actor: "u_1", Env: "e_0"}, 0, 31, 9, []int64{4, 10, 16, 22, 28}},
			{audit.Query{Actor: "u_1", Env: "e_0"}, 10, 28, 9, []int64{10, 16, 22}},
			{audit.Query{Actor: "u_1", Env: "e_0"}, 0, 31, 2, []int64{4, 10}},
			{audit.Query{Type: "flag.update"}, 28, 31, 9, []int64{28, 29}},
			{audit.Query{Actor: "u_9", Env: "e_0"}, 0, 31, 9, nil},
			{audit.Query{}, 29, 31, 9, []int64{29, 30}},
			{audit.Query{}, 0, 31, -1, nil},
		} {
			view(t, db, func(tx control.ReadTx) error {
				found, err := tx.Search(test.query.Terms(), test.from, test.to, test.limit)
				var got []int64
				for _, e := range found {
					got = append(got, e.Seq)
				}
				diff(t, fmt.Sprintf("%+v", test), test.want, got)
				return err
			})
		}
	}
	check(t)
	before := index(t, db)
	if err := db.Reindex(t.Context()); err != nil {
		t.Fatal(err)
	}
	diff(t, "the index that was made anew", before, index(t, db))
	check(t)
}

func index(t *testing.T, db *store.DB) []audit.Entry {
	t.Helper()
	var all []audit.Entry
	err := db.ViewLog(t.Context(), func(log audit.FollowedLog) error {
		indexed, ok := log.(audit.IndexedLog)
		if !ok {
			t.Fatal("the stored log is not an audit.IndexedLog")
		}
		for e, err := range indexed.Index() {
			if err != nil {
				return err
			}
			all = append(all, e)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 90 {
		t.Errorf("%d entries, want 90", len(all))
	}
	return all
}
