package audit

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// ProveIn returns the proof that record seq of a log is covered by its newest
// checkpoint. A record that no checkpoint covers yet is an error.
func ProveIn(log Log, seq int64) (Proof, error) {
	for checkpoint, err := range log.Checkpoints() {
		if err != nil {
			return Proof{}, fmt.Errorf("read the newest checkpoint: %w", err)
		}
		return Prove(seq, checkpoint, tlog.HashReaderFunc(func(indexes []int64) ([]Hash, error) {
			return pick(log, indexes)
		}))
	}
	return Proof{}, fmt.Errorf("prove leaf %d: the log has no checkpoint yet", seq)
}

// pick reads the stored hashes of some indexes in one pass over all.
func pick(log Log, indexes []int64) ([]Hash, error) {
	wanted := make(map[int64]Hash, len(indexes))
	for _, i := range indexes {
		wanted[i] = Hash{}
	}
	left := len(wanted)
	hashes := log.Hashes()
	if hashes == nil {
		return nil, errors.New("the log keeps no hashes")
	}
	for h, err := range hashes {
		if err != nil {
			return nil, err
		}
		if _, ok := wanted[h.Index]; ok {
			wanted[h.Index] = h.Hash
			left--
		}
		if left == 0 {
			break
		}
	}
	if left > 0 {
		return nil, fmt.Errorf("%d of %d hashes are not stored", left, len(wanted))
	}
	out := make([]Hash, len(indexes))
	for n, i := range indexes {
		out[n] = wanted[i]
	}
	return out, nil
}
