package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/store"
)

func batch(release, source string, sourceSeq int64, lines string) control.EvidenceBatch {
	return control.EvidenceBatch{Release: release, Source: source, SourceSeq: sourceSeq, Lines: []byte(lines)}
}

// stored is what a batch looks like once it has its number.
func stored(b control.EvidenceBatch, seq int64, at time.Time) control.EvidenceBatch {
	b.Seq, b.ReceivedAt = seq, at
	return b
}

func testEvidence(t *testing.T, fresh Fresh) {
	db := open(t, fresh(t))
	ctx := t.Context()
	a, b, c := batch("r1", "edge", 1, "{}\n{}\n"), batch("r2", "", 0, ""), batch("r1", "", 7, "\x00\xff")
	first := []control.EvidenceBatch{a, b}
	later, earlier, never := noon.Add(time.Minute), noon, noon.Add(time.Hour)
	if err := db.AppendEvidence(ctx, later, first); err != nil {
		t.Fatal(err)
	}
	diff(t, "filled in", []control.EvidenceBatch{stored(a, 1, later), stored(b, 2, later)}, first)
	second := []control.EvidenceBatch{c}
	if err := db.AppendEvidence(ctx, earlier, second); err != nil { // a clock that went back
		t.Fatal(err)
	}
	diff(t, "filled in", []control.EvidenceBatch{stored(c, 3, later)}, second)
	if err := db.AppendEvidence(ctx, noon, nil); err != nil {
		t.Error(err)
	}
	b.Lines = []byte{}
	for _, test := range []struct {
		release string
		after   int64
		limit   int
		want    []control.EvidenceBatch
	}{
		{"r1", 0, 9, []control.EvidenceBatch{stored(a, 1, later), stored(c, 3, later)}},
		{"r1", 1, 9, []control.EvidenceBatch{stored(c, 3, later)}},
		{"r1", 0, 1, []control.EvidenceBatch{stored(a, 1, later)}},
		{"r2", 0, 9, []control.EvidenceBatch{stored(b, 2, later)}},
		{"r1", 3, 9, nil},
		{"r1", 0, -1, nil},
		{"none", 0, 9, nil},
		{"\x00", 0, 9, nil},
	} {
		got, err := db.Evidence(ctx, test.release, test.after, test.limit)
		if err != nil {
			t.Fatal(err)
		}
		diff(t, fmt.Sprintf("evidence of %q after %d", test.release, test.after), test.want, got)
	}
	wantKind(t, "AppendEvidence", db.AppendEvidence(ctx, noon, []control.EvidenceBatch{batch("\xff", "", 0, "")}), control.Invalid)
	for _, test := range []struct {
		release string
		before  time.Time
		limit   int
		dropped int
		left    []string
	}{
		{"none", never, 9, 0, []string{"r1", "r2"}},
		{"\x00", never, 9, 0, []string{"r1", "r2"}},
		{"r1", never, -1, 0, []string{"r1", "r2"}},
		{"r1", later, 9, 0, []string{"r1", "r2"}},
		{"r1", never, 1, 1, []string{"r1", "r2"}},
		{"r1", never, 9, 1, []string{"r2"}},
		{"r2", never, 9, 1, nil},
	} {
		dropped, err := db.DropEvidence(ctx, test.release, test.before, test.limit)
		if err != nil {
			t.Fatal(err)
		}
		left, err := db.EvidenceReleases(ctx)
		if err != nil {
			t.Fatal(err)
		}
		diff(t, fmt.Sprintf("dropped of %q, %d at most", test.release, test.limit), test.dropped, dropped)
		diff(t, fmt.Sprintf("releases after %q", test.release), test.left, left)
	}
	third := []control.EvidenceBatch{batch("r1", "", 0, "x")}
	if err := db.AppendEvidence(ctx, noon, third); err != nil {
		t.Fatal(err)
	}
	got, err := db.Evidence(ctx, "r1", 0, 9)
	diff(t, "evidence after DropEvidence", third, got)
	diff(t, "numbers are not given out again", int64(4), third[0].Seq)
	diff(t, "error", nil, err)
}

