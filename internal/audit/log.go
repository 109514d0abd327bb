package audit

import "iter"

// Log is a whole log with the state it accounts for, as Verify and Export read
// it. All methods MUST show one and the same moment, such as one read-only
// transaction. Sequences end with the first error. They are read once each;
// Leaves and Hashes are read in step, so over a single connection they have to
// be read in pages.
type Log interface {
	// Head returns the number of leaves and the root that the log claims.
	Head() (size int64, root Hash, err error)
	// Leaves returns the records as stored, by sequence number. Nobody keeps
	// a record beyond the step, so its memory may be used again.
	Leaves() iter.Seq2[Leaf, error]
	// Hashes returns the stored hashes by index, nil where none are kept.
	Hashes() iter.Seq2[StoredHash, error]
	// Checkpoints returns the signed notes, the newest first.
	Checkpoints() iter.Seq2[string, error]
	// Revisions returns every state that a resource ever had, those of one
	// resource after each other in the order of their numbers, nil where none
	// are kept.
	Revisions() iter.Seq2[Revision, error]
	// Documents returns the current state of every resource, in any order.
	Documents() iter.Seq2[Document, error]
	// Blobs returns the documents that are stored by their own hash, nil where
	// none are kept.
	Blobs() iter.Seq2[Blob, error]
	// HasBlob reports whether there is a blob of a name. It is asked between
	// the steps of Leaves, where Blobs are kept.
	HasBlob(sum string) (bool, error)
}

// StoredLog is a Log whose hashes can be read by their index, so that a proof
// or a tile costs what it is made of, however long the log is.
type StoredLog interface {
	Log
	HashReader
}

// Leaf is one stored record. Seq is the place it is stored at; its bytes say
// so, too.
type Leaf struct {
	Seq    int64
	Record []byte
}

// StoredHash is one row of the tree, at its [tlog.StoredHashIndex].
type StoredHash struct {
	Index int64
	Hash  Hash
}

// Document is a resource as it stands: what the log's last record about it has
// to lead to. Hash is as stored, and Verify computes it again from Doc, the
// bytes as stored; only in a pack may they be left out.
type Document struct {
	Kind string `json:"kind"`
	Key  string `json:"key"`
	Rev  int64  `json:"rev"`
	Hash string `json:"hash"` // a Sum
	Doc  []byte `json:"doc,omitempty"`

	// Parent is what the resource is listed under, and At when it was written,
	// in milliseconds since 1970. A pack has neither.
	Parent string `json:"-"`
	At     int64  `json:"-"`

	hashOnly bool // Doc was left out of the pack
}

// Revision is a state that a resource had at some time, as stored. Times are
// in milliseconds since 1970.
type Revision struct {
	Document

	Seq       int64  // of the record that made it
	DeletedAt *int64 // when it was deleted, where that is how it ended
}

// Blob is a document under the name that it is stored by, its Sum.
type Blob struct {
	Sum string
	Doc []byte
}
