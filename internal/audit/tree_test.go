package audit

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

func TestRootGolden(t *testing.T) {
	t.Parallel()
	log := goldenLog(t)
	for size, want := range goldenRoots {
		if got, err := Root(size, log); err != nil || got.String() != want {
			t.Errorf("Root(%d) = %s, %v, want %s", size, got, err, want)
		}
	}
	if got := leafHash(log.leaves[41].Record).String(); got != goldenLeaf41 {
		t.Errorf("leaf 41 = %s, want %s", got, goldenLeaf41)
	}
	if got := log.root.String(); got != goldenRoots[300] {
		t.Errorf("the root that Append returned = %s, want %s", got, goldenRoots[300])
	}
}

func TestConsistencyGolden(t *testing.T) {
	t.Parallel()
	log := goldenLog(t)
	proof, err := tlog.ProveTree(300, 257, log)
	if err != nil || len(proof) != 8 {
		t.Fatalf("the proof from 257 to 300 has %d hashes, %v, want 8", len(proof), err)
	}
	root := func(size int64) Hash {
		h, err := parseHash(goldenRoots[size])
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	if err := tlog.CheckTree(proof, 300, root(300), 257, root(257)); err != nil {
		t.Error(err)
	}
	if err := tlog.CheckTree(proof, 300, root(300), 257, root(256)); err == nil {
		t.Error("the root of 256 passes for that of 257")
	}
}

func TestTreeErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	tests := map[string]struct {
		size int64
		read tlog.HashReaderFunc
		want string
	}{
		"negative":   {-1, nil, "a tree of -1 leaves"},
		"too large":  {1<<53 + 1, nil, "a tree of 9007199254740993 leaves"},
		"unreadable": {3, func([]int64) ([]Hash, error) { return nil, broken }, "read the edge of a tree of 3 leaves: broken"},
		"too few":    {3, func([]int64) ([]Hash, error) { return make([]Hash, 1), nil }, "read the edge of a tree of 3 leaves: 1 hashes for 2 indexes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := Append(tt.size, nil, tt.read); err == nil || err.Error() != tt.want {
				t.Errorf("Append: %v, want %s", err, tt.want)
			}
			if _, err := Root(tt.size, tt.read); err == nil || err.Error() != tt.want {
				t.Errorf("Root: %v, want %s", err, tt.want)
			}
		})
	}
}

// Append and Root agree with x/mod's own on every record of a log.
func TestTreeAgreesWithTlog(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var stored []StoredHash
		read := tlog.HashReaderFunc(func(idx []int64) ([]Hash, error) { return readHashes(stored, idx) })
		for n := range int64(rapid.IntRange(1, 130).Draw(t, "records")) {
			record := rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(t, "record")
			want, err := tlog.StoredHashes(n, record, read)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Append(n, record, read)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got.Hashes); diff != "" || got.Index != int64(len(stored)) {
				t.Fatalf("Append(%d) at %d (-want +got)\n%s", n, got.Index, diff)
			}
			for i, h := range got.Hashes {
				stored = append(stored, StoredHash{got.Index + int64(i), h})
			}
			root, err := tlog.TreeHash(n+1, read)
			if err != nil || root != got.Root {
				t.Fatalf("Append(%d) has the root %s, %v, want %s", n, got.Root, err, root)
			}
		}
	})
}

// The laws of the log: every record is included, every smaller tree is a
// prefix, and one changed bit anywhere fails.
func TestProofs(t *testing.T) {
	t.Parallel()
	log := goldenLog(t)
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(1, log.size).Draw(t, "size")
		index := rapid.Int64Range(0, size-1).Draw(t, "index")
		smaller := rapid.Int64Range(1, size).Draw(t, "smaller")
		root, _ := Root(size, log)
		old, _ := Root(smaller, log)
		record := log.leaves[index].Record

		inclusion, err := tlog.ProveRecord(size, index, log)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckRecord(inclusion, size, root, index, leafHash(record)); err != nil {
			t.Fatalf("record %d of %d: %v", index, size, err)
		}
		consistency, err := tlog.ProveTree(size, smaller, log)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckTree(consistency, size, root, smaller, old); err != nil {
			t.Fatalf("%d to %d: %v", smaller, size, err)
		}

		bit := rapid.IntRange(0, 8*len(record)-1).Draw(t, "bit of the record")
		if tlog.CheckRecord(inclusion, size, root, index, leafHash(flip(record, bit))) == nil {
			t.Fatal("a changed record is included")
		}
		bit = rapid.IntRange(0, 255).Draw(t, "bit of a hash")
		if tlog.CheckRecord(inclusion, size, Hash(flip(root[:], bit)), index, leafHash(record)) == nil {
			t.Fatal("a changed root includes")
		}
		if len(inclusion) > 0 {
			i := rapid.IntRange(0, len(inclusion)-1).Draw(t, "hash of the inclusion proof")
			changed := slices.Clone(inclusion)
			changed[i] = Hash(flip(changed[i][:], bit))
			if tlog.CheckRecord(changed, size, root, index, leafHash(record)) == nil {
				t.Fatal("a changed inclusion proof passes")
			}
		}
		if len(consistency) > 0 {
			i := rapid.IntRange(0, len(consistency)-1).Draw(t, "hash of the consistency proof")
			changed := slices.Clone(consistency)
			changed[i] = Hash(flip(changed[i][:], bit))
			if tlog.CheckTree(changed, size, root, smaller, old) == nil {
				t.Fatal("a changed consistency proof passes")
			}
		}
	})
}
