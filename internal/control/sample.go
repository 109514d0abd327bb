package control

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
)

// Sample asks for some of the changes of an environment, as an auditor does.
type Sample struct {
	Environment string
	Since       time.Time // records from then on; from the first where zero
	Until       time.Time // and before then; to the last where zero
	Size        int       // how many changes, 1 to MaxSample
	Seed        string    // what decides which: see Sample.rank
}

// MaxSample is the greatest size of a sample.
const MaxSample = 500

// SampledChange is one change with what it rests on, each document verbatim: its
// SHA-256 is what the record names.
type SampledChange struct {
	Seq         int64
	Record      []byte       // the leaf's bytes
	Before      []byte       // the document that the record's h0 names; nil where none was
	After       []byte       // the document that h1 names; nil where it is gone
	Differences []Difference // between the two
	Evidence    []byte       // what a verdict was made on, which dec.evidence names; nil where no gate decided
	Request     []byte       // the change request as it was when it was applied; nil where the change had none
}

// rank orders the changes: those with the smallest SHA-256 of "<seed>/<seq>" are
// in the sample, so that whoever has the log finds the same.
func (in Sample) rank(seq int64) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%s/%d", in.Seed, seq))
}

func (in Sample) check() error {
	switch {
	case in.Environment == "":
		return Invalidf("environment", "must name one")
	case in.Size < 1 || in.Size > MaxSample:
		return Invalidf("sample", "%d is not from 1 to %d", in.Size, MaxSample)
	case in.Seed == "":
		return Invalidf("seed", "must not be empty")
	}
	return nil
}

// takes reports whether a record is a change of the environment within the time:
// it left another document, and it was more than a gate that waits.
func (in Sample) takes(r audit.Record) bool {
	at, err := audit.ParseTime(r.TS)
	return err == nil && r.Env == in.Environment && r.Outcome == "success" && (r.Res.H0 != "" || r.Res.H1 != "") &&
		r.Dec.Verdict != "HOLD" && !at.Before(in.Since) && (in.Until.IsZero() || at.Before(in.Until))
}

// SampleChanges returns the changes of a sample, in the order of the log, and how
// many there are in all.
func (s *Service) SampleChanges(ctx context.Context, p Principal, in Sample) (out []SampledChange, of int, err error) {
	if err := p.May(PermAuditRead, Scope{}); err != nil {
		return nil, 0, err
	}
	if err := in.check(); err != nil {
		return nil, 0, err
	}
	err = s.store.View(ctx, func(tx ReadTx) error {
		seqs, err := in.population(tx)
		if err != nil {
			return err
		}
		of = len(seqs)
		slices.SortFunc(seqs, func(a, b int64) int {
			x, y := in.rank(a), in.rank(b)
			return bytes.Compare(x[:], y[:])
		})
		chosen := seqs[:min(in.Size, of)]
		slices.Sort(chosen)
		for _, seq := range chosen {
			one, err := sampledChange(tx, seq)
			if err != nil {
				return err
			}
			out = append(out, one)
		}
		return nil
	})
	return out, of, err
}

func (in Sample) population(tx ReadTx) (seqs []int64, err error) {
	for from := int64(0); ; from += eventPage {
		page, err := tx.Events(from, eventPage)
		if err != nil || len(page) == 0 {
			return seqs, err
		}
		for _, e := range page {
			r, err := audit.Decode(e.Record)
			if err != nil {
				return nil, err
			}
			if in.takes(r) {
				seqs = append(seqs, e.Seq)
			}
		}
	}
}

func sampledChange(tx ReadTx, seq int64) (out SampledChange, err error) {
	events, err := tx.Events(seq, 1)
	if err != nil || len(events) == 0 {
		return out, err
	}
	out.Seq, out.Record = seq, events[0].Record
	r, err := audit.Decode(out.Record)
	if err != nil {
		return out, err
	}
	kind := ResourceKind(r.Res.Type)
	for _, side := range []struct {
		rev int64
		doc *[]byte
	}{{r.Res.Rev0, &out.Before}, {r.Res.Rev1, &out.After}} {
		if side.rev == 0 {
			continue
		}
		res, err := tx.Revision(kind, r.Res.Key, side.rev)
		if err != nil {
			return out, err
		}
		*side.doc = res.Doc
	}
	if out.Differences, err = Differences(rawOrNil(out.Before), rawOrNil(out.After)); err != nil {
		return out, err
	}
	if r.Dec.Evidence != "" {
		if out.Evidence, err = tx.Blob(r.Dec.Evidence); present(err) != nil {
			return out, err
		}
	}
	if r.CR.ID == "" {
		return out, nil
	}
	at, _ := audit.ParseTime(r.TS) // it was read above
	request, err := tx.ResourceAt(KindChangeRequest, r.CR.ID, at)
	out.Request = request.Doc
	return out, present(err)
}

// rawOrNil is a document as Differences takes it.
func rawOrNil(doc []byte) any {
	if doc == nil {
		return nil
	}
	return json.RawMessage(doc)
}
