package support

import (
	"errors"
	"fmt"
	"hash/fnv"
	"regexp"
	"time"
)

// Call is one use of a tool.
type Call struct {
	ID        string         `json:"id"` // what a citation names
	Name      string         `json:"name"`
	Arguments map[string]any `json:"arguments"`
	Result    string         `json:"result,omitempty"`
	Error     string         `json:"error,omitempty"`
}

// The tools.
const (
	LookUpOrder = "look_up_order" // order
	Refund      = "refund"        // order, amount in cents
)

// slowBy is what the fault SlowTool adds to each use of a tool.
const slowBy = 25 * time.Second

var orderID = regexp.MustCompile(`\bA-\d{6}\b`)

// OrderOf returns the order that a user has placed. The shop has one for
// each, and what was paid for it follows from its id.
func OrderOf(user string) string {
	return fmt.Sprintf("A-%06d", sum(user)%1_000_000)
}

// Paid returns what was paid for an order, in cents.
func Paid(order string) int { return 2_000 + int(sum(order)%20_000) }

func sum(text string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(text))
	return h.Sum32()
}

var errNotYours = errors.New("this order belongs to somebody else")

// desk is what the tools know of the conversation they are used in. They
// refuse an order of somebody else by themselves, whatever an agent asks.
type desk struct {
	user  string
	calls []Call
}

// use calls a tool and keeps a record of it.
func (d *desk) use(name string, arguments map[string]any) (Call, error) {
	c := Call{ID: fmt.Sprintf("call-%d", len(d.calls)+1), Name: name, Arguments: arguments}
	var err error
	switch order, _ := arguments["order"].(string); {
	case order != OrderOf(d.user):
		err = errNotYours
		c.Error = err.Error()
	case name == Refund:
		c.Result = "refunded"
	default:
		c.Result = "on its way"
	}
	d.calls = append(d.calls, c)
	return c, err
}
