package audit

import (
	"crypto/sha256"
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a leaf, an interior node or a root of the tree: 32 bytes.
type Hash = tlog.Hash

// HashReader reads stored hashes by their index; see [tlog.HashReader].
type HashReader = tlog.HashReader

// Appended is what one record adds to the stored hashes.
type Appended struct {
	Index  int64  // of Hashes[0]: [tlog.StoredHashIndex] of level 0
	Hashes []Hash // the leaf, then each subtree that it completes, upwards
	Root   Hash   // of the tree with the record in it
}

// Append returns what MUST be stored, in the same transaction as the record,
// when record becomes leaf number size. It makes one call to read, for at most
// log₂ size hashes, and stores nothing itself.
func Append(size int64, record []byte, read HashReader) (Appended, error) {
	tree, err := LoadTree(size, read)
	if err != nil {
		return Appended{}, err
	}
	return Appended{
		Index:  tlog.StoredHashIndex(0, size),
		Hashes: tree.Append(tlog.RecordHash(record)),
		Root:   tree.Root(),
	}, nil
}

// Root returns the root of the first size leaves.
func Root(size int64, read HashReader) (Hash, error) {
	tree, err := LoadTree(size, read)
	if err != nil {
		return Hash{}, err
	}
	return tree.Root(), nil
}

// maxSize is one more than the greatest number of a leaf: what a double holds
// exactly (RFC 8785), and far below where the arithmetic of tlog overflows.
const maxSize = 1 << 53

// Tree is the right edge of a Merkle tree: all that is needed to add leaves
// and to know the root, in at most 53 hashes. The zero Tree is empty.
type Tree struct {
	size  int64
	peaks []Hash // of the perfect subtrees, one for each bit of size, largest first
}

// LoadTree returns the tree of the first size leaves. A size that is negative
// or over 2^53, or a reader that has not all of its hashes, is an error.
func LoadTree(size int64, read HashReader) (*Tree, error) {
	if size < 0 || size > maxSize {
		return nil, fmt.Errorf("a tree of %d leaves", size)
	}
	var indexes []int64
	for rest := uint64(size); rest != 0; {
		level := bits.Len64(rest) - 1
		rest &^= 1 << level
		// The subtree of 2^level leaves that ends where rest begins.
		indexes = append(indexes, tlog.StoredHashIndex(level, (size-int64(rest))>>level-1))
	}
	if len(indexes) == 0 {
		return &Tree{}, nil
	}
	peaks, err := read.ReadHashes(indexes)
	if err != nil {
		return nil, fmt.Errorf("read the edge of a tree of %d leaves: %w", size, err)
	}
	if len(peaks) != len(indexes) {
		return nil, fmt.Errorf("read the edge of a tree of %d leaves: %d hashes for %d indexes", size, len(peaks), len(indexes))
	}
	return &Tree{size: size, peaks: append([]Hash(nil), peaks...)}, nil
}

// Size returns the number of leaves.
func (t *Tree) Size() int64 { return t.size }

// Append adds a leaf and returns the hashes to store at
// [tlog.StoredHashIndex](0, n) and after, where n is the leaf's number: itself
// and the subtrees it completes.
func (t *Tree) Append(leaf Hash) []Hash {
	var stored []Hash
	t.grow(leaf, func(_ int, h Hash) Hash {
		stored = append(stored, h)
		return h
	})
	return stored
}

// grow adds a leaf. It calls keep with the leaf and then with each subtree
// that it completes, by level, and goes on with what keep returns.
func (t *Tree) grow(h Hash, keep func(level int, h Hash) Hash) {
	h = keep(0, h)
	for level := range bits.TrailingZeros64(^uint64(t.size)) {
		last := len(t.peaks) - 1
		h = keep(level+1, tlog.NodeHash(t.peaks[last], h))
		t.peaks = t.peaks[:last]
	}
	t.peaks = append(t.peaks, h)
	t.size++
}

// Root returns the hash over all leaves; that of the empty tree is the
// SHA-256 of nothing.
func (t *Tree) Root() Hash {
	if len(t.peaks) == 0 {
		return emptyRoot
	}
	root := t.peaks[len(t.peaks)-1]
	for i := len(t.peaks) - 2; i >= 0; i-- {
		root = tlog.NodeHash(t.peaks[i], root)
	}
	return root
}

// emptyRoot is the hash of no leaves (RFC 9162 section 2.1.1).
var emptyRoot = Hash(sha256.Sum256(nil))
