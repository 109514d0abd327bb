package eval

import "math/bits"

// The constants of murmur3_x86_32 (Austin Appleby, public domain).
const (
	murmurC1 = 0xcc9e2d51
	murmurC2 = 0x1b873593
)

// The moduli and seeds of Unleash's client specification.
const (
	rolloutModulus = 100
	rolloutSeed    = 0
	variantSeed    = 86028157
)

// NormalizedHash returns the number from 1 to modulus at which group places
// id: murmur3_x86_32 of "group:id" with the seed, modulo modulus, plus 1
// (Unleash client specification). A rollout uses modulus 100 and seed 0. With
// modulus 0 there is no such number, and the answer is 0.
func NormalizedHash(group, id string, modulus, seed uint32) uint32 {
	if modulus == 0 {
		return 0
	}
	return newPrefix(group, seed).sum(id)%modulus + 1
}

// prefix is murmur3_x86_32 after "group:", so that an evaluation hashes the
// id alone. The bytes after the last whole block wait in carry.
type prefix struct {
	hash  uint32 // over the whole blocks
	carry uint32 // the 0 to 3 bytes after them, little endian
	size  uint32 // bytes in all
}

func newPrefix(group string, seed uint32) prefix {
	text := group + ":"
	p := prefix{hash: seed, size: uint32(len(text))}
	for ; len(text) >= 4; text = text[4:] {
		p.hash = mix(p.hash, block(text))
	}
	for i := range len(text) {
		p.carry |= uint32(text[i]) << (8 * i)
	}
	return p
}

// sum returns the hash of "group:" + id. The blocks of the whole straddle the
// bytes of id by the carried ones: those that are not hashed yet are the low
// ones of ahead. Its shifts are masked to tell the compiler that they are short.
func (p prefix) sum(id string) uint32 {
	hash, ahead, shift := p.hash, uint64(p.carry), p.size%4*8
	size := p.size + uint32(len(id))
	for ; len(id) >= 4; id = id[4:] {
		ahead |= uint64(block(id)) << (shift & 63)
		hash = mix(hash, uint32(ahead))
		ahead >>= 32
	}
	for i := range len(id) {
		ahead |= uint64(id[i]) << (shift & 63)
		shift += 8
	}
	if shift >= 32 {
		hash = mix(hash, uint32(ahead))
		ahead >>= 32
	}
	hash ^= scramble(uint32(ahead))
	return finish(hash ^ size)
}

// block returns the first 4 bytes of s, which has as many, little endian.
func block(s string) uint32 {
	_ = s[3]
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

func mix(hash, block uint32) uint32 {
	return bits.RotateLeft32(hash^scramble(block), 13)*5 + 0xe6546b64
}

// scramble of 0 is 0, so that an empty tail changes nothing.
func scramble(block uint32) uint32 {
	return bits.RotateLeft32(block*murmurC1, 15) * murmurC2
}

func finish(hash uint32) uint32 {
	hash = (hash ^ hash>>16) * 0x85ebca6b
	hash = (hash ^ hash>>13) * 0xc2b2ae35
	return hash ^ hash>>16
}
