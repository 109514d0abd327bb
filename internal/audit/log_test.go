package audit

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const testOrigin = "audit.example.com/test"

// memoryLog is a Log in memory, for tests to damage.
type memoryLog struct {
	size        int64
	root        Hash
	leaves      []Leaf
	hashes      []StoredHash
	checkpoints []string // newest first
	documents   []Document
	revisions   []Revision
	blobs       []Blob
	err         error // of every sequence, at its end
}

func (l *memoryLog) Head() (int64, Hash, error)            { return l.size, l.root, nil }
func (l *memoryLog) Leaves() iter.Seq2[Leaf, error]        { return sequence(l.leaves, l.err) }
func (l *memoryLog) Hashes() iter.Seq2[StoredHash, error]  { return sequence(l.hashes, l.err) }
func (l *memoryLog) Checkpoints() iter.Seq2[string, error] { return sequence(l.checkpoints, l.err) }
func (l *memoryLog) Documents() iter.Seq2[Document, error] { return sequence(l.documents, l.err) }
func (l *memoryLog) Revisions() iter.Seq2[Revision, error] {
	if l.revisions == nil {
		return nil
	}
	return sequence(l.revisions, l.err)
}

func (l *memoryLog) Blobs() iter.Seq2[Blob, error] { return sequence(l.blobs, l.err) }

func (l *memoryLog) HasBlob(sum string) (bool, error) {
	return slices.ContainsFunc(l.blobs, func(b Blob) bool { return b.Sum == sum }), l.err
}

func (l *memoryLog) ReadHashes(idx []int64) ([]Hash, error) { return readHashes(l.hashes, idx) }

func sequence[T any](list []T, err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range list {
			if !yield(v, nil) {
				return
			}
		}
		if err != nil {
			yield(*new(T), err)
		}
	}
}

func readHashes(stored []StoredHash, indexes []int64) ([]Hash, error) {
	var hashes []Hash
	for _, i := range indexes {
		if i < 0 || i >= int64(len(stored)) {
			return nil, errors.New("no such hash")
		}
		hashes = append(hashes, stored[i].Hash)
	}
	return hashes, nil
}

// add appends a record as a store does.
func (l *memoryLog) add(tb fataler, record []byte) {
	tb.Helper()
	added, err := Append(l.size, record, l)
	if err != nil {
		tb.Fatal(err)
	}
	if want := int64(len(l.hashes)); added.Index != want {
		tb.Fatalf("Append(%d) stores from %d, want %d", l.size, added.Index, want)
	}
	for i, h := range added.Hashes {
		l.hashes = append(l.hashes, StoredHash{added.Index + int64(i), h})
	}
	l.leaves = append(l.leaves, Leaf{l.size, record})
	l.root = added.Root
	l.size++
}

// sign adds a checkpoint of the log as it is.
func (l *memoryLog) sign(tb fataler, signers ...note.Signer) {
	tb.Helper()
	signed, err := Sign(Checkpoint{testOrigin, l.size, l.root}, signers...)
	if err != nil {
		tb.Fatal(err)
	}
	l.checkpoints = slices.Insert(l.checkpoints, 0, signed)
}

// testKey returns the key that a byte stands for.
func testKey(tb fataler, origin string, seed byte) Key {
	tb.Helper()
	key, err := GenerateKey(strings.NewReader(strings.Repeat(string(rune(seed)), 32)), origin)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func testVerifiers(tb fataler, keys ...Key) note.Verifiers {
	tb.Helper()
	var vkeys []string
	for _, key := range keys {
		vkeys = append(vkeys, key.VerifierKey())
	}
	verifiers, err := Verifiers(vkeys...)
	if err != nil {
		tb.Fatal(err)
	}
	return verifiers
}

// newLog returns a log of n records over 5 flags, of which every seventh
// record deletes one, with a checkpoint every 4 records and at the end.
func newLog(tb fataler, n int, key Key) *memoryLog {
	tb.Helper()
	log := &memoryLog{root: emptyRoot}
	state := map[string]*Document{}
	start := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for i := range n {
		name := fmt.Sprintf("flag-%d", i%5)
		doc := state[name]
		if doc == nil {
			doc = &Document{Kind: "flag", Key: name}
			state[name] = doc
		}
		r := Record{
			Seq: int64(i), TS: FormatTime(start.Add(time.Duration(i) * time.Second)), Log: testOrigin,
			Type: "flag.update", Outcome: "success", Actor: Actor{Kind: "human", ID: "u_1", Via: "pat"},
			Res: Resource{Type: "flag", Key: name, H0: doc.Hash},
		}
		if doc.Hash != "" {
			r.Res.Rev0 = doc.Rev
		}
		if i%7 == 6 && doc.Hash != "" {
			doc.Doc, doc.Hash = nil, ""
		} else {
			doc.Rev++
			doc.Doc = fmt.Appendf(nil, `{"name":%q,"revision":%d}`, name, doc.Rev)
			doc.Hash = Sum(doc.Doc)
			r.Res.Rev1, r.Res.H1 = doc.Rev, doc.Hash
		}
		record, err := Encode(r)
		if err != nil {
			tb.Fatal(err)
		}
		log.add(tb, record)
		if i%4 == 3 || i == n-1 {
			log.sign(tb, key)
		}
	}
	for _, doc := range state {
		if doc.Hash != "" {
			log.documents = append(log.documents, *doc)
		}
	}
	slices.SortFunc(log.documents, func(a, b Document) int { return strings.Compare(a.Key, b.Key) })
	return log
}

func flip(b []byte, bit int) []byte {
	b = slices.Clone(b)
	b[bit/8] ^= 1 << (bit % 8)
	return b
}

func leafHash(record []byte) Hash { return tlog.RecordHash(record) }

// fataler is what helpers need of a [testing.TB] or a rapid.T.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}
