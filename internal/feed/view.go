package feed

import "sync"

// View is what a scope sees of an environment at one revision. It never
// changes; its documents are encoded, and its flags compiled, once, when first
// asked for.
type View struct {
	// Seq is the revision: the view holds every event below it.
	Seq int64

	environment string
	scope       Scope
	signer      Sign       // nil for none
	flags       []*flag    // by name
	segments    []*segment // those that a strategy of flags uses, by id

	features  Document
	inlined   Document
	hydration func() Message
	evaluator func() evaluator
}

// documentVersion is the "version" of the client features document in which
// strategies may name segments.
const documentVersion = 2

// newView picks from a snapshot the flags of a scope and the segments that they
// use. Nothing is encoded yet: most views are replaced before they are read.
func newView(environment string, scope Scope, s *snapshot, signer Sign) *View {
	v := &View{Seq: s.seq, environment: environment, scope: scope, signer: signer}
	used := map[int]bool{}
	for _, f := range s.flags {
		if !scope.Covers(f.Project, f.Name) {
			continue
		}
		v.flags = append(v.flags, f)
		for _, id := range f.uses {
			used[id] = true
		}
	}
	for _, seg := range s.segments {
		if used[seg.ID] {
			v.segments = append(v.segments, seg)
		}
	}
	v.features, v.inlined = newDocument(v, false), newDocument(v, true)
	v.hydration = sync.OnceValue(func() Message { return hydrate(v) })
	v.evaluator = sync.OnceValue(v.compile)
	return v
}

// Features returns the client features document in which strategies name their
// segments by id.
func (v *View) Features() *Document { return &v.features }

// Inlined returns the document for clients whose Unleash-Client-Spec is below
// 4.2.0: each strategy holds the constraints of its segments, and there is no
// list of segments.
func (v *View) Inlined() *Document { return &v.inlined }

// Feature returns the document of one flag, as in Inlined, and whether the scope
// sees it.
func (v *View) Feature(name string) ([]byte, bool) {
	i, found := findFlag(v.flags, name)
	if !found {
		return nil, false
	}
	return inlined(v.flags[i], v.bySegment()), true
}

// size is about how many bytes the flags and segments take on the wire.
func (v *View) size() int {
	n := 1 << 10
	for _, f := range v.flags {
		n += len(f.json) + 1
	}
	for _, seg := range v.segments {
		n += len(seg.json) + 1
	}
	return n
}

// join appends the items with commas between them.
func join[T any](b []byte, items []T, one func([]byte, T) []byte) []byte {
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = one(b, item)
	}
	return b
}
