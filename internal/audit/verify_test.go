package audit

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// faults lists findings as "fault at seq", "fault" where there is no seq.
func faults(report Report) []string {
	list := []string{}
	for _, f := range report.Findings {
		place := string(f.Fault)
		if f.Seq >= 0 {
			place = fmt.Sprintf("%s at %d", f.Fault, f.Seq)
		}
		list = append(list, place)
	}
	return list
}

// record returns a copy of the record at seq with old replaced by new in it.
func (l *memoryLog) replaced(seq int, old, with string) []byte {
	b := bytes.Replace(l.leaves[seq].Record, []byte(old), []byte(with), 1)
	if bytes.Equal(b, l.leaves[seq].Record) {
		panic("nothing replaced")
	}
	return b
}

// rebuild is what an attacker does who holds the database but no key: put
// other records in and compute everything again but the checkpoints.
func (l *memoryLog) rebuild(tb fataler, leaves []Leaf) {
	tb.Helper()
	checkpoints := l.checkpoints
	*l = memoryLog{root: emptyRoot, documents: l.documents}
	for _, leaf := range leaves {
		l.add(tb, leaf.Record)
	}
	l.checkpoints = checkpoints
}

func TestVerify(t *testing.T) {
	t.Parallel()
	key := testKey(t, testOrigin, 'k')
	for n := range 41 {
		log := newLog(t, n, key)
		report, err := Verify(log, Options{Keys: testVerifiers(t, key)})
		if err != nil {
			t.Fatal(err)
		}
		want := Report{Size: int64(n), Root: log.root, Documents: int64(len(log.documents))}
		if n > 0 {
			want.Checkpoint = Checkpoint{testOrigin, int64(n), log.root}
		}
		if diff := cmp.Diff(want, report); diff != "" {
			t.Errorf("%d records (-want +got)\n%s", n, diff)
		}
	}
}

