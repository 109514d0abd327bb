package evidence_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/evidence"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/store"
)

// one is the only release that runs.
type one struct{ policy gate.Policy }

func (o *one) Refresh(context.Context) error { return nil }

func (o *one) Running(environment, flag string) (control.ReleaseView, *gate.Policy, bool) {
	view := control.ReleaseView{Release: control.Release{ID: "rel-1", Project: "default", Flag: flag, Environment: environment}}
	return view, &o.policy, flag == "agent-router"
}

func open(t testing.TB, dir string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func sender() control.Principal {
	return control.Principal{ID: "tok_1", Grants: []control.Grant{{
		Permissions: []control.Permission{control.PermEvidenceWrite}, Projects: []string{"default"}, Environments: []string{"production"},
	}}}
}

// What was acknowledged is there after the store was opened again, in the
// order in which it came, and folds as it was sent.
func TestAcknowledgedIsDurable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	now := time.Now().UTC()
	observation := func(unit, rest string) string {
		return `{"at":"` + now.Format(time.RFC3339Nano) + `","environment":"production","flag":"agent-router","arm":"treatment","unit":"` + unit + `","build":"b2",` + rest + `}`
	}
	want := []string{
		observation("u1", `"signal":"exposure"`),
		observation("u1", `"signal":"evidence_coverage","pass":false`),
		observation("u2", `"signal":"exposure"`),
	}
	db := open(t, dir)
	in := evidence.New(evidence.Options{Store: db, Releases: &one{policy: gate.DefaultPolicy()}})
	for i, body := range []string{want[0] + "\n" + want[1], want[2], want[2]} {
		// The third repeats the second, under the same number.
		res, err := in.NDJSON(t.Context(), sender(), "edge-1", int64(min(i, 1)+1), strings.NewReader(body))
		if err != nil || len(res.Rejected) != 0 {
			t.Fatalf("got %+v, %v", res, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	batches, err := open(t, dir).Evidence(t.Context(), "rel-1", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	ledger := gate.NewLedger(gate.DefaultPolicy(), gate.LedgerOptions{Candidate: "b2"})
	var got []string
	for _, b := range batches {
		for line := range bytes.Lines(b.Lines) {
			got = append(got, strings.TrimSuffix(string(line), "\n"))
			if cause := ledger.Add(line, b.ReceivedAt); cause != "" {
				t.Errorf("the fold refuses %s: %s", line, cause)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	if s := ledger.Snapshot(time.Now().Add(time.Minute), gate.NewProgress(now)); s.Exposures.Treatment != 2 || *s.Signals["evidence_coverage"].Treatment.N != 1 {
		t.Errorf("folded to %+v", s)
	}
}
