package control

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"sync"
)

// denials gathers refused writes, so that they reach the log in few
// transactions: one record for each (principal, permission), with a count.
type denials struct {
	wake chan struct{}
	mu   sync.Mutex
	by   map[denialKey]*denial
}

type denialKey struct{ id, typ, perm, code string }

type denial struct {
	principal Principal
	typ       string // of the record: authz.denied, auth.login.fail
	perm      string
	code      string // of the error: denied, policy_denied, agent_killed
	count     int64
}

// codeDenied is the code of a denial where nothing more is known.
const codeDenied = "denied"

// maxDenials bounds what waits; beyond it new sources are not told apart: they
// share one record, without an actor.
const maxDenials = 4096

func newDenials() *denials {
	return &denials{wake: make(chan struct{}, 1), by: map[denialKey]*denial{}}
}

func (d *denials) add(p Principal, err error) {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return
	}
	d.put(&denial{principal: p, typ: "authz.denied", perm: e.Field, code: e.Code, count: 1})
}

// put adds what was refused, once or more often, to what waits.
func (d *denials) put(one *denial) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := denialKey{one.principal.ID, one.typ, one.perm, one.code}
	if d.by[key] == nil && len(d.by) >= maxDenials {
		key, one = denialKey{typ: one.typ}, &denial{typ: one.typ, code: codeDenied, count: one.count}
	}
	if same := d.by[key]; same != nil {
		same.count += one.count
	} else {
		d.by[key] = one
	}
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// take returns what waits, in the order of principals and permissions.
func (d *denials) take() []*denial {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]*denial, 0, len(d.by))
	for _, one := range d.by {
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b *denial) int {
		return cmp.Or(strings.Compare(a.principal.ID, b.principal.ID), strings.Compare(a.typ, b.typ), strings.Compare(a.perm, b.perm), strings.Compare(a.code, b.code))
	})
	clear(d.by)
	return out
}
