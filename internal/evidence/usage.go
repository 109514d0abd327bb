package evidence

import (
	"slices"
	"strings"

	"github.com/lockflight/lockflight/internal/gate"
)

// findingUsage begins the names of what a trace has used. They mean the signals
// whose source is usage.
const findingUsage = "lockflight.usage."

// maxMetered is the most spans of one trace whose tokens are added up.
const maxMetered = 1024

// spent is what the inferences of a trace have used, by model. A span counts
// once, however often it is sent.
type spent struct {
	models []modelUse
	own    []modelUse // what agents say of themselves: counts where inferences say nothing
	spans  [][8]byte
	over   bool // there were more spans than are added up
}

// modelUse is the tokens that one model has used.
type modelUse struct {
	model string
	gate.Tokens
}

// spent reads the tokens that a span has used.
func (s *subject) spent(op operation, id [8]byte) func(*shown) {
	use := modelUse{model: s.attrs.text(attrModel, attrLLMResponseModel, attrLLMModel, attrRequestModel)}
	metered := false
	for _, one := range [...]struct {
		tokens *int64
		attrs  [2]attr
	}{
		{&use.Input, [...]attr{attrInputTokens, attrLLMInputTokens}},
		{&use.Output, [...]attr{attrOutputTokens, attrLLMOutputTokens}},
		{&use.Cached, [...]attr{attrCachedTokens, attrLLMCachedTokens}},
	} {
		for _, a := range one.attrs {
			if n, ok, ref := s.count(a); ok && ref == nil && n < maxTokens {
				*one.tokens, metered = int64(n), true
				break
			}
		}
	}
	return func(of *shown) {
		if metered {
			of.add(op, id, use)
		}
	}
}

// maxTokens is more than a span can have used.
const maxTokens = 1 << 40

func (s *spent) add(op operation, id [8]byte, use modelUse) {
	switch {
	case slices.Contains(s.spans, id):
		return
	case len(s.spans) == maxMetered:
		s.over = true
		return
	}
	s.spans = append(s.spans, id)
	to := &s.models
	if op == opAgent {
		to = &s.own
	}
	i, known := slices.BinarySearchFunc(*to, use.model, func(m modelUse, model string) int { return strings.Compare(m.model, model) })
	if !known {
		*to = slices.Insert(*to, i, modelUse{model: use.model})
	}
	(*to)[i].Input += use.Input
	(*to)[i].Output += use.Output
	(*to)[i].Cached += use.Cached
}

// usage finds what a trace has used. Of one that is not known in full it says
// nothing: a part would look cheap.
func (t *telemetry) usage(of *settled) {
	used := of.spent
	if len(used.models) == 0 {
		used.models = used.own
	}
	switch {
	case len(used.models) == 0:
		return
	case used.over || !of.known:
		t.count(of.release, string(Incomplete), 1)
		return
	}
	for _, what := range gate.Usages {
		f := of.by.finding
		f.name, f.field, f.spent = findingUsage+what, attrInputTokens.String(), &used
		t.find(f)
	}
}

// amount returns what a signal asks of the usage, or which model has no price.
func (s *spent) amount(of *gate.Source) (amount float64, unpriced string) {
	for _, m := range s.models {
		one, ok := of.Amount(m.model, m.Tokens)
		if !ok {
			return 0, m.model
		}
		amount += one
	}
	return amount, ""
}
