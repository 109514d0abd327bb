package feed

import (
	"bytes"
	"slices"
	"sync/atomic"

	"github.com/lockflight/lockflight/sdk/eval"
)

// Form is how an API writes the answer of one flag. Nearly every answer is one
// of a few that a flag can give, so that each is written once and then copied.
type Form struct {
	// Append appends an answer. It depends on nothing but its arguments.
	Append func(b []byte, f *eval.Flag, d *eval.Decision) []byte
	// Why says that answers tell what decided them. Without it of the Decision
	// there is the Variant alone, which takes less time.
	Why bool
}

// maxAnswers is how many answers of one flag are kept. A flag with more
// variants than that is seldom, and its other answers are written each time.
const maxAnswers = 64

// answer is what a form makes of a decision. Decisions are told apart by their
// payload's address too, since it is the flag's document that holds it.
type answer struct {
	form     *Form
	decision eval.Decision
	text     []byte
}

// decoded is a flag's document with the answers written so far, which are as
// good in every view that has the flag.
type decoded struct {
	eval.Flag

	answers atomic.Pointer[[]answer]
}

// append appends the answer to b.
func (f *decoded) append(b []byte, form *Form, d *eval.Decision) []byte {
	known := f.answers.Load()
	if known != nil {
		for i := range *known {
			if a := &(*known)[i]; a.form == form && a.decision == *d {
				return append(b, a.text...)
			}
		}
	}
	start := len(b)
	b = form.Append(b, &f.Flag, d)
	var all []answer
	if known != nil {
		all = *known
	}
	if len(all) < maxAnswers {
		all = append(slices.Clip(all), answer{form, *d, bytes.Clone(b[start:])})
		f.answers.CompareAndSwap(known, &all) // another that is lost is written again
	}
	return b
}

// Append decides every flag of the view for a context, by name, as an SDK that
// was sent the view would, and appends the answers in a form, with commas
// between them: all of them, or those of flags that are on.
func (v *View) Append(b []byte, form *Form, c *eval.Context, all bool) []byte {
	e := v.evaluator()
	start := len(b)
	for i, f := range v.flags {
		d := form.decide(e, i, c)
		if !all && !d.Variant.FeatureEnabled {
			continue
		}
		if len(b) > start {
			b = append(b, ',')
		}
		b = f.doc().append(b, form, &d)
	}
	return b
}

// AppendOne is Append for one flag, on or off. It reports whether the view has
// the flag.
func (v *View) AppendOne(b []byte, form *Form, name string, c *eval.Context) ([]byte, bool) {
	i, found := findFlag(v.flags, name)
	if !found {
		return b, false
	}
	d := form.decide(v.evaluator(), i, c)
	return v.flags[i].doc().append(b, form, &d), true
}

func (form *Form) decide(e evaluator, i int, c *eval.Context) eval.Decision {
	if form.Why {
		return e.set.DecideAt(e.at[i], c)
	}
	return eval.Decision{Variant: e.set.VariantAt(e.at[i], c)}
}
