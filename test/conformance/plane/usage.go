package plane

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/store"
)

// Count is how often a flag was on and off, and which variants it gave.
type Count struct {
	Yes      int64            `json:"yes"`
	No       int64            `json:"no"`
	Variants map[string]int64 `json:"variants"`
}

// patience is how long counts may take to arrive, on a busy machine.
const patience = 30 * time.Second

// AwaitUsage waits until the plane has stored what an application counted, by
// flag, and no more than that.
func (p *Plane) AwaitUsage(t *testing.T, app string, want map[string]Count) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Dir: p.data, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var diff string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		got := map[string]Count{}
		for flag := range want {
			got[flag] = usage(t, db, app, flag)
		}
		if diff = cmp.Diff(want, got); diff == "" {
			return
		}
	}
	t.Errorf("what %s counted did not arrive (-want +got):\n%s", app, diff)
}

// usage adds up the rows of the last day.
func usage(t *testing.T, db *store.DB, app, flag string) Count {
	t.Helper()
	rows, err := db.Usage(t.Context(), flag, time.Now().Add(-24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	sum := Count{Variants: map[string]int64{}}
	for _, row := range rows {
		if row.App != app {
			continue
		}
		sum.Yes, sum.No = sum.Yes+row.Yes, sum.No+row.No
		for name, n := range row.Variants {
			sum.Variants[name] += n
		}
	}
	return sum
}
