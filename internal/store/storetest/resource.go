package storetest

import (
	"testing"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
)

func testResources(t *testing.T, fresh Fresh) {
	o := fresh(t)
	o.Now = clock(noon)
	db := open(t, o)
	doc := []byte(`{"name":"Wölfchen 🦊"}`)
	want := control.Resource{
		Kind: "flag", Key: "p/a", Parent: "p", Rev: 1, Hash: audit.Sum(doc), Doc: []byte(`{"name":"Wölfchen 🦊"}`), UpdatedAt: noon,
	}
	update(t, db, func(tx control.Tx) error {
		got, err := tx.Put("flag", "p/a", "p", doc)
		diff(t, "what Put returns", want, got)
		doc[0] = '!' // the caller's bytes are the caller's
		own, ownErr := tx.Resource("flag", "p/a")
		diff(t, "what the transaction reads", want, own)
		diff(t, "its error", nil, ownErr)
		return err
	})
	view(t, db, func(tx control.ReadTx) error {
		got, err := tx.Resource("flag", "p/a")
		diff(t, "what View reads", want, got)
		for _, missing := range []struct {
			kind control.ResourceKind
			key  string
		}{{"flag", "p/b"}, {"segment", "p/a"}, {"flag", ""}} {
			_, missErr := tx.Resource(missing.kind, missing.key)
			wantKind(t, "Resource "+missing.key, missErr, control.NotFound)
		}
		return err
	})
	update(t, db, func(tx control.Tx) error {
		wantKind(t, "Delete of nothing", tx.Delete("flag", "p/b"), control.NotFound)
		return tx.Delete("flag", "p/a")
	})
	view(t, db, func(tx control.ReadTx) error {
		_, err := tx.Resource("flag", "p/a")
		wantKind(t, "Resource after Delete", err, control.NotFound)
		return nil
	})
}

// testResourceOrder uses keys that the collations of most languages order
// otherwise than their bytes.
func testResourceOrder(t *testing.T, fresh Fresh) {
	db := open(t, fresh(t))
	update(t, db, func(tx control.Tx) error {
		for _, key := range []string{"b", "é", "a-c", "B", "ab", "a", "Ab", "_", "a_b"} {
			if _, err := tx.Put("flag", key, "p"+string([]rune(key)[:1]), []byte(`{}`)); err != nil {
				return err
			}
		}
		_, err := tx.Put("segment", "a", "pa", []byte(`{}`))
		return err
	})
	view(t, db, func(tx control.ReadTx) error {
		for _, test := range []struct {
			parent string
			want   []string
		}{
			{"", []string{"Ab", "B", "_", "a", "a-c", "a_b", "ab", "b", "é"}},
			{"pa", []string{"a", "a-c", "a_b", "ab"}},
			{"none", nil},
		} {
			list, err := tx.Resources("flag", test.parent)
			if err != nil {
				return err
			}
			var got []string
			for _, r := range list {
				got = append(got, r.Key)
			}
			diff(t, "keys under "+test.parent, test.want, got)
		}
		return nil
	})
}

func testRevisions(t *testing.T, fresh Fresh) {
	o := fresh(t)
	o.Now = clock(noon)
	db := open(t, o)
	var want []control.Resource
	for i, doc := range []string{`1`, `2`, `"deleted after this"`, `3`} {
		update(t, db, func(tx control.Tx) error {
			r, err := tx.Put("flag", "a", "p", []byte(doc))
			want = append(want, r)
			if err == nil && i == 2 {
				err = tx.Delete("flag", "a")
			}
			return err
		})
	}
	view(t, db, func(tx control.ReadTx) error {
		for i, w := range want {
			diff(t, "number of the revision", int64(i+1), w.Rev)
			got, err := tx.Revision("flag", "a", w.Rev)
			if err != nil {
				return err
			}
			diff(t, "revision", w, got)
		}
		for _, rev := range []int64{-1, 0, 5} {
			_, err := tx.Revision("flag", "a", rev)
			wantKind(t, "Revision", err, control.NotFound)
		}
		current, err := tx.Resource("flag", "a")
		diff(t, "current", want[3], current)
		return err
	})
}

// testText tries what PostgreSQL cannot keep as text.
func testText(t *testing.T, fresh Fresh) {
	db := open(t, fresh(t))
	for _, bad := range []string{"a\x00b", "\xff", "\xed\xa0\x80"} {
		err := db.Update(t.Context(), control.Normal, func(tx control.Tx) error {
			_, err := tx.Put("flag", bad, "", []byte(`{}`))
			return err
		})
		wantKind(t, "Put of a bad key", err, control.Invalid)
		err = db.Update(t.Context(), control.Normal, func(tx control.Tx) error {
			_, err := tx.Put("flag", "a", "", []byte(bad))
			return err
		})
		wantKind(t, "Put of a bad document", err, control.Invalid)
		view(t, db, func(tx control.ReadTx) error {
			_, err := tx.Resource("flag", bad)
			wantKind(t, "Resource", err, control.NotFound)
			_, err = tx.Revision("flag", bad, 1)
			wantKind(t, "Revision", err, control.NotFound)
			_, err = tx.Blob(bad)
			wantKind(t, "Blob", err, control.NotFound)
			_, err = tx.Resources("flag", bad)
			return err
		})
	}
}

func testBlobs(t *testing.T, fresh Fresh) {
	db := open(t, fresh(t))
	docs := [][]byte{[]byte("snapshot"), {}, {0, 0xff, 0}}
	for range 2 { // the second time changes nothing
		update(t, db, func(tx control.Tx) error {
			for _, doc := range docs {
				sum, err := tx.PutBlob(doc)
				if err != nil {
					return err
				}
				diff(t, "name of the blob", audit.Sum(doc), sum)
			}
			return nil
		})
	}
	view(t, db, func(tx control.ReadTx) error {
		for _, doc := range docs {
			got, err := tx.Blob(audit.Sum(doc))
			if err != nil {
				return err
			}
			diff(t, "blob", string(doc), string(got))
		}
		_, err := tx.Blob(audit.Sum([]byte("never stored")))
		wantKind(t, "Blob", err, control.NotFound)
		return nil
	})
}
