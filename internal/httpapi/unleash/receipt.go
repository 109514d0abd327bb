package unleash

import (
	"strconv"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// bulkBody is the body of an edge, which stands for many clients.
var bulkBody = httpapi.Body{Limit: 8 * httpapi.MiB, Lenient: true}

// applied says since when an SDK has answered from a revision: the extension
// of the metrics body that Lockflight's own SDK sends and Unleash passes over.
type applied struct {
	Seq int64  `json:"seq"`
	At  moment `json:"at"`
}

// receipts reads the receipts of an instance. They are its own word: whoever
// reads them knows that a client can say anything of itself.
func (a *Clients) receipts(by control.Instance, in []applied) ([]control.Receipt, error) {
	var out []control.Receipt
	for i, one := range in {
		at := index("lockflight.applied", i)
		if one.Seq < 0 {
			return nil, control.Invalidf(at+".seq", "must not be negative")
		}
		if err := one.At.plausible(at+".at", a.now()); err != nil {
			return nil, err
		}
		out = append(out, control.Receipt{
			App: by.App, Instance: by.ID, Environment: by.Environment, Seq: one.Seq, AppliedAt: one.At.UTC(),
		})
	}
	return out, nil
}

// index is the path of an element of a list.
func index(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }
