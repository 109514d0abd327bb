package audit

import "iter"

// storedHashes reads hashes by index from a sequence in their order. It holds
// back the first one that was not asked for yet.
type storedHashes struct {
	none  bool // the log keeps no hashes
	next  func() (StoredHash, error, bool)
	stop  func()
	ahead StoredHash
	ended bool
	err   error
}

func readStored(hashes iter.Seq2[StoredHash, error]) *storedHashes {
	if hashes == nil {
		return &storedHashes{none: true, ended: true, stop: func() {}}
	}
	next, stop := iter.Pull2(hashes)
	s := &storedHashes{next: next, stop: stop}
	s.advance()
	return s
}

func (s *storedHashes) advance() {
	ahead, err, ok := s.next()
	s.ahead, s.err, s.ended = ahead, err, !ok || err != nil
}

// peek returns the hash at index, which is after all that were taken.
func (s *storedHashes) peek(index int64) (Hash, bool) {
	for !s.ended && s.ahead.Index < index {
		s.advance()
	}
	return s.ahead.Hash, !s.ended && s.ahead.Index == index
}

func (s *storedHashes) take(index int64) (Hash, bool) {
	hash, ok := s.peek(index)
	if ok {
		s.advance()
	}
	return hash, ok
}

// rest returns the first index that was not taken.
func (s *storedHashes) rest() (int64, bool) { return s.ahead.Index, !s.ended }
