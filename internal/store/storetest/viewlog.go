package storetest

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
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
	var blobs []audit.Blob
	update(t, db, func(tx control.Tx) error {
		for i := range events {
			r, err := tx.Put("flag", fmt.Sprintf("%04d", i), "", []byte(`{}`))
			if err != nil {
				return err
			}
			want = append(want, audit.Document{Kind: "flag", Key: r.Key, Rev: 1, Hash: r.Hash, Doc: []byte(`{}`), At: r.UpdatedAt.UnixMilli()})
			if _, err := tx.Append(record(r.Key)); err != nil {
				return err
			}
			sum, err := tx.PutBlob([]byte(r.Key))
			if err != nil {
				return err
			}
			blobs = append(blobs, audit.Blob{Sum: sum, Doc: []byte(r.Key)})
		}
		return nil
	})
	slices.SortFunc(blobs, func(a, b audit.Blob) int { return strings.Compare(a.Sum, b.Sum) })
	for _, size := range []int64{599, events} {
		if err := db.PutCheckpoint(t.Context(), size, strconv.FormatInt(size, 10), noon); err != nil {
			t.Fatal(err)
		}
	}
	err := db.ViewLog(t.Context(), func(log audit.FollowedLog) error {
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
		var made []audit.Revision
		for i, d := range want {
			made = append(made, audit.Revision{Document: d, Seq: int64(i)})
		}
		diff(t, "revisions", made, collect(t, log.Revisions()))
		diff(t, "blobs", blobs, collect(t, log.Blobs()))
		for sum, want := range map[string]bool{blobs[0].Sum: true, "sha256:none": false} {
			has, err := log.HasBlob(sum)
			diff(t, "a blob is there", want, has)
			diff(t, "error", nil, err)
		}
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
