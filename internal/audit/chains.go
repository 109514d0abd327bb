package audit

import (
	"encoding/binary"
	"slices"
)

// chains holds where the log left each resource. It is a hash table of its own
// because a verification is to take less memory than the log has bytes for
// each resource: entries are never moved, hold no pointer for the collector to
// follow, and take 80 bytes with their place in the index.
type chains struct {
	index   []uint32 // 1 + the number of an entry, 0 where free; a power of two
	entries [][]chain
	n       int
}

// chain is the newest revision of a resource. After a deletion it is no longer
// live, and the next one counts on from rev.
type chain struct {
	id      resourceID
	sum     digest // of the document
	history digest // of all revisions so far
	seq     int64  // of the record that made it
	at      int64  // of that record, in milliseconds
	rev     uint32
	live    bool
	kept    bool // its revisions were seen
	current bool // its document was seen
}

// pageLen is how many chains are allocated at a time.
const pageLen = 4096

// find returns the chain of a resource, nil where there is none. It is valid
// for as long as the chains are.
func (c *chains) find(id resourceID) *chain {
	if len(c.index) == 0 {
		return nil
	}
	if place := c.place(id); c.index[place] > 0 {
		return c.at(int(c.index[place]) - 1)
	}
	return nil
}

// put is find, which adds a chain where there is none.
func (c *chains) put(id resourceID) *chain {
	if 2*(c.n+1) > len(c.index) {
		c.grow()
	}
	place := c.place(id)
	if c.index[place] == 0 {
		if c.n%pageLen == 0 {
			c.entries = append(c.entries, make([]chain, pageLen))
		}
		c.n++
		c.index[place] = uint32(c.n)
		c.at(c.n - 1).id = id
	}
	return c.at(int(c.index[place]) - 1)
}

func (c *chains) at(i int) *chain { return &c.entries[i/pageLen][i%pageLen] }

// place returns where id is in the index, or belongs.
func (c *chains) place(id resourceID) int {
	mask := len(c.index) - 1
	place := int(binary.LittleEndian.Uint32(id[:])) & mask // of a hash, so that it is spread already
	for c.index[place] > 0 && c.at(int(c.index[place])-1).id != id {
		place = (place + 1) & mask
	}
	return place
}

func (c *chains) grow() {
	c.index = make([]uint32, max(2*len(c.index), 2*pageLen))
	for i := range c.n {
		c.index[c.place(c.at(i).id)] = uint32(i + 1)
	}
}

// unsee forgets which documents were seen.
func (c *chains) unsee() {
	for i := range c.n {
		c.at(i).current = false
	}
}

// without returns the records that made the chains which miss something, in
// order.
func (c *chains) without(misses func(*chain) bool) []int64 {
	var seqs []int64
	for i := range c.n {
		if one := c.at(i); misses(one) {
			seqs = append(seqs, one.seq)
		}
	}
	slices.Sort(seqs)
	return seqs
}
