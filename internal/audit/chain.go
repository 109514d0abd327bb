package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
)

// resourceID is the beginning of the SHA-256 of a resource's kind and key.
type resourceID [16]byte

func identify(kind, key string) resourceID {
	sum := sha256.Sum256([]byte(kind + "\x00" + key))
	return resourceID(sum[:])
}

// digest is the beginning of a SHA-256: enough that nobody finds another
// document to it.
type digest [20]byte

// parseSum returns the beginning of the hash in a Sum, zeros where s is none.
func parseSum(s string) (d digest) {
	if isSum(s) {
		text := strings.TrimPrefix(s, "sha256:")
		_, _ = hex.Decode(d[:], []byte(text[:2*len(d)])) // isSum has seen the digits
	}
	return d
}

// made adds a revision to the digest of a history. The records give one, the
// table of revisions another, and both see the revisions of a resource in the
// same order.
func (d digest) made(rev int64, sum digest, seq, at int64) digest {
	return d.next(1, rev, sum, seq, at)
}

// deleted adds the end of the newest revision to the digest of a history.
func (d digest) deleted(rev, at int64) digest { return d.next(0, rev, digest{}, 0, at) }

func (d digest) next(what byte, rev int64, sum digest, seq, at int64) digest {
	b := append(make([]byte, 0, 64), d[:]...)
	b = append(append(b, what), sum[:]...)
	for _, n := range []int64{rev, seq, at} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	whole := sha256.Sum256(b)
	return digest(whole[:])
}

// follow takes one step of a resource, at a time in milliseconds. What does not
// fit is returned as a sentence, empty when all does; either way the step is
// taken, so that one lie is found once.
func (c *chains) follow(seq, at int64, res Resource) string {
	if res.H0 == "" && res.H1 == "" && res.Rev0 == 0 && res.Rev1 == 0 {
		return "" // an event that changed nothing
	}
	one := c.put(identify(res.Type, res.Key))
	last, from := int64(one.rev), int64(0)
	var sum digest
	if one.live {
		from, sum = last, one.sum
	}
	what := ""
	switch {
	case res.Rev0 != from || parseSum(res.H0) != sum:
		what = fmt.Sprintf("%s %q goes on from revision %d, which is not where the log left it", res.Type, res.Key, res.Rev0)
	case res.H1 != "" && res.Rev1 != last+1:
		what = fmt.Sprintf("%s %q becomes revision %d after %d", res.Type, res.Key, res.Rev1, last)
	case res.H1 == "" && res.Rev1 != 0:
		what = fmt.Sprintf("%s %q becomes revision %d without a document", res.Type, res.Key, res.Rev1)
	}
	one.seq, one.at, one.live = seq, at, res.H1 != ""
	if one.live {
		one.rev, one.sum = revision32(res.Rev1), parseSum(res.H1)
		one.history = one.history.made(res.Rev1, one.sum, seq, at)
	} else {
		one.rev, one.sum = revision32(max(last, res.Rev0)), digest{}
		one.history = one.history.deleted(res.Rev0, at)
	}
	return what
}

// revision32 keeps the number of a revision in half the memory. No record in
// order has one that does not fit.
func revision32(rev int64) uint32 { return uint32(min(max(rev, 0), math.MaxUint32)) }