// newLog(22): records 0 to 21 over flag-0 to flag-4. Record 6 deletes flag-1
// and record 20 flag-0; checkpoints are of 4, 8, 12, 16, 20 and 22 records.
func TestVerifyFinds(t *testing.T) {
	t.Parallel()
	key, forged := testKey(t, testOrigin, 'k'), testKey(t, testOrigin, 'f')
	tests := []struct {
		name   string
		damage func(t *testing.T, l *memoryLog)
		want   []string
	}{
		{"nothing", func(*testing.T, *memoryLog) {}, nil},
		{"a bit of a record", func(_ *testing.T, l *memoryLog) {
			l.leaves[9].Record = l.replaced(9, `"u_1"`, `"u_0"`)
		}, []string{"leaf_hash at 9"}},
		{"a bit that makes it no JSON", func(_ *testing.T, l *memoryLog) {
			l.leaves[21].Record = flip(l.leaves[21].Record, 0)
		}, []string{"leaf_hash at 21", "record at 21", "document at 16"}},
		{"a bit of a leaf hash", func(_ *testing.T, l *memoryLog) {
			h := &l.hashes[tlog.StoredHashIndex(0, 9)].Hash
			*h = Hash(flip(h[:], 77))
		}, []string{"leaf_hash at 9", "node_hash at 9"}},
		{"a bit of an interior hash", func(_ *testing.T, l *memoryLog) {
			h := &l.hashes[tlog.StoredHashIndex(1, 4)].Hash
			*h = Hash(flip(h[:], 77))
		}, []string{"node_hash at 9", "node_hash at 11"}},
		{"a record and its leaf hash", func(_ *testing.T, l *memoryLog) {
			l.leaves[9].Record = l.replaced(9, `"u_1"`, `"u_0"`)
			l.hashes[tlog.StoredHashIndex(0, 9)].Hash = leafHash(l.leaves[9].Record)
		}, []string{"node_hash at 9"}},
		{"a record and every hash", func(t *testing.T, l *memoryLog) {
			l.leaves[9].Record = l.replaced(9, `"u_1"`, `"u_0"`)
			l.rebuild(t, l.leaves)
		}, []string{"root at 12"}},
		{"all of it, signed with a forged key", func(t *testing.T, l *memoryLog) {
			l.leaves[9].Record = l.replaced(9, `"u_1"`, `"u_0"`)
			l.rebuild(t, l.leaves)
			l.checkpoints = nil
			l.sign(t, forged)
		}, []string{"key at 22"}},
		{"two records swapped", func(_ *testing.T, l *memoryLog) {
			l.leaves[3].Record, l.leaves[4].Record = l.leaves[4].Record, l.leaves[3].Record
		}, []string{"leaf_hash at 3", "seq at 3", "leaf_hash at 4", "seq at 4"}},
		{"two rows swapped", func(_ *testing.T, l *memoryLog) {
			l.leaves[3], l.leaves[4] = l.leaves[4], l.leaves[3]
		}, []string{"missing_record at 3", "order at 3", "chain at 8"}},
		{"the first record dropped", func(_ *testing.T, l *memoryLog) {
			l.leaves = l.leaves[1:]
		}, []string{"missing_record at 0", "chain at 5"}},
		{"one in the middle dropped", func(_ *testing.T, l *memoryLog) {
			l.leaves = slices.Delete(l.leaves, 9, 10)
		}, []string{"missing_record at 9", "chain at 14"}},
		{"the last record dropped", func(_ *testing.T, l *memoryLog) {
			l.leaves = l.leaves[:21]
		}, []string{"missing_record at 21", "document at 16"}},
		{"a record and its hashes dropped", func(_ *testing.T, l *memoryLog) {
			l.leaves = slices.Delete(l.leaves, 9, 10)
			at := tlog.StoredHashIndex(0, 9)
			l.hashes = slices.Delete(l.hashes, int(at), int(at)+2)
		}, []string{"missing_record at 9", "chain at 14"}},
		{"the end dropped, and the head set back", func(t *testing.T, l *memoryLog) {
			l.rebuild(t, l.leaves[:21])
		}, []string{"short at 22", "document at 16"}},
		{"a record twice", func(_ *testing.T, l *memoryLog) {
			l.leaves = slices.Insert(l.leaves, 9, l.leaves[8])
		}, []string{"order at 8"}},
		{"a record more", func(_ *testing.T, l *memoryLog) {
			l.leaves = append(l.leaves, Leaf{22, l.leaves[21].Record}, Leaf{23, l.leaves[21].Record})
		}, []string{"extra_record at 22", "seq at 22", "chain at 22", "seq at 23", "chain at 23"}},
		{"renumbered", func(t *testing.T, l *memoryLog) {
			l.leaves[9].Record = l.replaced(9, `"seq":9,`, `"seq":8,`)
			l.rebuild(t, l.leaves)
		}, []string{"seq at 9", "root at 12"}},
		{"a stored hash dropped", func(_ *testing.T, l *memoryLog) {
			l.hashes = slices.Delete(l.hashes, 5, 6)
		}, []string{"missing_hash at 3"}},
		{"a stored hash more", func(_ *testing.T, l *memoryLog) {
			l.hashes = append(l.hashes, StoredHash{Index: int64(len(l.hashes))})
		}, []string{"extra_hash"}},
		{"the head's root", func(_ *testing.T, l *memoryLog) {
			l.root = Hash(flip(l.root[:], 0))
		}, []string{"head at 22"}},
		{"a bit of a signature", func(_ *testing.T, l *memoryLog) {
			c := l.checkpoints[2]
			l.checkpoints[2] = c[:len(c)-10] + string(c[len(c)-10]^1) + c[len(c)-9:]
		}, []string{"signature at 16"}},
		{"the size of a checkpoint", func(_ *testing.T, l *memoryLog) {
			l.checkpoints[2] = strings.Replace(l.checkpoints[2], "\n16\n", "\n17\n", 1)
		}, []string{"signature at 17"}},
		{"no checkpoint at all", func(_ *testing.T, l *memoryLog) {
			l.checkpoints = []string{"?"}
		}, []string{"checkpoint"}},
		{"no checkpoints", func(_ *testing.T, l *memoryLog) {
			l.checkpoints = nil
		}, []string{"unsigned"}},
		{"no checkpoint but that of nothing", func(t *testing.T, l *memoryLog) {
			empty := &memoryLog{root: emptyRoot}
			empty.sign(t, key)
			l.checkpoints = empty.checkpoints
		}, []string{"unsigned"}},
		{"the head's size", func(_ *testing.T, l *memoryLog) {
			*l = memoryLog{size: -1, root: emptyRoot}
		}, []string{"head"}},
		{"an older checkpoint in the place of the newest", func(_ *testing.T, l *memoryLog) {
			l.checkpoints[0] = l.checkpoints[1]
		}, []string{"order at 20"}},
		{"a forged key of the same name", func(t *testing.T, l *memoryLog) {
			l.checkpoints = l.checkpoints[1:]
			l.sign(t, forged)
		}, []string{"key at 22"}},
		{"a checkpoint of another history", func(t *testing.T, l *memoryLog) {
			other := newLog(t, 20, forged)
			other.rebuild(t, append(slices.Clone(other.leaves[:18]), other.leaves[0], other.leaves[0]))
			other.sign(t, key)
			l.checkpoints[1] = other.checkpoints[0]
		}, []string{"root at 20"}},
		{"a signature more, by a key not known", func(t *testing.T, l *memoryLog) {
			l.checkpoints = l.checkpoints[1:]
			l.sign(t, key, testKey(t, "witness.example.com", 'w'))
		}, nil},
		{"a time before that of earlier records", func(t *testing.T, l *memoryLog) {
			l.leaves[9].Record = l.replaced(9, "T10:00:09", "T10:00:05")
			l.rebuild(t, l.leaves)
			l.checkpoints = nil
			l.sign(t, key)
		}, []string{"time at 9"}},
		{"a time within the skew of clocks", func(t *testing.T, l *memoryLog) {
			l.leaves[9].Record = l.replaced(9, "T10:00:09", "T10:00:06")
			l.rebuild(t, l.leaves)
			l.checkpoints = nil
			l.sign(t, key)
		}, nil},
		{"another version", func(t *testing.T, l *memoryLog) {
			l.leaves[20].Record = l.replaced(20, `"v":1`, `"v":2`)
			l.rebuild(t, l.leaves)
			l.checkpoints = nil
			l.sign(t, key)
		}, []string{"record at 20", "missing_document at 15"}},
		{"no time", func(t *testing.T, l *memoryLog) {
			l.leaves[20].Record = l.replaced(20, `"ts":`, `"tt":`)
			l.rebuild(t, l.leaves)
			l.checkpoints = nil
			l.sign(t, key)
		}, []string{"record at 20"}},
		{"a revision left out", func(t *testing.T, l *memoryLog) {
			l.leaves[19].Record = l.replaced(19, `"rev1":4`, `"rev1":5`)
			l.rebuild(t, l.leaves)
			l.documents[3].Rev = 5
			l.checkpoints = nil
			l.sign(t, key)
		}, []string{"chain at 19"}},
		{"a denied write that claims a change", func(t *testing.T, l *memoryLog) {
			l.leaves[21].Record = l.replaced(21, `"success"`, `"denied"`)
			l.rebuild(t, l.leaves)
			l.checkpoints = nil
			l.sign(t, key)
		}, []string{"document at 16"}},
		{"a document changed", func(_ *testing.T, l *memoryLog) {
			l.documents[2].Doc = flip(l.documents[2].Doc, 3)
		}, []string{"document at 18"}},
		{"a document emptied", func(_ *testing.T, l *memoryLog) {
			l.documents[2].Doc = nil
		}, []string{"document at 18"}},
		{"a document changed with its hash", func(_ *testing.T, l *memoryLog) {
			l.documents[2].Doc = flip(l.documents[2].Doc, 3)
			l.documents[2].Hash = Sum(l.documents[2].Doc)
		}, []string{"document at 18"}},
		{"a revision changed", func(_ *testing.T, l *memoryLog) {
			l.documents[2].Rev++
		}, []string{"document at 18"}},
		{"a document deleted", func(_ *testing.T, l *memoryLog) {
			l.documents = l.documents[1:]
		}, []string{"missing_document at 21"}},
		{"a document more", func(_ *testing.T, l *memoryLog) {
			l.documents = append(l.documents, Document{Kind: "flag", Key: "other", Rev: 1, Hash: Sum(nil)})
		}, []string{"extra_document"}},
		{"a deleted document that is back", func(_ *testing.T, l *memoryLog) {
			l.documents = append(l.documents, Document{Kind: "flag", Key: "flag-0", Rev: 4, Hash: Sum(nil)})
		}, []string{"extra_document at 20"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			log := newLog(t, 22, key)
			tt.damage(t, log)
			report, err := Verify(log, Options{Keys: testVerifiers(t, key)})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(append([]string{}, tt.want...), faults(report)); diff != "" {
				t.Errorf("(-want +got)\n%s\n%v", diff, report.Findings)
			}
			if report.OK() != (len(tt.want) == 0) {
				t.Errorf("OK = %v", report.OK())
			}
		})
	}
}

