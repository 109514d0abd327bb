package sdk

import "maps"

// Count is how often one flag was checked: Yes and No are its answers, and
// Variants is how often Variant answered with each name, "disabled" included.
type Count struct {
	Yes      uint64            `json:"yes"`
	No       uint64            `json:"no"`
	Variants map[string]uint64 `json:"variants,omitempty"`
}

// usage is counts by flag.
type usage map[string]Count

// add adds a count that is not zero.
func (u usage) add(flag string, n Count) {
	if n.Yes == 0 && n.No == 0 && len(n.Variants) == 0 {
		return
	}
	sum := u[flag]
	sum.Yes += n.Yes
	sum.No += n.No
	u[flag] = sum
	for variant, times := range n.Variants {
		u.addVariant(flag, variant, times)
	}
}

// addVariant adds n answers with a variant.
func (u usage) addVariant(flag, variant string, n uint64) {
	if n == 0 {
		return
	}
	sum := u[flag]
	if sum.Variants == nil {
		sum.Variants = make(map[string]uint64)
	}
	sum.Variants[variant] += n
	u[flag] = sum
}

// clone returns a copy that shares nothing with u.
func (u usage) clone() usage {
	copied := make(usage, len(u))
	for flag, n := range u {
		n.Variants = maps.Clone(n.Variants)
		copied[flag] = n
	}
	return copied
}
