package audit

import (
	"fmt"
	"slices"
)

// Fault names what a finding is about; the names do not change.
type Fault string

// What Verify and VerifyPack find. Those of the second group say that
// something is not there, which an honest loss explains as well; those of the
// first, that something contradicts the rest.
const (
	FaultRecord        Fault = "record"         // the bytes are no record
	FaultSeq           Fault = "seq"            // a record says another number than its place
	FaultOrder         Fault = "order"          // a record or checkpoint comes again, or too late
	FaultTime          Fault = "time"           // a record is older than one before it
	FaultLeafHash      Fault = "leaf_hash"      // a record does not hash to its leaf
	FaultNodeHash      Fault = "node_hash"      // a stored hash is not that of its two halves
	FaultExtraRecord   Fault = "extra_record"   // records beyond the head
	FaultExtraHash     Fault = "extra_hash"     // stored hashes beyond the head
	FaultHead          Fault = "head"           // the head has another root than the records
	FaultCheckpoint    Fault = "checkpoint"     // a checkpoint is malformed
	FaultSignature     Fault = "signature"      // a checkpoint's signature is wrong
	FaultKey           Fault = "key"            // a checkpoint is signed by no known key of the log
	FaultRoot          Fault = "root"           // a checkpoint has another root than the records
	FaultChain         Fault = "chain"          // a record does not follow on the one before it about its resource
	FaultDocument      Fault = "document"       // a document is not the one that the log ends with
	FaultExtraDocument Fault = "extra_document" // a document that the log does not know, or knows as deleted
	FaultParent        Fault = "parent"         // a resource is listed under something else than its document says
	FaultRevision      Fault = "revision"       // an earlier state is not as the log made it
	FaultExtraRevision Fault = "extra_revision" // earlier states that the log does not know
	FaultBlob          Fault = "blob"           // a document does not hash to the name that it is stored by
	FaultSplitView     Fault = "split_view"     // somebody holds a signed checkpoint that the log does not go on from
	FaultIndex         Fault = "index"          // the index of searches is not that of the records
	FaultPack          Fault = "pack"           // a pack's lines are not in its format
	FaultDigest        Fault = "digest"         // a pack was changed after it was written

	FaultMissingRecord   Fault = "missing_record"   // numbers without a record
	FaultMissingHash     Fault = "missing_hash"     // a stored hash is not there
	FaultMissingDocument Fault = "missing_document" // a document that the log ends with is not there
	FaultMissingRevision Fault = "missing_revision" // an earlier state that the log made is not there
	FaultMissingBlob     Fault = "missing_blob"     // a document that a record names is not there
	FaultShort           Fault = "short"            // a checkpoint vouches for more records than the log has
	FaultUnsigned        Fault = "unsigned"         // no checkpoint vouches for the log
	FaultTruncated       Fault = "truncated"        // a pack ends before its last line
)

var incomplete = []Fault{
	FaultMissingRecord, FaultMissingHash, FaultMissingDocument, FaultMissingRevision, FaultMissingBlob, FaultShort, FaultUnsigned, FaultTruncated,
}

// Incomplete reports whether f says that something is not there, as opposed
// to something that contradicts the rest.
func (f Fault) Incomplete() bool { return slices.Contains(incomplete, f) }

// Finding is one thing that is wrong with a log.
type Finding struct {
	Fault Fault  `json:"fault"`
	Seq   int64  `json:"seq"`  // of the record, or the size of the checkpoint; -1 where neither applies
	What  string `json:"what"` // a sentence for people
}

// String returns "fault at seq: what".
func (f Finding) String() string {
	if f.Seq < 0 {
		return fmt.Sprintf("%s: %s", f.Fault, f.What)
	}
	return fmt.Sprintf("%s at %d: %s", f.Fault, f.Seq, f.What)
}

// Report is the result of a verification.
type Report struct {
	Size       int64      `json:"size"`                // leaves, as the head says
	Root       Hash       `json:"root,omitzero"`       // as recomputed; zero when records are missing
	Checkpoint Checkpoint `json:"checkpoint,omitzero"` // the newest that is in order; zero without one
	Documents  int64      `json:"documents"`           // current documents that agree with the log
	Findings   []Finding  `json:"findings"`            // the first MaxFindings
	Omitted    int64      `json:"omitted"`             // findings beyond those
}

// MaxFindings is how many findings a report lists; the others are counted.
const MaxFindings = 100

// OK reports whether nothing was found. Leaves beyond Checkpoint.Size were
// then in order, but nobody has signed for them yet.
func (r *Report) OK() bool { return len(r.Findings) == 0 }

// Tampered reports whether something contradicts the rest. A report that is
// neither OK nor Tampered is of an incomplete log.
func (r *Report) Tampered() bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return !f.Fault.Incomplete() })
}

func (r *Report) add(fault Fault, seq int64, format string, args ...any) {
	if len(r.Findings) == MaxFindings {
		r.Omitted++
		return
	}
	r.Findings = append(r.Findings, Finding{Fault: fault, Seq: seq, What: fmt.Sprintf(format, args...)})
}
