package sdk

import (
	"maps"
	"strings"
	"sync/atomic"
)

// Limits of what is remembered about flags that the configuration does not
// have. A flag's name has at most 100 characters in Unleash.
const (
	maxUnknown     = 256
	maxUnknownName = 100
)

// unknowns counts checks of flags that the configuration does not have, which
// is how a misspelt or deleted name is found. The map is replaced, never
// changed, so that a check of a name seen before takes no lock and allocates
// nothing.
type unknowns struct {
	names   atomic.Pointer[map[string]*unknown]
	dropped atomic.Uint64 // checks of names beyond the limits
}

type unknown struct{ no, yes atomic.Uint64 }

// count counts one check that was answered with the fallback on.
func (u *unknowns) count(name string, on bool) {
	n := u.find(name)
	switch {
	case n == nil:
		u.dropped.Add(1)
	case on:
		n.yes.Add(1)
	default:
		n.no.Add(1)
	}
}

// find returns the counters of a name, or nil where there is no room for it.
func (u *unknowns) find(name string) *unknown {
	for {
		names := u.names.Load()
		if names != nil {
			if n, ok := (*names)[name]; ok {
				return n
			}
		}
		if len(name) > maxUnknownName || (names != nil && len(*names) >= maxUnknown) {
			return nil
		}
		grown := make(map[string]*unknown)
		if names != nil {
			maps.Copy(grown, *names)
		}
		grown[strings.Clone(name)] = new(unknown)
		u.names.CompareAndSwap(names, &grown)
	}
}

// collect moves every count into usage.
func (u *unknowns) collect(usage usage) {
	names := u.names.Load()
	if names == nil {
		return
	}
	for name, n := range *names {
		usage.add(name, Count{No: n.no.Swap(0), Yes: n.yes.Swap(0)})
	}
}
