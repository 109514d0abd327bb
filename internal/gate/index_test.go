package gate

import (
	"strconv"
	"testing"
)

// The index finds every unit that was added, whatever the order, and no other.
func TestIndex(t *testing.T) {
	t.Parallel()
	var x index
	var units []unit
	for i := range 5000 {
		hash := hashOf(strconv.Itoa(i))
		if _, _, found := x.find(hash, units); found {
			t.Fatalf("unit %d is found before it is added", i)
		}
		units = append(units, unit{hash: hash})
		x.add(units)
	}
	for i := range units {
		if u, _, found := x.find(units[i].hash, units); !found || int(u) != i {
			t.Fatalf("unit %d is found as %d, %v", i, u, found)
		}
	}
	if perUnit := 4 * len(x.places) / len(units); perUnit > 11 {
		t.Errorf("%d bytes a unit", perUnit)
	}
}

// Bounded ids remember the last ones, and no more than twice as many.
func TestBoundedIDs(t *testing.T) {
	t.Parallel()
	s := ids{bounded: true}
	s.add(idOf(""))
	const added = 2*keepIDs + 10
	for i := range uint64(added) {
		s.add(i + 1)
	}
	if !s.has(added) || !s.has(added-keepIDs+1) || s.has(1) || s.has(0) {
		t.Error("the last ids are not what is remembered")
	}
	if n := len(s.now) + len(s.before); n > 2*keepIDs {
		t.Errorf("%d ids", n)
	}
}
