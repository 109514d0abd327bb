package audit

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Options say whom and what the caller trusts.
type Options struct {
	// Keys are the log's verifier keys, and those of witnesses. A checkpoint
	// that none of them has signed is a finding. VerifyPack takes the key in
	// the pack when Keys is nil: then the pack is checked against itself only.
	Keys note.Verifiers
	// Known are checkpoints that the caller has from elsewhere: a witness, an
	// earlier verification. The log must still contain each.
	Known []Checkpoint
	// Parent returns what a resource is to be listed under, by its document.
	// Where it is nil, as in a pack, that is not checked.
	Parent func(kind string, doc []byte) (string, error)
}

// MaxSkew is how far a record's time may be behind that of an earlier record:
// replicas have clocks of their own.
const MaxSkew = 2 * time.Second

// Verify re-reads a whole log and reports what does not hold: that records are
// numbered without a gap and hash to their leaves, that the stored hashes are
// those of the tree, that the head and every checkpoint agree with it, that
// checkpoints are signed and times do not run back, that each resource goes
// from revision to revision as the records say, is listed where its document
// says and ends as the document that is there now, that its earlier revisions
// are those that the records made, and that blobs hash to their names and
// those that records name are there, and that an IndexedLog's index is of its
// records. It reads everything once and keeps some
// 100 bytes for each resource and 80 for each checkpoint.
//
// Each stored hash is compared with that of the stored hashes below it, so
// that one change is found where it was made and not once more for each of its
// ancestors. The error is that of the Log, when it cannot be read; what is
// wrong in it is in the report.
func Verify(log Log, opts Options) (Report, error) {
	v := &verifier{opts: opts, marks: sortedMarks(opts.Known), chains: &chains{}}
	for _, step := range []func(Log) error{v.head, v.checkpoints, v.leaves, v.revisions, v.documents, v.blobs, v.index} {
		if err := step(log); err != nil {
			return v.report, fmt.Errorf("verify the log: %w", err)
		}
	}
	return v.report, nil
}

// verifier is one verification under way.
type verifier struct {
	opts   Options
	report Report
	root   Hash         // as the head says
	marks  []Checkpoint // to meet on the way, by size
	tree   Tree
	broken bool // a leaf is missing and nothing stands in for it: the tree has ended
	stored *storedHashes
	newest time.Time // of the records so far
	chains *chains

	entries entrySet // that the index has to have
}

func (v *verifier) head(log Log) (err error) {
	v.report.Size, v.root, err = log.Head()
	return err
}

// checkpoints checks the signatures and collects what the tree has to meet.
func (v *verifier) checkpoints(log Log) error {
	var above *Checkpoint
	signed := false
	for text, err := range log.Checkpoints() {
		if err != nil {
			return err
		}
		c, err := Open(text, v.opts.Keys)
		signed = signed || err != nil || c.Size > 0
		switch {
		case err != nil:
			v.badCheckpoint(text, err)
			continue
		case above == nil:
			v.report.Checkpoint = c
		case c.Size >= above.Size:
			v.report.add(FaultOrder, c.Size, "the checkpoint of %d records comes below that of %d", c.Size, above.Size)
		}
		above = &c
		v.marks = append(v.marks, c)
	}
	if !signed && v.report.Size > 0 {
		v.report.add(FaultUnsigned, -1, "there is no checkpoint: nobody has signed for these records")
	}
	v.marks = sortedMarks(v.marks)
	return nil
}

// sortedMarks returns checkpoints in the order in which the tree meets them.
func sortedMarks(marks []Checkpoint) []Checkpoint {
	return slices.SortedFunc(slices.Values(marks), func(a, b Checkpoint) int { return cmp.Compare(a.Size, b.Size) })
}

func (v *verifier) badCheckpoint(text string, err error) {
	size := int64(-1)
	if c, err := unverified(text); err == nil {
		size = c.Size
	}
	v.report.add(checkpointFault(err), size, "%v", err)
}
