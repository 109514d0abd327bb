package storetest

import (
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

func testUses(t *testing.T, fresh Fresh) {
	ctx := t.Context()
	db := open(t, fresh(t))
	mark := func(uses ...control.Use) {
		t.Helper()
		if err := db.MarkUsed(ctx, uses); err != nil {
			t.Fatal(err)
		}
	}
	last := func(id string) []control.Use {
		t.Helper()
		uses, err := db.LastUsed(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		return uses
	}
	diff(t, "uses of a new database", []control.Use{}, last(""))
	later := noon.Add(time.Minute)
	mark(control.Use{Credential: "b", At: noon}, control.Use{Credential: "a", At: later})
	mark(control.Use{Credential: "b", At: later}, control.Use{Credential: "a", At: noon})
	mark()
	diff(t, "all, each its latest", []control.Use{{Credential: "a", At: later}, {Credential: "b", At: later}}, last(""))
	diff(t, "one", []control.Use{{Credential: "b", At: later}}, last("b"))
	diff(t, "one that was never used", []control.Use{}, last("c"))
	diff(t, "one that cannot be", []control.Use{}, last("\x00"))
	wantKind(t, "a credential that cannot be", db.MarkUsed(ctx, []control.Use{{Credential: "\xff", At: noon}}), control.Invalid)
}
