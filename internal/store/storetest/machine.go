package storetest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/store"
)

// testMachine runs random transactions, some of which roll back, against maps
// and a list, and reopens the store now and then. All runs share a database:
// each has a kind of resource to itself, and the log from where it starts.
func testMachine(t *testing.T, fresh Fresh) {
	o := fresh(t)
	o.Now = clock(noon)
	db := open(t, o)
	runs := 0
	rapid.Check(t, func(r *rapid.T) {
		runs++
		m := &machine{
			db: db, kind: control.ResourceKind(fmt.Sprintf("run %d", runs)),
			start: currentHead(r, db).Size, model: newModel(),
		}
		for range rapid.IntRange(1, 12).Draw(r, "transactions") {
			m.transaction(r)
			m.check(r)
		}
		if rapid.IntRange(0, 9).Draw(r, "reopen") == 0 {
			if err := db.Close(); err != nil {
				r.Fatal(err)
			}
			db = open(t, o)
			m.db = db
			m.check(r)
		}
	})
}

type machine struct {
	db    *store.DB
	kind  control.ResourceKind
	start int64 // size of the log before the run
	model model
}

// model is what the store must hold of one kind.
type model struct {
	Current   map[string]control.Resource
	Revisions map[string][]control.Resource
	Records   []string
}

func newModel() model {
	return model{Current: map[string]control.Resource{}, Revisions: map[string][]control.Resource{}}
}

func (m model) clone() model {
	return model{maps.Clone(m.Current), maps.Clone(m.Revisions), slices.Clone(m.Records)}
}

var (
	keys = []string{"a", "b", "B", "ä", "a/b"}
	docs = []string{`{}`, `{"on":true}`, `[1,2,3]`, `""`}
)

// transaction changes the store and a copy of the model, and keeps the copy
// where the transaction commits.
func (m *machine) transaction(r *rapid.T) {
	next := m.model.clone()
	operations := rapid.IntRange(0, 5).Draw(r, "operations")
	rollback := rapid.IntRange(0, 3).Draw(r, "rollback") == 0
	err := m.db.Update(r.Context(), control.Normal, func(tx control.Tx) error {
		for range operations {
			if err := m.step(r, tx, &next); err != nil {
				return err
			}
		}
		if rollback {
			return errStop
		}
		return nil
	})
	switch {
	case err == nil && !rollback:
		m.model = next
	case !rollback || !errors.Is(err, errStop):
		r.Fatalf("Update: %v", err)
	}
}

// step does one thing to the transaction and to the model.
func (m *machine) step(r *rapid.T, tx control.Tx, next *model) error {
	key := rapid.SampledFrom(keys).Draw(r, "key")
	switch rapid.SampledFrom([]string{"put", "delete", "append"}).Draw(r, "operation") {
	case "put":
		return m.put(r, tx, next, key)
	case "delete":
		_, exists := next.Current[key]
		delete(next.Current, key)
		err := tx.Delete(m.kind, key)
		if !exists && control.KindOf(err) == control.NotFound {
			return nil
		}
		return err
	default:
		seq, err := tx.Append(record(key))
		diff(r, "seq", m.start+int64(len(next.Records)), seq)
		next.Records = append(next.Records, key)
		return err
	}
}

func (m *machine) put(r *rapid.T, tx control.Tx, next *model, key string) error {
	doc := []byte(rapid.SampledFrom(docs).Draw(r, "doc"))
	want := control.Resource{
		Kind: m.kind, Key: key, Parent: "p", Rev: int64(len(next.Revisions[key]) + 1),
		Hash: audit.Sum(doc), Doc: doc, UpdatedAt: noon,
	}
	got, err := tx.Put(m.kind, key, want.Parent, doc)
	diff(r, "what Put returns", want, got)
	next.Current[key] = want
	next.Revisions[key] = append(slices.Clip(next.Revisions[key]), want)
	return err
}

// check compares all that the store holds of the run with the model.
func (m *machine) check(r *rapid.T) {
	view(r, m.db, func(tx control.ReadTx) error {
		got := newModel()
		current, err := tx.Resources(m.kind, "")
		for _, v := range current {
			got.Current[v.Key] = v
		}
		for _, key := range keys {
			if revisions := readRevisions(tx, m.kind, key); len(revisions) > 0 {
				got.Revisions[key] = revisions
			}
		}
		events, eventsErr := tx.Events(m.start, 1000)
		for _, e := range events {
			got.Records = append(got.Records, string(e.Record))
		}
		diff(r, "store", m.model, got)
		return errors.Join(err, eventsErr, checkLog(r, tx, m.start+int64(len(m.model.Records))))
	})
}

// readRevisions reads revisions until there is none.
func readRevisions(tx control.ReadTx, kind control.ResourceKind, key string) []control.Resource {
	var all []control.Resource
	for {
		v, err := tx.Revision(kind, key, int64(len(all)+1))
		if err != nil {
			return all
		}
		all = append(all, v)
	}
}
