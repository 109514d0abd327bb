package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// chains follows every resource through the revisions that records give it.
// Neither keys nor values hold pointers, so the collector does not look into
// them.
type chains map[resourceID]revision

// resourceID is the beginning of the SHA-256 of a resource's kind and key.
type resourceID [16]byte

func identify(kind, key string) resourceID {
	sum := sha256.Sum256([]byte(kind + "\x00" + key))
	return resourceID(sum[:])
}

// revision is the newest revision of a resource. After a deletion it is no
// longer live, and the next one counts on from rev.
type revision struct {
	rev  int64
	seq  int64 // of the record that made it
	sum  [32]byte
	live bool
}

// follow takes one step. What does not fit is returned as a sentence, empty
// when all does; either way the step is taken, so that one lie is found once.
func (c chains) follow(seq int64, res Resource) string {
	if res.H0 == "" && res.H1 == "" && res.Rev0 == 0 && res.Rev1 == 0 {
		return "" // an event that changed nothing
	}
	id := identify(res.Type, res.Key)
	last := c[id]
	next := revision{rev: max(last.rev, res.Rev0), seq: seq, live: res.H1 != ""}
	if next.live {
		next.rev, next.sum = res.Rev1, parseSum(res.H1)
	}
	c[id] = next

	var from revision
	if last.live {
		from = last
	}
	switch {
	case res.Rev0 != from.rev || parseSum(res.H0) != from.sum:
		return fmt.Sprintf("%s %q goes on from revision %d, which is not where the log left it", res.Type, res.Key, res.Rev0)
	case next.live && res.Rev1 != last.rev+1:
		return fmt.Sprintf("%s %q becomes revision %d after %d", res.Type, res.Key, res.Rev1, last.rev)
	case !next.live && res.Rev1 != 0:
		return fmt.Sprintf("%s %q becomes revision %d without a document", res.Type, res.Key, res.Rev1)
	}
	return ""
}

// end removes the resource of d and compares its last revision with d. It
// returns the fault, empty when they agree.
func (c chains) end(d Document) (Fault, int64, string) {
	id := identify(d.Kind, d.Key)
	last, known := c[id]
	delete(c, id)
	switch {
	case !known:
		return FaultExtraDocument, -1, fmt.Sprintf("%s %q is in no record", d.Kind, d.Key)
	case !last.live:
		return FaultExtraDocument, last.seq, fmt.Sprintf("%s %q was deleted", d.Kind, d.Key)
	case !d.hashOnly && Sum(d.Doc) != d.Hash:
		return FaultDocument, last.seq, fmt.Sprintf("%s %q was changed behind the log: its document does not hash to %s", d.Kind, d.Key, d.Hash)
	case d.Rev != last.rev || !isSum(d.Hash) || parseSum(d.Hash) != last.sum:
		return FaultDocument, last.seq, fmt.Sprintf("%s %q is not as the log left it, at revision %d", d.Kind, d.Key, last.rev)
	}
	return "", 0, ""
}

// rest returns the records whose documents were not ended, in order.
func (c chains) rest() []int64 {
	var seqs []int64
	for _, last := range c {
		if last.live {
			seqs = append(seqs, last.seq)
		}
	}
	slices.Sort(seqs)
	return seqs
}

// parseSum returns the hash in a Sum, zeros where s is none.
func parseSum(s string) (sum [32]byte) {
	if isSum(s) {
		_, _ = hex.Decode(sum[:], []byte(strings.TrimPrefix(s, "sha256:"))) // isSum has seen the digits
	}
	return sum
}
