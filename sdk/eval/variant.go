package eval

import (
	"cmp"
	"errors"
	"fmt"
	"math"
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
	overrides []override
}

// override gives a variant, by its position, to some values of a field.
type override struct {
	field    field
	property string
	values   textSet
	variant  int
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
func (ch *choice) overridden(c *Context) (variant int, ok bool) {
	for i := range ch.overrides {
		o := &ch.overrides[i]
		if v, ok := c.value(o.field, o.property); ok && o.values.contains(v) {
			return o.variant, true
		}
	}
	return 0, false
}

// choose returns the variant of a context for which the flag is on.
func (s *Set) choose(ch *choice, c *Context) Variant {
	if i, ok := ch.overridden(c); ok {
		return ch.variants[i]
	}
	if ch.total == 0 {
		return noVariant(true)
	}
	target := s.target(ch, c)
	for i, until := range ch.until {
		if target < until {
			return ch.variants[i]
		}
	}
	return noVariant(true)
}

// target returns the point from 0 to total-1 that decides. Unlike a rollout's,
// a missing id always leaves it to chance.
func (s *Set) target(ch *choice, c *Context) uint32 {
	if id, ok := c.value(ch.field, ch.property); ok {
		return ch.prefix.sum(id) % ch.total
	}
	return s.rand(ch.total)
}
