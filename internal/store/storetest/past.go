package storetest

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/lockflight/lockflight/internal/control"
)

// testPast writes, deletes and writes again, a second between, and reads what
// was current at each moment.
func testPast(t *testing.T, fresh Fresh) {
	now := noon
	o := fresh(t)
	o.Now = func() time.Time { return now }
	db := open(t, o)
	var first, again control.Resource
	steps := []func(tx control.Tx) (err error){
		func(tx control.Tx) (err error) { first, err = tx.Put("flag", "a", "p", []byte(`1`)); return err },
		func(tx control.Tx) error { return tx.Delete("flag", "a") },
		func(tx control.Tx) (err error) { again, err = tx.Put("flag", "a", "q", []byte(`2`)); return err },
	}
	for _, step := range steps {
		update(t, db, step)
		now = now.Add(time.Second)
	}
	view(t, db, func(tx control.ReadTx) error {
		for _, test := range []struct {
			after time.Duration
			want  []control.Resource
		}{
			{-time.Millisecond, nil},
			{0, []control.Resource{first}},
			{999 * time.Millisecond, []control.Resource{first}},
			{time.Second, nil},
			{2 * time.Second, []control.Resource{again}},
			{time.Hour, []control.Resource{again}},
		} {
			at := noon.Add(test.after)
			got, err := tx.ResourcesAt("flag", "", at)
			diff(t, "all after "+test.after.String(), test.want, got)
			if err != nil {
				return err
			}
			one, err := tx.ResourceAt("flag", "a", at)
			if len(test.want) == 0 {
				wantKind(t, "ResourceAt after "+test.after.String(), err, control.NotFound)
				continue
			}
			diff(t, "one after "+test.after.String(), test.want[0], one)
		}
		under, err := tx.ResourcesAt("flag", "p", noon.Add(time.Hour))
		diff(t, "under the parent it had before", []control.Resource(nil), under)
		return err
	})
}

// testPastMachine remembers the state after each of some random transactions,
// and reads all of them again in the end. Now and then the clock stands still.
func testPastMachine(t *testing.T, fresh Fresh) {
	now := noon
	o := fresh(t)
	o.Now = func() time.Time { return now }
	db := open(t, o)
	rapid.Check(t, func(r *rapid.T) {
		now = now.Add(time.Minute)
		kind := control.ResourceKind("run " + now.String())
		want := map[time.Time][]control.Resource{}
		for range rapid.IntRange(1, 12).Draw(r, "transactions") {
			now = now.Add(time.Duration(rapid.IntRange(0, 2).Draw(r, "milliseconds")) * time.Millisecond)
			update(r, db, func(tx control.Tx) error { return pastStep(r, tx, kind) })
			view(r, db, func(tx control.ReadTx) (err error) {
				want[now], err = tx.Resources(kind, "")
				return err
			})
		}
		view(r, db, func(tx control.ReadTx) error {
			for at, resources := range want {
				got, err := tx.ResourcesAt(kind, "", at)
				diff(r, "state at "+at.String(), resources, got)
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// pastStep puts or deletes a few documents.
func pastStep(r *rapid.T, tx control.Tx, kind control.ResourceKind) error {
	for _, key := range rapid.SliceOfN(rapid.SampledFrom(keys), 1, 3).Draw(r, "keys") {
		if rapid.Bool().Draw(r, "delete") {
			if err := tx.Delete(kind, key); err != nil && control.KindOf(err) != control.NotFound {
				return err
			}
			continue
		}
		doc := rapid.SampledFrom(docs).Draw(r, "doc")
		if _, err := tx.Put(kind, key, "p", []byte(doc)); err != nil {
			return err
		}
	}
	return nil
}

// testRecorded asks which record tells of each revision.
func testRecorded(t *testing.T, fresh Fresh) {
	db := open(t, fresh(t))
	for _, doc := range []string{`1`, `2`, `3`} {
		if err := put(t.Context(), db, "a", doc); err != nil {
			t.Fatal(err)
		}
	}
	view(t, db, func(tx control.ReadTx) error {
		var got []int64
		for rev := range int64(3) {
			seq, err := tx.Recorded("flag", "a", rev+1)
			if err != nil {
				return err
			}
			got = append(got, seq)
		}
		if want := []int64{0, 1, 2}; !slices.Equal(got, want) {
			t.Errorf("records %v, want %v", got, want)
		}
		_, err := tx.Recorded("flag", "a", 4)
		wantKind(t, "Recorded", err, control.NotFound)
		return nil
	})
}
