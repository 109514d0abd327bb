package feed

import "cmp"

// diff walks two lists in the order of their keys and calls removed for what
// is in old alone, and updated for what is new or another pointer. Either may
// be nil.
func diff[T any, K cmp.Ordered](old, now []*T, key func(*T) K, removed, updated func(*T)) {
	call := func(f func(*T), item *T) {
		if f != nil {
			f(item)
		}
	}
	for len(old) > 0 || len(now) > 0 {
		switch {
		case len(now) == 0 || len(old) > 0 && key(old[0]) < key(now[0]):
			call(removed, old[0])
			old = old[1:]
		case len(old) == 0 || key(now[0]) < key(old[0]):
			call(updated, now[0])
			now = now[1:]
		default:
			if old[0] != now[0] {
				call(updated, now[0])
			}
			old, now = old[1:], now[1:]
		}
	}
}
