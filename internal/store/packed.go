package store

import (
	"errors"

	"github.com/klauspost/compress/s2"
)

// packed is the first byte of lines that are stored as one S2 block, which
// follows it. Lines stored as they are begin with a brace: those of versions
// that did not pack, and short ones.
const packed = 0x01

// packFrom is the fewest bytes that are worth packing.
const packFrom = 512

// pack returns lines as they are stored: repetitive as they are, at about an
// eighth of their size. What is written to disk is most of what storing costs.
func pack(lines []byte) []byte {
	if len(lines) < packFrom {
		return nonNil(lines)
	}
	dst := make([]byte, 1+s2.MaxEncodedLen(len(lines)))
	dst[0] = packed
	return dst[:1+len(s2.Encode(dst[1:], lines))]
}

// unpack returns what pack was given.
func unpack(stored []byte) ([]byte, error) {
	if len(stored) == 0 || stored[0] != packed {
		return stored, nil
	}
	lines, err := s2.Decode(nil, stored[1:])
	if err != nil {
		return nil, errors.Join(errors.New("stored evidence cannot be unpacked"), err)
	}
	return lines, nil
}
