package feed

import (
	"time"

	"github.com/lockflight/lockflight/sdk/eval"
)

// evaluator is a view's flags compiled.
type evaluator struct {
	set *eval.Set
	at  []int // the number in set of each of the view's flags
}

// compile prepares the view's flags for evaluation. One that does not compile
// is off, as it is in SDKs; control keeps such flags from being saved.
func (v *View) compile() evaluator {
	doc := eval.Snapshot{Version: documentVersion}
	for _, f := range v.flags {
		doc.Features = append(doc.Features, f.doc().Flag)
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
