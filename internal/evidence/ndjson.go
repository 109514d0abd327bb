package evidence

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/lockflight/lockflight/internal/control"
)

// MaxLine is the most bytes that one observation may have.
const MaxLine = 64 << 10

// maxListed is how many rejected lines a Result lists.
const maxListed = 10_000

// Result is the answer to lines of observations. Lines that are blank count
// as neither accepted nor rejected.
type Result struct {
	Accepted int        `json:"accepted"`
	Rejected []Rejected `json:"rejected"`
	Unlisted int        `json:"unlisted,omitempty"` // rejected beyond the 10,000 that are listed
}

// Rejected says which line was not accepted, counted from 1, and why: what is
// wrong, and what would be right, after the field's name.
type Rejected struct {
	Line  int    `json:"line"`
	Error string `json:"error"`
}

// sender names who sends a request, and its own number for it.
type sender struct {
	source   string
	sequence int64
}

// known is the name under which the store knows a sender: within a principal,
// and of each release by itself, since a request is one batch for each.
func (s sender) known(p control.Principal, release string) string {
	if s.source == "" || s.sequence == 0 {
		return ""
	}
	return p.ID + "/" + s.source + "/" + release
}

// NDJSON takes observations, one a line. A line that is wrong is rejected and
// the others count; they are durable when NDJSON returns nil. Where no line is
// good the Result says why of each, and the error, of Kind Invalid, is about
// the first. A body of more than MaxBody bytes is TooLarge, and nothing of it
// counts. A principal that may write no evidence anywhere is Denied. Where too
// much is being taken in the error is Limited, nothing of the body counts, and
// the sender may send it again after control.RetryAfter.
//
// source and sequence, from 1, are the sender's name for itself and its number
// for this body, so that one repeated after a lost answer adds nothing; "" and
// 0 are not checked for repeats.
func (in *Ingest) NDJSON(ctx context.Context, p control.Principal, source string, sequence int64, body io.Reader) (Result, error) {
	share, err := in.admission.admit()
	if err != nil {
		return Result{}, err
	}
	defer share.giveBack()
	res, b, first, err := in.lines(ctx, p, share.reader(body))
	if err == nil {
		err = b.commit(ctx, sender{source, sequence})
	}
	if err != nil {
		return Result{}, err
	}
	return res, res.blame(first)
}

// CheckNDJSON returns what NDJSON would, and keeps nothing.
func (in *Ingest) CheckNDJSON(ctx context.Context, p control.Principal, body io.Reader) (Result, error) {
	share, err := in.admission.admit()
	if err != nil {
		return Result{}, err
	}
	defer share.giveBack()
	res, _, first, err := in.lines(ctx, p, share.reader(body))
	if err != nil {
		return Result{}, err
	}
	return res, res.blame(first)
}

// lines reads observations into a batch, and returns the first that was
// refused.
func (in *Ingest) lines(ctx context.Context, p control.Principal, body io.Reader) (res Result, b *batch, first *refusal, err error) {
	if err := mayWrite(p); err != nil {
		return res, nil, nil, err
	}
	if b, err = in.newBatch(ctx, p); err != nil {
		return res, nil, nil, err
	}
	res.Rejected = []Rejected{}
	err = scan(body, func(n int, line []byte) {
		ref := b.line(line)
		if ref == nil {
			res.Accepted++
			return
		}
		if first == nil {
			first = ref
		}
		b.note(ref)
		res.reject(n, ref)
	})
	return res, b, first, err
}

// blame is the error of a body without a good line.
func (r *Result) blame(first *refusal) error {
	switch {
	case r.Accepted > 0:
		return nil
	case first == nil:
		return control.Invalidf("body", "holds no observation: send one JSON object a line")
	}
	return control.Invalidf(first.field, "line %d: %s; no other line is good", r.Rejected[0].Line, first.msg)
}

func (r *Result) reject(line int, ref *refusal) {
	if len(r.Rejected) == maxListed {
		r.Unlisted++
		return
	}
	r.Rejected = append(r.Rejected, Rejected{line, ref.Error()})
}

// scan calls use with each line that is not blank, and its number from 1. A
// line longer than MaxLine is passed on cut off just after it.
func scan(body io.Reader, use func(n int, line []byte)) error {
	limited := &io.LimitedReader{R: body, N: MaxBody + 1}
	r := bufio.NewReaderSize(limited, MaxLine+1)
	for n := 1; ; n++ {
		line, err := r.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		if !long {
			line = bytes.TrimSpace(line)
		}
		if len(line) > 0 {
			use(n, line)
		}
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = r.ReadSlice('\n')
		}
		switch {
		case limited.N == 0:
			return tooLarge()
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return unreadable(err)
		}
	}
}
