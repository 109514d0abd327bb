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
	// keeps Seq 0. MUST NOT return nil before the commit is durable.
	AppendEvidence(ctx context.Context, now time.Time, batches []EvidenceBatch) error
	// Evidence returns up to limit batches of a release with Seq > after.
	Evidence(ctx context.Context, release string, after int64, limit int) ([]EvidenceBatch, error)
	// DropEvidence forgets the batches of a release that has ended.
	DropEvidence(ctx context.Context, release string) error
}

// Usage counts one flag's evaluations by one application in one hour.
type Usage struct {
	Flag        string
	Environment string
	App         string
	Hour        time.Time // truncated to the hour, UTC
	Yes, No     int64
	Variants    map[string]int64
}

// Instance is one SDK or edge that has registered or sent metrics.
type Instance struct {
	App         string
	ID          string
	Environment string
	SDK         string // "unleash-node-sdk:6.12.1"
	SeenAt      time.Time
}

// Receipt says when an instance served the configuration of a sequence
// number: from that moment on every answer it gave was at least that new.
type Receipt struct {
	App         string
	Instance    string
	Environment string
	Seq         int64
	AppliedAt   time.Time
}

// UsageStore keeps what clients report about themselves. Losing the newest
// second of it in a crash is allowed; counting anything twice is not.
type UsageStore interface {
	// AddUsage adds counts to the rows of the same flag, environment,
	// application and hour, and marks the instances and receipts.
	AddUsage(ctx context.Context, usage []Usage, instances []Instance, receipts []Receipt) error
	// Usage returns the rows of a flag since a moment, oldest first.
	Usage(ctx context.Context, flag string, since time.Time) ([]Usage, error)
	// Instances returns those of an environment that were seen since a moment.
	Instances(ctx context.Context, environment string, since time.Time) ([]Instance, error)
	// Receipts returns, for each instance of an environment, the first
	// receipt with Seq >= seq.
	Receipts(ctx context.Context, environment string, seq int64) ([]Receipt, error)
}
