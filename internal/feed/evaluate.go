package feed

import (
	"iter"
	"time"

	"github.com/lockflight/lockflight/sdk/eval"
)

// evaluator is a view's flags compiled.
type evaluator struct {
	set *eval.Set
	at  []int // the number in set of each of the view's flags
}

// All decides every flag of the view for a context, by name, as an SDK that
// was sent the view would. It compiles the view when it is first asked, once
// for whoever asks. The flags are shared: they must not be changed.
func (v *View) All(c *eval.Context) iter.Seq2[*eval.Flag, eval.Variant] {
	return each(v, c, (*eval.Set).VariantAt)
}

// One is All for one flag, and whether the view has it.
func (v *View) One(name string, c *eval.Context) (*eval.Flag, eval.Variant, bool) {
	return one(v, name, c, (*eval.Set).VariantAt)
}

// Decide is All with what decided.
func (v *View) Decide(c *eval.Context) iter.Seq2[*eval.Flag, eval.Decision] {
	return each(v, c, (*eval.Set).DecideAt)
}

// DecideOne is Decide for one flag, and whether the view has it.
func (v *View) DecideOne(name string, c *eval.Context) (*eval.Flag, eval.Decision, bool) {
	return one(v, name, c, (*eval.Set).DecideAt)
}

// each walks the view's flags with what decide says of them.
func each[T any](v *View, c *eval.Context, decide func(*eval.Set, int, *eval.Context) T) iter.Seq2[*eval.Flag, T] {
	e := v.evaluator()
	return func(yield func(*eval.Flag, T) bool) {
		for i, f := range v.flags {
			if !yield(f.doc(), decide(e.set, e.at[i], c)) {
				return
			}
		}
	}
}

func one[T any](v *View, name string, c *eval.Context, decide func(*eval.Set, int, *eval.Context) T) (f *eval.Flag, answer T, found bool) {
	i, found := findFlag(v.flags, name)
	if !found {
		return nil, answer, false
	}
	e := v.evaluator()
	return v.flags[i].doc(), decide(e.set, e.at[i], c), true
}

// compile prepares the view's flags for evaluation. One that does not compile
// is off, as it is in SDKs; control keeps such flags from being saved.
func (v *View) compile() evaluator {
	doc := eval.Snapshot{Version: documentVersion}
	for _, f := range v.flags {
		doc.Features = append(doc.Features, *f.doc())
	}
	for _, s := range v.segments {
		doc.Segments = append(doc.Segments, s.Segment)
	}
	set, _ := eval.Options{Now: time.Now}.Compile(doc)
	e := evaluator{set: set, at: make([]int, len(v.flags))}
	for i, f := range v.flags {
		e.at[i], _ = set.Index(f.Name)
	}
	return e
}
