package control

import (
	"context"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
)

// ResourceKind names a kind of resource: flag, flagenv, release, token...
type ResourceKind string

// Resource is one stored document with its revision. Rev counts from 1;
// Hash is "sha256:<hex>" of Doc, the bytes as stored (canonical JSON).
// UpdatedAt is the same for all that one transaction writes.
type Resource struct {
	Kind      ResourceKind
	Key       string // unique within its kind
	Parent    string // what it is listed under: a project, an environment, a flag
	Rev       int64
	Hash      string
	Doc       []byte
	UpdatedAt time.Time
	// Seals are commitments to the members of Doc that are stored sealed, for
	// the record of the change; of what was just put alone.
	Seals []audit.Seal
}

// Store is what control needs of a database. Implementations: internal/store,
// for SQLite and PostgreSQL; storetest is their contract.
type Store interface {
	// Update runs fn in one serial read-write transaction and commits it when
	// fn returns nil. Writers never overlap, on any replica, and Tx.Append
	// gives gapless sequence numbers in commit order. MUST NOT return nil
	// before the commit is durable; MUST leave nothing behind when it returns
	// an error. fn does no I/O but tx and may be called once only. With
	// Urgent the call goes before all that wait without it.
	Update(ctx context.Context, pri Priority, fn func(tx Tx) error) error
	// View runs fn in one read-only snapshot.
	View(ctx context.Context, fn func(tx ReadTx) error) error
}

// Priority orders the writers that wait for their turn.
type Priority int

// The priorities of Update.
const (
	Normal Priority = iota
	Urgent          // reduces exposure: off, kill, rollback
)

// ReadTx reads one consistent state.
type ReadTx interface {
	// Head returns the number of events in the log, which is the sequence
	// number of the next one, and the tree's root hash.
	Head() (Head, error)
	// Resource returns the current document, or an Error of Kind NotFound.
	Resource(kind ResourceKind, key string) (Resource, error)
	// Resources lists a kind in key order, all of them where parent is empty.
	Resources(kind ResourceKind, parent string) ([]Resource, error)
	// Revision returns an earlier document, or an Error of Kind NotFound.
	Revision(kind ResourceKind, key string, rev int64) (Resource, error)
	// Recorded returns the sequence number that the log had reached when a
	// revision was put, which is that of the record appended next; -1 for a
	// revision from before this was kept, or an Error of Kind NotFound.
	Recorded(kind ResourceKind, key string, rev int64) (int64, error)
	// ResourceAt returns the document that was current at a moment, the last
	// one with UpdatedAt not after it, or an Error of Kind NotFound where
	// there was none, or it had been deleted by then.
	ResourceAt(kind ResourceKind, key string, at time.Time) (Resource, error)
	// ResourcesAt is Resources as it was at a moment.
	ResourcesAt(kind ResourceKind, parent string, at time.Time) ([]Resource, error)
	// Events returns up to limit records with seq >= from, in order.
	Events(from int64, limit int) ([]Event, error)
	// Search returns up to limit records with from <= seq < to that the index has
	// under all of the terms, in order.
	Search(terms []audit.Term, from, to int64, limit int) ([]Event, error)
	// Blob returns a document stored under its SHA-256 ("sha256:<hex>").
	Blob(sum string) ([]byte, error)
	// Secret returns what PutSecret has stored, or an Error of Kind NotFound.
	Secret(key string) ([]byte, error)
	// Secrets returns, by key, those whose keys begin with prefix.
	Secrets(prefix string) (map[string][]byte, error)
}

// Tx is a ReadTx that also writes.
type Tx interface {
	ReadTx
	// Now returns the moment of the transaction in whole milliseconds, UTC: the
	// UpdatedAt of what it puts, and the time of the records that tell of it.
	Now() time.Time
	// Put writes a document as the next revision of (kind, key), and keeps it
	// in revisions. It returns the new state.
	Put(kind ResourceKind, key, parent string, doc []byte) (Resource, error)
	// Delete removes the current document; its revisions stay.
	Delete(kind ResourceKind, key string) error
	// PutBlob stores doc under its SHA-256 and returns "sha256:<hex>".
	// Storing the same bytes again changes nothing.
	PutBlob(doc []byte) (string, error)
	// PutSecret stores a value of which no earlier one is kept, in place of
	// that of the same key; nil removes it.
	PutSecret(key string, value []byte) error
	// Append adds one record to the log, with its Merkle hashes, and returns
	// its sequence number. make is called with that number and returns the
	// bytes of the record.
	Append(record func(seq int64) ([]byte, error)) (int64, error)
}

// Head is the state of the log: Size events, and the root of their tree.
type Head struct {
	Size int64
	Root [32]byte
}

// Event is one record of the log, as stored.
type Event struct {
	Seq    int64
	Record []byte
}
