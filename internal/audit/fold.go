package audit

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// leaves folds the records into the tree.
func (v *verifier) leaves(log Log) error {
	v.stored = readStored(log.Hashes())
	defer v.stored.stop()
	v.meet()
	_, indexed := log.(IndexedLog)
	next := int64(0)
	for leaf, err := range log.Leaves() {
		if err != nil {
			return err
		}
		if leaf.Seq < next {
			v.report.add(FaultOrder, leaf.Seq, "the record comes again or out of order")
			continue
		}
		if end := min(leaf.Seq, v.report.Size); next < end {
			v.missing(next, end)
		}
		if leaf.Seq >= v.report.Size && next <= v.report.Size {
			v.report.add(FaultExtraRecord, leaf.Seq, "this record, and any after it, is beyond the head's %d", v.report.Size)
		}
		next = leaf.Seq + 1
		named := v.leaf(leaf)
		if indexed {
			v.expect(leaf)
		}
		if v.stored.err != nil {
			return v.stored.err
		}
		if err := v.named(log, leaf.Seq, named); err != nil {
			return err
		}
	}
	if next < v.report.Size {
		v.missing(next, v.report.Size)
	}
	return v.end()
}

// missing puts stored leaf hashes where records are missing, so that the rest
// of the tree can be checked. Where there are none the tree ends.
func (v *verifier) missing(from, to int64) {
	v.report.add(FaultMissingRecord, from, "%s missing", span(from, to))
	for seq := from; seq < to && !v.broken; seq++ {
		hash, ok := v.stored.peek(tlog.StoredHashIndex(0, seq))
		if v.broken = !ok; ok {
			v.grow(seq, hash)
		}
	}
}

func span(from, to int64) string {
	if from+1 == to {
		return fmt.Sprintf("record %d is", from)
	}
	return fmt.Sprintf("records %d to %d are", from, to-1)
}

// leaf checks one record, and adds it to the tree unless that has ended. It
// returns the name of the blob that the record was made on, "" without one.
func (v *verifier) leaf(leaf Leaf) string {
	if !v.broken && leaf.Seq < v.report.Size {
		v.grow(leaf.Seq, tlog.RecordHash(leaf.Record))
	}
	r, err := decodeLink(leaf.Record)
	if err != nil {
		v.report.add(FaultRecord, leaf.Seq, "%v", err)
		return ""
	}
	if r.Seq != leaf.Seq {
		v.report.add(FaultSeq, leaf.Seq, "the record says that it is number %d", r.Seq)
	}
	at := v.time(leaf.Seq, r.TS)
	if r.Outcome != "" && r.Outcome != "success" {
		return ""
	}
	if what := v.chains.follow(leaf.Seq, at, r.Res); what != "" {
		v.report.add(FaultChain, leaf.Seq, "%s", what)
	}
	return r.Dec.Evidence
}

// grow adds a leaf and compares what it completes with what is stored. It goes
// on with the stored hashes: see Verify.
func (v *verifier) grow(seq int64, leaf Hash) {
	first := tlog.StoredHashIndex(0, seq)
	v.tree.grow(leaf, func(level int, computed Hash) Hash {
		if v.stored.none {
			return computed
		}
		stored, ok := v.stored.take(first + int64(level))
		switch {
		case !ok:
			v.report.add(FaultMissingHash, seq, "the stored hash %d is missing", first+int64(level))
			return computed
		case stored != computed && level == 0:
			v.report.add(FaultLeafHash, seq, "the record does not hash to the stored %s", stored)
		case stored != computed:
			v.report.add(FaultNodeHash, seq, "the stored hash over records %d to %d is not that of its two halves", seq+1-1<<level, seq)
		}
		return stored
	})
	v.meet()
}

// meet compares the tree with the checkpoints of its size. Once one of them
// does not agree the later ones cannot either, and are not reported again.
func (v *verifier) meet() {
	for len(v.marks) > 0 && v.marks[0].Size <= v.tree.Size() {
		c := v.marks[0]
		v.marks = v.marks[1:]
		if root := v.tree.Root(); c.Root != root {
			v.report.add(FaultRoot, c.Size, "the checkpoint of %d records has the root %s, the records %s", c.Size, c.Root, root)
			v.marks = nil
		}
	}
}

// end compares the finished tree with the head and what is left over.
func (v *verifier) end() error {
	if n := len(v.marks); n > 0 && v.marks[n-1].Size > v.report.Size {
		v.report.add(FaultShort, v.marks[n-1].Size, "a checkpoint vouches for %d records, and the log has %d", v.marks[n-1].Size, v.report.Size)
	}
	if v.broken {
		return v.stored.err
	}
	v.report.Root = v.tree.Root()
	if v.report.Root != v.root || v.tree.Size() != v.report.Size {
		v.report.add(FaultHead, v.report.Size, "the head has the root %s, the records %s", v.root, v.report.Root)
	}
	if index, extra := v.stored.rest(); extra {
		v.report.add(FaultExtraHash, -1, "the hash %d is stored and of no record", index)
	}
	return v.stored.err
}
