package eval

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// disabled is the name of the variant that stands for none.
const disabled = "disabled"

// Variant is the variant that a context gets, as Unleash's clients name its
// parts. Without one, Name is "disabled" and Enabled is false.
type Variant struct {
	Name           string   `json:"name"`
	Enabled        bool     `json:"enabled"`
	FeatureEnabled bool     `json:"feature_enabled"`   // whether the flag is on
	Payload        *Payload `json:"payload,omitempty"` // shared by all callers; nil without one
}

// noVariant is the answer of a flag that is on, or off, and has no variant to
// give.
func noVariant(on bool) Variant { return Variant{Name: disabled, FeatureEnabled: on} }

// choice is a list of variants compiled.
type choice struct {
	field     field
	property  string
	prefix    prefix
	total     uint32   // the sum of the weights
	until     []uint32 // the sum of the weights up to and including each variant's
	variants  []Variant
	places    []int // of each variant's name in the flag's names
	overrides []override
}

// override gives a variant, by its position, to some values of a field.
type override struct {
	field    field
	property string
	values   textSet
	variant  int
}

// onlyDisabled are the names of a flag without variants.
var onlyDisabled = []string{disabled}

// place gives the names of the variants their places among the flag's, and
// returns those with what is new.
func (ch *choice) place(names []string) []string {
	for _, v := range ch.variants {
		at := slices.Index(names, v.Name)
		if at < 0 {
			at, names = len(names), append(slices.Clip(names), v.Name)
		}
		ch.places = append(ch.places, at)
	}
	return names
}

// compileChoice compiles variants that are hashed with group; nil for none.
// All are chosen by the stickiness of the first, or the inherited one where
// that has none: a strategy's, for its variants.
func compileChoice(group, inherited string, variants []WeightedVariant) (*choice, error) {
	if len(variants) == 0 {
		return nil, nil
	}
	stickiness := cmp.Or(variants[0].Stickiness, inherited)
	ch := &choice{
		field:    stickyField(stickiness),
		property: stickiness,
		prefix:   newPrefix(group, variantSeed),
	}
	total := uint64(0)
	for _, v := range variants {
		if v.Weight < 0 || v.Weight > math.MaxUint32 {
			return nil, fmt.Errorf("variant %q: weight %d is out of range", v.Name, v.Weight)
		}
		if total += uint64(v.Weight); total > math.MaxUint32 {
			return nil, errors.New("the weights of the variants are too large")
		}
		ch.until = append(ch.until, uint32(total))
		ch.variants = append(ch.variants, Variant{Name: v.Name, Enabled: true, FeatureEnabled: true, Payload: v.Payload})
	}
	ch.total = uint32(total)
	return ch, nil
}

// override adds the overrides of the same variants, which only those of a flag
// have.
func (ch *choice) override(variants []WeightedVariant) {
	for i, v := range variants {
		for _, o := range v.Overrides {
			ch.overrides = append(ch.overrides, override{
				field: fieldNamed(o.ContextName), property: o.ContextName, values: newTextSet(o.Values), variant: i,
			})
		}
	}
}

// overridden returns the position of the variant that an override gives to a
// context, and whether one does.
func (s *Set) overridden(ch *choice, c *Context) (variant int, ok bool) {
	for i := range ch.overrides {
		o := &ch.overrides[i]
		if v, ok := s.field(o.field, o.property, c); ok && o.values.contains(v) {
			return o.variant, true
		}
	}
	return 0, false
}

// nowhere is the position of the variant where there is none to give.
const nowhere = -1

// choose returns the position of the variant of a context for which the flag
// is on, or nowhere. It counts the variants before it, without a branch that
// nobody could guess.
func (s *Set) choose(ch *choice, c *Context) int {
	if len(ch.overrides) > 0 {
		if i, ok := s.overridden(ch, c); ok {
			return i
		}
	}
	if ch.total == 0 {
		return nowhere
	}
	target := s.target(ch, c)
	before := 0
	for _, until := range ch.until {
		past := 0
		if target >= until {
			past = 1
		}
		before += past
	}
	return before
}

// target returns the point from 0 to total-1 that decides. Unlike a rollout's,
// a missing id always leaves it to chance.
func (s *Set) target(ch *choice, c *Context) uint32 {
	if id, ok := s.field(ch.field, ch.property, c); ok {
		return ch.prefix.sum(id) % ch.total
	}
	return s.options.Rand(ch.total)
}
