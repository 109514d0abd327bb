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

// packer packs lines into memory of its own, one after another.
type packer struct{ block []byte }

// pack returns lines as they are stored: repetitive as they are, at about an
// eighth of their size. What is written to disk is most of what storing costs.
// The block is valid until the next call.
func (p *packer) pack(lines []byte) []byte {
	if len(lines) < packFrom {
		return nonNil(lines)
	}
	if most := 1 + s2.MaxEncodedLen(len(lines)); len(p.block) < most {
		p.block = make([]byte, most)
	}
	p.block[0] = packed
	return p.block[:1+len(s2.Encode(p.block[1:], lines))]
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
