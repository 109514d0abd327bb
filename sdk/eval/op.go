package eval

import (
	"cmp"
	"math"
	"regexp"
	"strings"
	"sync"
	"time"
)

// op is one test of a context: a constraint, or a strategy's own rule. A
// compiled flag is a flat list of them, strategy after strategy; one that does
// not hold says where the next strategy begins. An op takes half a cache line.
type op struct {
	operand  *operand
	prefix   prefix // opRollout
	next     int32
	strategy int16 // noStrategy in a flag without strategies
	code     opcode
	field    field
	accept   orders // opNumber, opVersion, opDate, opTime
	percent  uint8  // opRollout: 0 to 100
	inverted bool
	last     bool // the strategy matches if this one holds
}

// opcode says what an op tests.
type opcode uint8

const (
	opNever opcode = iota
	opAlways
	opRollout
	opIn
	opPrefix
	opPrefixFold
	opSuffix
	opSuffixFold
	opContains
	opContainsFold
	opNumber
	opNumberEqual
	opVersion
	opDate // a field that holds a date
	opTime // the current time
	opPattern
	opAddress
)

// operand is what a constraint compares with, parsed. Strategies that share a
// segment share its operands. An op whose field is a property has one, for the
// property's name.
type operand struct {
	property  string
	texts     textSet
	number    float64
	version   version
	instant   instant
	pattern   *regexp.Regexp
	addresses addressSet
}

// orders is a set of results of a comparison.
type orders uint8

const (
	less    orders = 1 << iota // bit 0 is for -1,
	equal                      // bit 1 for 0,
	greater                    // bit 2 for +1
)

func (accepted orders) has(order int) bool { return accepted>>(order+1)&1 != 0 }

// holds reports whether an op holds for a context. What a context lacks is a
// constraint that fails, before it is inverted.
func (s *Set) holds(o *op, c *Context) bool {
	switch o.code {
	case opRollout:
		return s.inRollout(o, c)
	case opAlways:
		return true
	case opNever:
		return o.inverted
	case opTime:
		t, ok := s.timeOf(c)
		return (ok && o.accept.has(compareInstants(instantOf(t), o.operand.instant))) != o.inverted
	default:
		if o.field == fieldProperty { // as in value, which is too large to be inlined
			v, ok := c.Properties[o.operand.property]
			return (ok && o.matches(v)) != o.inverted
		}
		v, ok := s.standard(o.field, c)
		return (ok && o.matches(v)) != o.inverted
	}
}

// value returns what the op looks at, and whether the context has it.
func (s *Set) value(o *op, c *Context) (v string, ok bool) {
	if o.field == fieldProperty {
		v, ok = c.Properties[o.operand.property]
		return v, ok
	}
	return s.standard(o.field, c)
}

// inRollout reports whether the context is within the percentage. Without an
// id, chance decides where the stickiness leaves it to chance.
func (s *Set) inRollout(o *op, c *Context) bool {
	if o.field == fieldUserID && c.UserID != "" { // as in evaluate
		return o.percent == 100 || o.prefix.sum(c.UserID)%rolloutModulus < uint32(o.percent)
	}
	id, ok := s.value(o, c)
	return s.within(o.prefix, o.field, o.percent, id, ok)
}

// within is inRollout where the id is known, or missing.
func (s *Set) within(p prefix, f field, percent uint8, id string, ok bool) bool {
	switch {
	case ok && percent == 100:
		return true
	case ok:
		return p.sum(id)%rolloutModulus < uint32(percent)
	case !f.byChance():
		return false
	default:
		return percent > 0 && s.options.Rand(rolloutModulus) < uint32(percent)
	}
}

// byChance reports whether chance stands in for a missing value.
func (f field) byChance() bool { return f == fieldDefault || f == fieldRandom }

// timeOf returns the context's time, and asks for it where it has none.
func (s *Set) timeOf(c *Context) (t time.Time, ok bool) {
	if c.CurrentTime.IsZero() && s.options.Now != nil {
		return s.options.Now(), true
	}
	return c.CurrentTime, !c.CurrentTime.IsZero()
}

// matches reports whether a constraint accepts a value, before it is inverted.
func (o *op) matches(v string) bool {
	switch o.code {
	case opIn:
		return o.operand.texts.contains(v)
	case opPrefix, opPrefixFold, opSuffix, opSuffixFold, opContains, opContainsFold:
		return o.matchesText(v)
	case opNumber:
		n, ok := parseNumber(v)
		return ok && o.accept.has(cmp.Compare(n, o.operand.number))
	case opNumberEqual:
		n, ok := parseNumber(v)
		return ok && math.Abs(n-o.operand.number) < epsilon
	case opVersion:
		have, ok := parseVersion(v)
		return ok && o.accept.has(compareVersions(&have, &o.operand.version))
	case opDate:
		have, ok := parseInstant(v)
		return ok && o.accept.has(compareInstants(have, o.operand.instant))
	case opPattern:
		return matchPattern(o.operand.pattern, v)
	case opAddress:
		a, ok := parseAddress(v)
		return ok && o.operand.addresses.contains(a)
	default:
		return false
	}
}

// matchesText reports whether a value has the affix that a constraint asks
// for. It does not take strings.HasPrefix and the like as arguments: what is
// given to a function value escapes, and with it every Context.
func (o *op) matchesText(v string) bool {
	for _, want := range o.operand.texts.list {
		if hasAffix(o.code, v, want) {
			return true
		}
	}
	return false
}

func hasAffix(code opcode, s, affix string) bool {
	switch code {
	case opPrefix:
		return strings.HasPrefix(s, affix)
	case opPrefixFold:
		return hasPrefixFold(s, affix)
	case opSuffix:
		return strings.HasSuffix(s, affix)
	case opSuffixFold:
		return hasSuffixFold(s, affix)
	case opContains:
		return strings.Contains(s, affix)
	case opContainsFold:
		return containsFold(s, affix)
	default:
		return false
	}
}

// buffers hold the values that patterns look at.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// matchPattern gives the pattern a copy: regexp's machines outlive the call,
// and a string handed to one would force every Context onto the heap.
func matchPattern(pattern *regexp.Regexp, v string) bool {
	buffer, ok := buffers.Get().(*[]byte)
	if !ok {
		return pattern.MatchString(strings.Clone(v))
	}
	defer buffers.Put(buffer)
	*buffer = append((*buffer)[:0], v...)
	return pattern.Match(*buffer)
}
