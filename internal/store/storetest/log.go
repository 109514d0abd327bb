package storetest

import (
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
)

// testLog appends records, several to a transaction, and recomputes the root
// from the records alone.
func testLog(t *testing.T, fresh Fresh) {
	db := open(t, fresh(t))
	next := int64(0)
	for batch := range 12 {
		update(t, db, func(tx control.Tx) error {
			for range batch {
				seq, err := tx.Append(func(seq int64) ([]byte, error) { return fmt.Appendf(nil, `{"seq":%d}`, seq), nil })
				if err != nil {
					return err
				}
				diff(t, "seq", next, seq)
				next++
			}
			head, err := tx.Head()
			diff(t, "size within the transaction", next, head.Size)
			return err
		})
		view(t, db, func(tx control.ReadTx) error { return checkLog(t, tx, next) })
	}
	view(t, db, func(tx control.ReadTx) error {
		for _, test := range []struct {
			from  int64
			limit int
			want  []int64
		}{{0, 2, []int64{0, 1}}, {64, 9, []int64{64, 65}}, {-1, 1, []int64{0}}, {66, 9, nil}, {0, 0, nil}, {0, -1, nil}} {
			events, err := tx.Events(test.from, test.limit)
			if err != nil {
				return err
			}
			var got []int64
			for _, e := range events {
				got = append(got, e.Seq)
			}
			diff(t, "events", test.want, got)
		}
		return nil
	})
}

// checkLog checks that the log has size records without a gap and that the
// head's root is that of the tree over them.
func checkLog(t reporter, tx control.ReadTx, size int64) error {
	t.Helper()
	events, err := tx.Events(0, int(size)+1)
	if err != nil {
		return err
	}
	var hashes []tlog.Hash
	stored := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, idx := range indexes {
			out[i] = hashes[idx]
		}
		return out, nil
	})
	for i, e := range events {
		diff(t, "seq of an event", int64(i), e.Seq)
		added, err := tlog.StoredHashes(int64(i), e.Record, stored)
		if err != nil {
			return err
		}
		hashes = append(hashes, added...)
	}
	root, err := tlog.TreeHash(int64(len(events)), stored)
	if err != nil {
		return err
	}
	head, err := tx.Head()
	diff(t, "head", control.Head{Size: size, Root: root}, head)
	diff(t, "number of events", size, int64(len(events)))
	return err
}

func currentHead(t reporter, db control.Store) control.Head {
	t.Helper()
	var head control.Head
	view(t, db, func(tx control.ReadTx) error {
		var err error
		head, err = tx.Head()
		return err
	})
	return head
}

func testLogTooLarge(t *testing.T, fresh Fresh) {
	db := open(t, fresh(t))
	update(t, db, func(tx control.Tx) error {
		_, err := tx.Append(record(string(make([]byte, audit.MaxRecord+1))))
		wantKind(t, "Append", err, control.TooLarge)
		_, err = tx.Append(func(int64) ([]byte, error) { return nil, errStop })
		diff(t, "error of the record's maker", errStop.Error(), fmt.Sprint(err))
		_, err = tx.Append(record("fits"))
		return err
	})
	view(t, db, func(tx control.ReadTx) error { return checkLog(t, tx, 1) })
}