func testEvidenceRepeats(t *testing.T, fresh Fresh) {
	o := fresh(t)
	for round := range 3 { // the later ones after reopening
		db := open(t, o)
		batches := []control.EvidenceBatch{
			batch("r", "edge", 1, "a"), batch("r", "edge", 1, "again"), batch("r", "edge", 2, "b"),
			batch("r", "sdk", 1, "c"), batch("r", "", 1, "unknown source"), batch("r", "sdk", 0, "unknown number"),
		}
		if err := db.AppendEvidence(t.Context(), noon, batches); err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, b := range batches {
			got = append(got, b.Seq)
		}
		n := int64(2 * round)
		want := []int64{1, 0, 2, 3, 4, 5}
		if round > 0 {
			want = []int64{0, 0, 0, 0, 4 + n, 5 + n}
		}
		diff(t, "numbers", want, got)
		all, err := db.Evidence(t.Context(), "r", 0, 99)
		diff(t, "stored batches", int(5+n), len(all))
		diff(t, "error", nil, err)
	}
}

// testEvidenceConcurrent lets senders of two processes repeat themselves while
// a reader follows by number and must see every batch in order, once.
func testEvidenceConcurrent(t *testing.T, fresh Fresh) {
	const senders, batches = 8, 20
	o := fresh(t)
	stores := []*store.DB{open(t, o), open(t, o)}
	var g errgroup.Group
	for i := range senders {
		g.Go(func() error {
			source := fmt.Sprintf("sender %d", i)
			for n := range batches {
				for _, db := range stores { // the second is a repeat
					b := []control.EvidenceBatch{batch("r", source, int64(n+1), source)}
					if err := db.AppendEvidence(t.Context(), noon, b); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	seen := int64(0)
	g.Go(func() error {
		for seen < senders*batches {
			found, err := stores[1].Evidence(t.Context(), "r", seen, 7)
			if err != nil {
				return err
			}
			for _, b := range found {
				if b.Seq != seen+1 {
					return fmt.Errorf("batch %d follows batch %d", b.Seq, seen)
				}
				seen = b.Seq
			}
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	rest, err := stores[0].Evidence(t.Context(), "r", seen, 7)
	diff(t, "batches beyond those sent", 0, len(rest))
	diff(t, "error", nil, err)
}

// testEvidenceCancel ends the contexts of some senders while all are waiting:
// what is acknowledged is stored, the rest at most once.
func testEvidenceCancel(t *testing.T, fresh Fresh) {
	const senders = 40
	db := open(t, fresh(t))
	acknowledged := make([]bool, senders)
	var g errgroup.Group
	for i := range senders {
		g.Go(func() error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%4)*time.Millisecond)
			if i%2 == 0 {
				ctx = t.Context()
			}
			defer cancel()
			err := db.AppendEvidence(ctx, noon, []control.EvidenceBatch{batch("r", "s", int64(i+1), "")})
			acknowledged[i] = err == nil
			if err != nil && !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	all, err := db.Evidence(t.Context(), "r", 0, senders)
	if err != nil {
		t.Fatal(err)
	}
	isStored := make([]bool, senders)
	for i, b := range all {
		diff(t, "number", int64(i+1), b.Seq)
		isStored[b.SourceSeq-1] = true
	}
	for i := range senders {
		if i%2 == 0 && !acknowledged[i] {
			t.Errorf("sender %d was refused because of others", i)
		}
		if acknowledged[i] != isStored[i] {
			t.Errorf("sender %d: acknowledged %t, stored %t", i, acknowledged[i], isStored[i])
		}
	}
}

// testEvidenceBesideUpdate stores evidence while a writer holds the lock of
// the state.
func testEvidenceBesideUpdate(t *testing.T, fresh Fresh) {
	db := open(t, fresh(t))
	release := held(t, db)
	defer release()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := db.AppendEvidence(ctx, noon, []control.EvidenceBatch{batch("r", "", 0, "x")}); err != nil {
		t.Error(err)
	}
	if err := db.AddReports(ctx, control.Reports{Usage: []control.Usage{{Flag: "f", Hour: noon}}}); err != nil {
		t.Error(err)
	}
}
