package control

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// denials gathers refused writes, so that they reach the log in few
// transactions: one record for each (principal, permission), with a count.
type denials struct {
	wake chan struct{}
	mu   sync.Mutex
	by   map[denialKey]*denial
	last map[denialKey]time.Time // when a rejection was recorded
}

type denialKey struct{ id, typ, perm, code string }

type denial struct {
	principal Principal
	typ       string // of the record: authz.denied, auth.login.fail, auth.token.fail
	perm      string
	code      string // of the error: denied, policy_denied, agent_killed
	count     int64
}

// codeDenied is the code of a denial where nothing more is known.
const codeDenied = "denied"

// maxDenials bounds what waits; beyond it new sources are not told apart: they
// share one record, without an actor.
const maxDenials = 4096

// rejection is the type of the record of a credential that is not valid. Nobody
// has shown who they are, so anybody can make them.
const rejection = "auth.token.fail"

// rejectionPace is how often, at most, rejections of one credential, or of all
// that are not known, make a record: it counts them.
const rejectionPace = time.Minute

func newDenials() *denials {
	return &denials{wake: make(chan struct{}, 1), by: map[denialKey]*denial{}, last: map[denialKey]time.Time{}}
}

// reject adds a credential that is not valid: its identifier where it exists and
// the secret is wrong, or it has ended, and else "".
func (d *denials) reject(cred string) {
	d.put(&denial{principal: Principal{Cred: cred}, typ: rejection, count: 1})
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
	key := denialKey{cmp.Or(one.principal.ID, one.principal.Cred), one.typ, one.perm, one.code}
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

// take returns what is to be recorded now, in the order of principals and
// permissions. Rejections that were recorded a moment ago stay, and are counted on.
func (d *denials) take(now time.Time) []*denial {
	d.mu.Lock()
	defer d.mu.Unlock()
	maps.DeleteFunc(d.last, func(_ denialKey, at time.Time) bool { return now.Sub(at) >= rejectionPace })
	out := make([]*denial, 0, len(d.by))
	for key, one := range d.by {
		if _, recently := d.last[key]; recently {
			continue
		}
		if one.typ == rejection {
			d.last[key] = now
		}
		delete(d.by, key)
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b *denial) int {
		return cmp.Or(strings.Compare(a.principal.ID, b.principal.ID), strings.Compare(a.typ, b.typ), strings.Compare(a.perm, b.perm), strings.Compare(a.code, b.code))
	})
	return out
}

// later fires when what take has left may be recorded; never where it has left
// nothing.
func (d *denials) later() <-chan time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.by) == 0 {
		return nil
	}
	return time.After(rejectionPace)
}
