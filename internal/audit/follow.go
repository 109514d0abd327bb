package audit

import (
	"fmt"
	"iter"
)

// FollowedLog is a StoredLog that can be read from where a Follower is.
type FollowedLog interface {
	StoredLog
	// LeavesFrom returns the records from a sequence number on, as Leaves does.
	LeavesFrom(seq int64) iter.Seq2[Leaf, error]
}

// Follower verifies a log again and again while it grows. It reads each record
// once, the first time all of them, and the current documents each time, and
// keeps in memory what it has read come to: whoever rewrites the past of the
// database later does not agree with that. Revisions and blobs are not read;
// Verify does.
type Follower struct {
	v verifier
}

// NewFollower returns a Follower that has read nothing. opts are as for Verify;
// signatures are not looked at, and Known must be met on the way.
func NewFollower(opts Options) *Follower {
	return &Follower{verifier{opts: opts, marks: sortedMarks(opts.Known), chains: &chains{}, stored: readStored(nil)}}
}

// Follow reads what is new and reports what does not hold now. A finding about
// a record is reported once, by the call that reads it; one about the head or a
// document, by every call for as long as it is so. The error is that of the log.
func (f *Follower) Follow(log FollowedLog) (Report, error) {
	v := &f.v
	v.report = Report{}
	if err := v.head(log); err != nil {
		return v.report, fmt.Errorf("follow the log: %w", err)
	}
	if have := v.tree.Size(); v.report.Size < have {
		v.report.add(FaultShort, v.report.Size, "the log has %d records, and had %d", v.report.Size, have)
		return v.report, nil
	}
	for leaf, err := range log.LeavesFrom(v.tree.Size()) {
		if err != nil {
			return v.report, fmt.Errorf("follow the log: %w", err)
		}
		if leaf.Seq != v.tree.Size() || leaf.Seq >= v.report.Size {
			break // what is missing, or beyond the head, is told of by the root
		}
		v.leaf(leaf)
	}
	if n := len(v.marks); n > 0 && v.marks[n-1].Size > v.report.Size {
		v.report.add(FaultShort, v.report.Size, "a checkpoint vouches for %d records, and the log has %d", v.marks[n-1].Size, v.report.Size)
	}
	if v.report.Root = v.tree.Root(); v.tree.Size() != v.report.Size || v.report.Root != v.root {
		v.report.add(FaultHead, v.report.Size, "the head has the root %s, and the %d records that were read %s", v.root, v.tree.Size(), v.report.Root)
		return v.report, nil
	}
	v.chains.unsee()
	if err := v.documents(log); err != nil {
		return v.report, fmt.Errorf("follow the log: %w", err)
	}
	return v.report, nil
}

// OfLog reports whether f is about the log itself, as opposed to the state that
// the log accounts for.
func (f Fault) OfLog() bool {
	switch f {
	case FaultDocument, FaultExtraDocument, FaultMissingDocument, FaultParent, FaultRevision, FaultExtraRevision,
		FaultMissingRevision, FaultBlob, FaultMissingBlob, FaultIndex:
		return false
	default:
		return true
	}
}

// Continues reports whether the stored log goes on from an earlier checkpoint of
// it, by reading the some log₂ size hashes of that tree's edge. It returns what
// is wrong as a sentence, empty where nothing is.
func Continues(log StoredLog, from Checkpoint) (string, error) {
	size, _, err := log.Head()
	if err != nil {
		return "", fmt.Errorf("compare the log with a checkpoint: %w", err)
	}
	if size < from.Size {
		return fmt.Sprintf("the log has %d records, and a signed checkpoint vouches for %d: the database is older than that", size, from.Size), nil
	}
	root, err := Root(from.Size, log)
	if err != nil {
		return fmt.Sprintf("the hashes of the first %d records cannot be read: %v", from.Size, err), nil
	}
	if root != from.Root {
		return fmt.Sprintf("the first %d records have the root %s, and the signed checkpoint %s: they were changed", from.Size, root, from.Root), nil
	}
	return "", nil
}
