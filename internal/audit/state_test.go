package audit

import (
	"errors"
	"fmt"
	"strconv"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// withState adds to a log of newLog what a store keeps beside it: the
// revisions that the records tell of, and the blob that the last one names.
func withState(tb fataler, key Key) *memoryLog {
	tb.Helper()
	log := newLog(tb, 21, key)
	at := map[string]int{} // the newest revision of a key in log.revisions
	for _, leaf := range log.leaves {
		r, err := Decode(leaf.Record)
		if err != nil {
			tb.Fatal(err)
		}
		ts, err := ParseTime(r.TS)
		if err != nil {
			tb.Fatal(err)
		}
		ms := ts.UnixMilli()
		if r.Res.H1 == "" {
			log.revisions[at[r.Res.Key]].DeletedAt = &ms
			continue
		}
		at[r.Res.Key] = len(log.revisions)
		log.revisions = append(log.revisions, Revision{Seq: leaf.Seq, Document: Document{
			Kind: "flag", Key: r.Res.Key, Rev: r.Res.Rev1, Hash: r.Res.H1, At: ms, Parent: "p",
			Doc: fmt.Appendf(nil, `{"name":%q,"revision":%d}`, r.Res.Key, r.Res.Rev1),
		}})
	}
	byKey := []Revision{}
	for i := range 5 {
		for _, r := range log.revisions {
			if r.Key == fmt.Sprintf("flag-%d", i) {
				byKey = append(byKey, r)
			}
		}
	}
	log.revisions = byKey
	for i, d := range log.documents {
		for _, r := range byKey {
			if r.Key == d.Key && r.Rev == d.Rev {
				log.documents[i] = r.Document
			}
		}
	}
	evidence := []byte("evidence")
	log.blobs = []Blob{{Sum(evidence), evidence}}
	record, err := Encode(Record{Seq: log.size, TS: "2026-11-22T11:00:00.000Z", Dec: Decision{Evidence: Sum(evidence)}})
	if err != nil {
		tb.Fatal(err)
	}
	log.add(tb, record)
	log.sign(tb, key)
	return log
}

// withState: flag-0 has revisions 1 to 4 and is deleted in record 20; flag-1
// and flag-3 are deleted and made again; record 21 names the blob.
func TestVerifyFindsInState(t *testing.T) {
	t.Parallel()
	key := testKey(t, testOrigin, 'k')
	other := []byte("other")
	tests := []struct {
		name   string
		damage func(l *memoryLog)
		want   []string
	}{
		{"nothing", func(*memoryLog) {}, nil},
		{"listed elsewhere", func(l *memoryLog) { l.documents[1].Parent = "q" }, []string{"parent at 17"}},
		{"another time", func(l *memoryLog) { l.documents[1].At++ }, []string{"document at 17"}},
		{"an earlier document", func(l *memoryLog) { l.revisions[1].Doc = other }, []string{"revision at 5"}},
		{"the same with its hash", func(l *memoryLog) {
			l.revisions[1].Doc, l.revisions[1].Hash = other, Sum(other)
		}, []string{"revision at 20"}},
		{"an earlier place", func(l *memoryLog) { l.revisions[1].Parent = "q" }, []string{"parent at 5"}},
		{"an earlier time", func(l *memoryLog) { l.revisions[1].At-- }, []string{"revision at 20"}},
		{"an earlier number", func(l *memoryLog) { l.revisions[1].Seq-- }, []string{"revision at 20"}},
		{"the end of one", func(l *memoryLog) { l.revisions[1].DeletedAt = &l.revisions[1].At }, []string{"revision at 20"}},
		{"no end", func(l *memoryLog) {
			for i := range l.revisions {
				l.revisions[i].DeletedAt = nil
			}
		}, []string{"revision at 20", "revision at 16", "revision at 18"}},
		{"one gone", func(l *memoryLog) { l.revisions = append(l.revisions[:1:1], l.revisions[2:]...) }, []string{"missing_revision"}},
		{"the newest gone", func(l *memoryLog) { l.revisions = append(l.revisions[:3:3], l.revisions[4:]...) }, []string{"missing_revision at 20"}},
		{"a history gone", func(l *memoryLog) { l.revisions = l.revisions[4:] }, []string{"missing_revision at 20"}},
		{"one more", func(l *memoryLog) {
			more := l.revisions[len(l.revisions)-1]
			more.Rev++
			l.revisions = append(l.revisions, more)
		}, []string{"extra_revision at 19"}},
		{"a history more", func(l *memoryLog) {
			more := l.revisions[0]
			more.Key = "ghost"
			l.revisions = append(l.revisions, more)
		}, []string{"extra_revision"}},
		{"a blob", func(l *memoryLog) { l.blobs[0].Doc = other }, []string{"blob"}},
		{"a blob gone", func(l *memoryLog) { l.blobs = []Blob{} }, []string{"missing_blob at 21"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			log := withState(t, key)
			tt.damage(log)
			report, err := Verify(log, Options{
				Keys:   testVerifiers(t, key),
				Parent: func(string, []byte) (string, error) { return "p", nil },
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(append([]string{}, tt.want...), faults(report)); diff != "" {
				t.Errorf("(-want +got)\n%s\n%v", diff, report.Findings)
			}
		})
	}
}

func TestVerifyFindsWhatCannotBeListed(t *testing.T) {
	t.Parallel()
	key := testKey(t, testOrigin, 'k')
	log := withState(t, key)
	log.revisions = nil
	report, err := Verify(log, Options{
		Keys:   testVerifiers(t, key),
		Parent: func(string, []byte) (string, error) { return "", errors.New("no such kind") },
	})
	if err != nil || len(report.Findings) != len(log.documents) || report.Findings[0].Fault != FaultParent {
		t.Errorf("%v, %v, want a parent for each of %d documents", report.Findings, err, len(log.documents))
	}
}

// The table holds what a map does, and no more than 80 bytes of it for each.
func TestChains(t *testing.T) {
	t.Parallel()
	if size := unsafe.Sizeof(chain{}); size > 80 {
		t.Errorf("a chain takes %d bytes, want 80 at most", size)
	}
	rapid.Check(t, func(t *rapid.T) {
		var c chains
		want := map[resourceID]int64{}
		for i := range rapid.IntRange(0, 3*pageLen).Draw(t, "writes") {
			id := identify("flag", strconv.Itoa(i%(2*pageLen)))
			c.put(id).seq = int64(i)
			want[id] = int64(i)
		}
		if c.find(identify("flag", "none")) != nil {
			t.Fatal("found what was not put")
		}
		for id, seq := range want {
			if got := c.find(id); got == nil || got.seq != seq {
				t.Fatalf("found %v, want %d", got, seq)
			}
		}
		if got := len(c.without(func(*chain) bool { return true })); got != len(want) {
			t.Fatalf("%d chains, want %d", got, len(want))
		}
	})
}
