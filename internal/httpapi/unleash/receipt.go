package unleash

import (
	"net/http"
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

// appliedField is where metrics have receipts.
const appliedField = "lockflight.applied"

// maxApplied is how many receipts one request may have.
const maxApplied = 1000

// acknowledge reads POST /api/v1/receipts: since when an SDK serves what, told
// as soon as it does, where the metrics say it up to a minute later.
func (a *Clients) acknowledge(w http.ResponseWriter, r *http.Request) (control.Reports, error) {
	var in struct {
		application
		Applied []applied `json:"applied"`
	}
	if err := httpapi.SDKBody.Decode(w, r, &in); err != nil {
		return control.Reports{}, err
	}
	if len(in.Applied) == 0 || len(in.Applied) > maxApplied {
		return control.Reports{}, control.Invalidf("applied", "must have 1 to %d receipts", maxApplied)
	}
	instance, err := a.instance(r, in.application)
	if err != nil {
		return control.Reports{}, err
	}
	receipts, err := a.receipts(instance, "applied", in.Applied)
	return control.Reports{Instances: []control.Instance{instance}, Receipts: receipts}, err
}

// receipts reads the receipts of an instance, in the field of that name. They are its own word: whoever
// reads them knows that a client can say anything of itself.
func (a *Clients) receipts(by control.Instance, field string, in []applied) ([]control.Receipt, error) {
	var out []control.Receipt
	for i, one := range in {
		at := index(field, i)
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
