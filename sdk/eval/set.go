package eval

import "time"

// Set is a Snapshot compiled. Its flags are numbered from 0 to Len()-1, so
// that a caller can keep counters in a slice; another Set may number the same
// flags differently. Flags that are unknown, or do not compile, are off.
type Set struct {
	index    map[string]int32
	programs []program
	flags    []Flag // the documents that programs were compiled from
	segments map[int]Segment
	problems map[int]string // why a flag does not compile
	now      func() time.Time
	rand     func(n uint32) uint32
}

// nobody stands in for a nil Context.
var nobody Context

// Bool reports whether a flag is on for a context, and whether it is known.
func (s *Set) Bool(flag string, c *Context) (on, known bool) {
	i, known := s.index[flag]
	return known && s.BoolAt(int(i), c), known
}

// BoolAt is Bool for the flag with number i; false where no flag has it.
func (s *Set) BoolAt(i int, c *Context) bool {
	if uint(i) >= uint(len(s.programs)) {
		return false
	}
	if c == nil {
		c = &nobody
	}
	_, on := s.evaluate(&s.programs[i], c)
	return on
}

// Variant returns the variant that a context gets of a flag.
func (s *Set) Variant(flag string, c *Context) Variant {
	i, known := s.index[flag]
	if !known {
		return noVariant(false)
	}
	return s.VariantAt(int(i), c)
}

// VariantAt is Variant for the flag with number i; a disabled variant where no
// flag has it.
func (s *Set) VariantAt(i int, c *Context) Variant {
	if uint(i) >= uint(len(s.programs)) {
		return noVariant(false)
	}
	if c == nil {
		c = &nobody
	}
	p := &s.programs[i]
	strategy, on := s.evaluate(p, c)
	if !on {
		return noVariant(false)
	}
	return s.variant(p, strategy, c)
}

// Index returns the number of a flag, and whether the Set has it.
func (s *Set) Index(flag string) (int, bool) {
	i, ok := s.index[flag]
	return int(i), ok
}

// Len returns how many flags the Set has.
func (s *Set) Len() int { return len(s.programs) }

// Name returns the name of the flag with number i; "" where no flag has it.
func (s *Set) Name(i int) string {
	if uint(i) >= uint(len(s.flags)) {
		return ""
	}
	return s.flags[i].Name
}
