package storetest

import (
	"fmt"
	"iter"
	"strconv"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
)

// testViewLog reads more rows than fit in a page, leaves and hashes in step,
// while a writer goes on.
func testViewLog(t *testing.T, fresh Fresh) {
	const events = 600
	db := open(t, fresh(t))
	var want []audit.Document
	update(t, db, func(tx control.Tx) error {
		for i := range events {
			r, err := tx.Put("flag", fmt.Sprintf("%04d", i), "", []byte(`{}`))
			if err != nil {
				return err
			}
			want = append(want, audit.Document{Kind: "flag", Key: r.Key, Rev: 1, Hash: r.Hash, Doc: []byte(`{}`)})
			if _, err := tx.Append(record(r.Key)); err != nil {
				return err
			}
		}
		return nil
	})
	for _, size := range []int64{599, events} {
		if err := db.PutCheckpoint(t.Context(), size, strconv.FormatInt(size, 10), noon); err != nil {
			t.Fatal(err)
		}
	}
	err := db.ViewLog(t.Context(), func(log audit.Log) error {
		size, root, err := log.Head()
		if err != nil {
			return err
		}
		if err := put(t.Context(), db, "unseen", `{}`); err != nil {
			return err
		}
		hashes, stop := iter.Pull2(log.Hashes())
		defer stop()
		var tree audit.Tree
		for leaf, err := range log.Leaves() {
			diff(t, "leaf", audit.Leaf{Seq: tree.Size(), Record: fmt.Appendf(nil, "%04d", tree.Size())}, leaf)
			diff(t, "error", nil, err)
			index := tlog.StoredHashIndex(0, leaf.Seq)
			for _, hash := range tree.Append(tlog.RecordHash(leaf.Record)) {
				got, err, _ := hashes()
				diff(t, "hash", audit.StoredHash{Index: index, Hash: hash}, got)
				diff(t, "error", nil, err)
				index++
			}
		}
		_, _, more := hashes()
		diff(t, "hashes beyond the last leaf", false, more)
		diff(t, "size", int64(events), tree.Size())
		diff(t, "size of the head", size, tree.Size())
		diff(t, "root", root, tree.Root())
		diff(t, "checkpoints", []string{"600", "599"}, collect(t, log.Checkpoints()))
		diff(t, "documents", want, collect(t, log.Documents()))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func collect[T any](t *testing.T, rows iter.Seq2[T, error]) []T {
	t.Helper()
	var all []T
	for row, err := range rows {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	return all
}
