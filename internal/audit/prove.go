package audit

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// ProveIn returns the proof that record seq of a log is covered by its newest
// checkpoint. A record that no checkpoint covers yet is an error.
func ProveIn(log StoredLog, seq int64) (Proof, error) {
	for checkpoint, err := range log.Checkpoints() {
		if err != nil {
			return Proof{}, fmt.Errorf("read the newest checkpoint: %w", err)
		}
		return Prove(seq, checkpoint, log)
	}
	return Proof{}, fmt.Errorf("prove leaf %d: the log has no checkpoint yet", seq)
}

// ProveLeaf returns the hashes that show leaf index to be in the tree of the first
// size leaves: an inclusion proof of RFC 9162 section 2.1.3.
func ProveLeaf(index, size int64, read HashReader) ([]Hash, error) {
	if index < 0 || index >= size {
		return nil, fmt.Errorf("prove leaf %d: not among %d", index, size)
	}
	proof, err := tlog.ProveRecord(size, index, read)
	if err != nil {
		return nil, fmt.Errorf("prove leaf %d of %d: %w", index, size, err)
	}
	return proof, nil
}

// ProvePrefix returns the hashes that show the tree of the first from leaves to
// be the beginning of that of the first to: a consistency proof of RFC 9162
// section 2.1.4, empty where they are the same tree. It needs 1 <= from <= to.
func ProvePrefix(from, to int64, read HashReader) ([]Hash, error) {
	if from < 1 || from > to {
		return nil, fmt.Errorf("prove that %d leaves begin %d: no such proof", from, to)
	}
	proof, err := tlog.ProveTree(to, from, read)
	if err != nil {
		return nil, fmt.Errorf("prove that %d leaves begin %d: %w", from, to, err)
	}
	return proof, nil
}

// CheckPrefix checks what ProvePrefix returns: that the log of the checkpoint
// later begins with that of earlier.
func CheckPrefix(proof []Hash, earlier, later Checkpoint) error {
	if err := tlog.CheckTree(proof, later.Size, later.Root, earlier.Size, earlier.Root); err != nil {
		return fmt.Errorf("%d records do not go on from %d: %w", later.Size, earlier.Size, err)
	}
	return nil
}
