package control

import (
	"context"
	"time"
)

// EvidenceBatch is a run of observations of one release, as received.
type EvidenceBatch struct {
	Seq        int64     // from the store: gapless, in commit order, from 1
	Release    string    // the release's id
	ReceivedAt time.Time // from the store: never before that of the batch before
	Source     string    // who sends: an edge, a client, a replica; "" where unknown
	SourceSeq  int64     // the sender's own number, for repeats; 0 where unknown
	Lines      []byte    // NDJSON, one observation a line
}

// EvidenceStore keeps the observations of running releases. It shares no lock
// with Store.Update: evidence never waits for an admin write.
type EvidenceStore interface {
	// AppendEvidence stores batches in one durable transaction, and fills in
	// Seq and ReceivedAt (the given now, or the last one's where that is
	// later). A batch whose (Source, SourceSeq) is known adds nothing and
	// keeps Seq 0. MUST NOT return nil before the commit is durable. Lines are
	// the caller's again when it returns.
	AppendEvidence(ctx context.Context, now time.Time, batches []EvidenceBatch) error
	// Evidence returns up to limit batches of a release with Seq > after.
	Evidence(ctx context.Context, release string, after int64, limit int) ([]EvidenceBatch, error)
	// EvidenceReleases returns the releases that have batches, in order.
	EvidenceReleases(ctx context.Context) ([]string, error)
	// DropEvidence forgets up to limit batches of a release that were received
	// before a moment, the oldest first, and returns how many.
	DropEvidence(ctx context.Context, release string, before time.Time, limit int) (dropped int, err error)
}
