package edge

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/lockflight/lockflight/sdk/eval"
)

// payload is what an upstream sends: a delta, the number that it leads to, and
// the signature of the plane, "" from whoever signs nothing. Data is kept as it
// came, since that is what is signed.
type payload struct {
	Seq       int64  `json:"seq"`
	Data      []byte `json:"data"`
	Signature string `json:"signature,omitempty"`
}

var errNumber = errors.New("it has no number")

// maxPayloads is how many payloads a scope is kept as before it is asked for as
// a whole again.
const maxPayloads = 200

// newPayload reads the number that an event's id or an ETag is; what is none is
// below every other.
func newPayload(id string, data []byte, signature string) payload {
	seq, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		seq = -1
	}
	return payload{seq, data, signature}
}

// take verifies a payload and takes it in. What is wrong with one is counted,
// and what is held stays.
func (f *follower) take(p payload) error {
	err := errNumber
	if p.Seq >= 0 {
		err = f.trust.verify(f.scope, p)
	}
	var d eval.Delta
	if err == nil {
		err = json.Unmarshal(p.Data, &d)
	}
	if err == nil {
		err = f.apply(p.Seq, d)
	}
	if err != nil {
		f.count.refuse(refusal(err))
		return fmt.Errorf("refusing event %d: %w", p.Seq, err)
	}
	f.keep(p, d)
	return nil
}

// keep remembers the payloads that what is held was made of.
func (f *follower) keep(p payload, d eval.Delta) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case len(d.Events) == 0 || p.Seq != f.seq: // it said nothing new
	case d.Events[0].Type == eval.Hydration:
		f.payloads, f.unsaved = []payload{p}, true
	case len(f.payloads) > 0 && p.Seq > f.payloads[len(f.payloads)-1].Seq:
		f.payloads, f.unsaved = append(slices.Clip(f.payloads), p), true
	}
}