// A checkpoint from elsewhere shows what the log's own cannot: that it was
// cut off or written anew, with its key.
func TestVerifyKnown(t *testing.T) {
	t.Parallel()
	key := testKey(t, testOrigin, 'k')
	log := newLog(t, 22, key)
	known := Checkpoint{testOrigin, log.size, log.root}
	cut := newLog(t, 20, key)
	anew := newLog(t, 22, key)
	anew.leaves[9].Record = anew.replaced(9, `"u_1"`, `"u_0"`)
	anew.rebuild(t, anew.leaves)
	anew.checkpoints = nil
	anew.sign(t, key)

	for want, log := range map[string]*memoryLog{"": log, "short at 22": cut, "root at 22": anew} {
		report, err := Verify(log, Options{Keys: testVerifiers(t, key), Known: []Checkpoint{known}})
		if got := strings.Join(faults(report), ", "); err != nil || got != want {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
		if tampered := want == "root at 22"; report.Tampered() != tampered {
			t.Errorf("%s: Tampered = %v", want, !tampered)
		}
	}
}

func TestVerifyLimitsFindings(t *testing.T) {
	t.Parallel()
	key := testKey(t, testOrigin, 'k')
	log := newLog(t, 250, key)
	for i := range log.leaves {
		log.leaves[i].Record = log.replaced(i, `"u_1"`, `"u_0"`)
	}
	report, err := Verify(log, Options{Keys: testVerifiers(t, key)})
	if err != nil || len(report.Findings) != MaxFindings || report.Omitted != 150 {
		t.Errorf("%d findings, %d omitted, %v, want 100 and 150", len(report.Findings), report.Omitted, err)
	}
}

func TestVerifyReturnsErrorsOfTheLog(t *testing.T) {
	t.Parallel()
	key := testKey(t, testOrigin, 'k')
	log := newLog(t, 9, key)
	log.err = errors.New("disk on fire")
	if _, err := Verify(log, Options{Keys: testVerifiers(t, key)}); !errors.Is(err, log.err) {
		t.Errorf("Verify: %v", err)
	}
	if err := Export(new(bytes.Buffer), log, ExportOptions{VerifierKey: key.VerifierKey()}); !errors.Is(err, log.err) {
		t.Errorf("Export: %v", err)
	}
}

// One changed bit of any record, hash, checkpoint or document is found.
func TestVerifyFindsEveryBit(t *testing.T) {
	t.Parallel()
	key := testKey(t, testOrigin, 'k')
	keys := testVerifiers(t, key)
	rapid.Check(t, func(t *rapid.T) {
		log := newLog(t, rapid.IntRange(1, 40).Draw(t, "records"), key)
		index := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "index") }
		bit := func(b []byte) []byte { return flip(b, rapid.IntRange(0, 8*len(b)-1).Draw(t, "bit")) }
		switch part := rapid.SampledFrom([]string{"record", "hash", "checkpoint", "document"}).Draw(t, "part"); {
		case part == "record":
			leaf := &log.leaves[index(len(log.leaves))]
			leaf.Record = bit(leaf.Record)
		case part == "hash":
			stored := &log.hashes[index(len(log.hashes))]
			stored.Hash = Hash(bit(stored.Hash[:]))
		case part == "checkpoint":
			c := &log.checkpoints[index(len(log.checkpoints))]
			*c = string(bit([]byte(*c)))
		case len(log.documents) > 0:
			d := &log.documents[index(len(log.documents))]
			d.Doc = bit(d.Doc)
		default:
			return
		}
		if report, err := Verify(log, Options{Keys: keys}); err != nil || report.OK() {
			t.Fatalf("not found: %v", err)
		}
	})
}

func TestFinding(t *testing.T) {
	t.Parallel()
	tests := map[string]Finding{
		"seq at 3: it says 4":     {FaultSeq, 3, "it says 4"},
		"truncated: no last line": {FaultTruncated, -1, "no last line"},
	}
	for want, f := range tests {
		if got := f.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got := f.Fault.Incomplete(); got != (f.Fault == FaultTruncated) {
			t.Errorf("%s: Incomplete = %v", f.Fault, got)
		}
	}
}
