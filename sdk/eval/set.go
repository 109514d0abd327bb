package eval

// Set is a Snapshot compiled. It never changes: Apply makes another one, which
// shares with it all that a Delta leaves as it is.
//
// Names of flags are numbered from 0 to Len()-1, so that a caller can keep
// counters in a slice. A name keeps its number through Apply, until that
// reports Changes.Renumbered. Flags that are unknown, or do not compile, are
// off.
type Set struct {
	index    index
	names    []byte // each after its size, as binary.AppendUvarint writes it
	pages    []*page
	length   int // numbers given out
	flags    int // of these, those that are a flag's
	segments map[int]*segment
	header   Snapshot // the document without its lists
	options  Options
}

// A page holds the programs of pageSize numbers that follow one another: what
// Apply copies where one of them changes. The padding, with the word that the
// runtime puts before an object of this size, has each program in one cache
// line.
type page struct {
	_         [programSize - 8]byte
	programs  [pageSize]program
	documents [pageSize]*Flag // nil for a number without a flag
}

const (
	pageBits    = 6
	pageSize    = 1 << pageBits
	programSize = 32
)

// name returns the name with number n, whether it is a flag's or not.
func (s *Set) name(n int32) string {
	return string(unpack(s.names[s.program(n).name:]))
}

// program returns the program with number n, which must have been given out.
func (s *Set) program(n int32) *program {
	return &s.pages[n>>pageBits].programs[n&(pageSize-1)]
}

// at returns the program with number i; one that is off and unknown where no
// flag has it.
func (s *Set) at(i int) *program {
	if uint(i) >= uint(s.length) {
		return &nothing
	}
	return s.program(int32(i))
}

// lookup is at for a flag's name.
func (s *Set) lookup(flag string) *program {
	_, p := s.find(flag)
	return p
}

// nobody stands in for a nil Context, and nothing for a flag that is unknown.
var (
	nobody  Context
	nothing program
)

// Bool reports whether a flag is on for a context, and whether it is known.
func (s *Set) Bool(flag string, c *Context) (on, known bool) {
	p := s.lookup(flag)
	return s.on(p, c), p.known()
}

// Check is Bool for callers that keep something by flag: it returns the flag's
// number, -1 for one that is unknown, and its tag.
func (s *Set) Check(flag string, c *Context) (i int, tag uint32, on bool) {
	n, p := s.find(flag)
	if !p.known() {
		return -1, 0, false
	}
	return int(n), p.tag, s.on(p, c)
}

// CheckAt is Check for the flag with number i.
func (s *Set) CheckAt(i int, c *Context) (_ int, tag uint32, on bool) {
	p := s.at(i)
	if !p.known() {
		return -1, 0, false
	}
	return i, p.tag, s.on(p, c)
}

// BoolAt is Bool for the flag with number i; false where no flag has it.
func (s *Set) BoolAt(i int, c *Context) bool { return s.on(s.at(i), c) }

func (s *Set) on(p *program, c *Context) bool {
	if c == nil {
		c = &nobody
	}
	_, on := s.evaluate(p, c)
	return on
}

// Variant returns the variant that a context gets of a flag.
func (s *Set) Variant(flag string, c *Context) Variant {
	v, _ := s.variantOf(s.lookup(flag), c)
	return v
}

// VariantAt is Variant for the flag with number i; a disabled variant where no
// flag has it.
func (s *Set) VariantAt(i int, c *Context) Variant {
	v, _ := s.variantOf(s.at(i), c)
	return v
}

// ChooseAt is VariantAt for callers that keep something by variant: place is
// that of the variant's name in VariantNames(i).
func (s *Set) ChooseAt(i int, c *Context) (v Variant, place int) { return s.variantOf(s.at(i), c) }

func (s *Set) variantOf(p *program, c *Context) (v Variant, place int) {
	if c == nil {
		c = &nobody
	}
	strategy, on := s.evaluate(p, c)
	if !on {
		return noVariant(false), 0
	}
	return s.variant(p, strategy, c)
}

// VariantNames returns every name that Variant can answer with for the flag
// with number i, "disabled" first. It must not be modified.
func (s *Set) VariantNames(i int) []string {
	return s.at(i).extra.variantNames()
}

// Index returns the number of a flag, and whether the Set has it.
func (s *Set) Index(flag string) (int, bool) {
	n, p := s.find(flag)
	return int(n), p.known()
}

// Len returns how many numbers there are: as many as flags, and more where
// flags were removed, or are depended on and missing.
func (s *Set) Len() int { return s.length }

// Flag returns the document of the flag with number i, which must not be
// modified; nil where no flag has it.
func (s *Set) Flag(i int) *Flag {
	if uint(i) >= uint(s.length) {
		return nil
	}
	return s.pages[i>>pageBits].documents[i&(pageSize-1)]
}

// Name returns the name of the flag with number i; "" where no flag has it.
func (s *Set) Name(i int) string {
	if f := s.Flag(i); f != nil {
		return f.Name
	}
	return ""
}
