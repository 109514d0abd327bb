package feed

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"sync"

	"github.com/lockflight/lockflight/sdk/eval"
)

// View is what a scope sees of an environment at one revision. It never
// changes; its documents are encoded, and its flags compiled, once, when first
// asked for.
type View struct {
	// Seq is the revision: the view holds every event below it.
	Seq int64

	environment string
	scope       Scope
	flags       []*flag    // by name
	segments    []*segment // those that a strategy of flags uses, by id

	features  func() Document
	inlined   func() Document
	hydration func() Message
	evaluator func() evaluator
}

// Document is the body of a client features response and its ETag, which is
// quoted, as in the header.
type Document struct {
	ETag string
	Body []byte
}

// documentVersion is the "version" of the client features document in which
// strategies may name segments.
const documentVersion = 2

// newView picks from a snapshot the flags of a scope and the segments that they
// use. Nothing is encoded yet: most views are replaced before they are read.
func newView(environment string, scope Scope, s *snapshot) *View {
	v := &View{Seq: s.seq, environment: environment, scope: scope}
	used := map[int]bool{}
	for _, f := range s.flags {
		if !scope.Covers(f.Project, f.Name) {
			continue
		}
		v.flags = append(v.flags, f)
		for _, st := range f.Strategies {
			for _, id := range st.Segments {
				used[id] = true
			}
		}
	}
	for _, seg := range s.segments {
		if used[seg.ID] {
			v.segments = append(v.segments, seg)
		}
	}
	v.features = sync.OnceValue(func() Document { return v.document(false) })
	v.inlined = sync.OnceValue(func() Document { return v.document(true) })
	v.hydration = sync.OnceValue(func() Message { return hydrate(v) })
	v.evaluator = sync.OnceValue(v.compile)
	return v
}

// Features returns the client features document in which strategies name their
// segments by id. The body is shared: it must not be changed.
func (v *View) Features() Document { return v.features() }

// Inlined returns the document for clients whose Unleash-Client-Spec is below
// 4.2.0: each strategy holds the constraints of its segments, and there is no
// list of segments. The body is shared: it must not be changed.
func (v *View) Inlined() Document { return v.inlined() }

// Feature returns the document of one flag, and whether the scope sees it.
func (v *View) Feature(name string) ([]byte, bool) {
	i, found := findFlag(v.flags, name)
	if !found {
		return nil, false
	}
	return v.flags[i].json, true
}

// query is the resolved query of a document, which it repeats to the client.
type query struct {
	Environment              string   `json:"environment"`
	Project                  []string `json:"project,omitempty"` // absent where the scope has all of them
	NamePrefix               string   `json:"namePrefix,omitempty"`
	InlineSegmentConstraints bool     `json:"inlineSegmentConstraints"`
}

// document puts a client features document together from the flags' own. Its
// ETag has Unleash's form "<hash of the query>:<revision>:v1", so that neither
// another scope nor the other form of segments can match it.
func (v *View) document(inline bool) Document {
	q := encode(query{v.environment, v.scope.Projects, v.scope.Prefix, inline})
	sum := sha256.Sum256(q)
	hash := hex.EncodeToString(sum[:8])
	etag := `"` + hash + ":" + strconv.FormatInt(v.Seq, 10) + `:v1"`

	b := append([]byte(`{"version":`), strconv.Itoa(documentVersion)...)
	b = append(b, `,"features":[`...)
	segments := v.bySegment()
	b = join(b, v.flags, func(b []byte, f *flag) []byte {
		if inline {
			return append(b, encode(inlineSegments(f.Flag, segments))...)
		}
		return append(b, f.json...)
	})
	b = append(b, ']')
	if !inline {
		b = append(b, `,"segments":[`...)
		b = join(b, v.segments, func(b []byte, s *segment) []byte { return append(b, s.json...) })
		b = append(b, ']')
	}
	b = append(append(b, `,"query":`...), q...)
	b = append(append(b, `,"meta":`...), encode(eval.Meta{RevisionID: v.Seq, ETag: etag, QueryHash: hash})...)
	return Document{ETag: etag, Body: append(b, '}')}
}

func (v *View) bySegment() map[int][]eval.Constraint {
	out := make(map[int][]eval.Constraint, len(v.segments))
	for _, s := range v.segments {
		out[s.ID] = s.Constraints
	}
	return out
}

// never is a constraint that no context satisfies: IN of nothing.
var never = eval.Constraint{ContextName: "userId", Operator: "IN", Values: []string{}}

// inlineSegments returns f with the constraints of its segments in place of
// their ids. A strategy whose segment is missing matches nobody.
func inlineSegments(f eval.Flag, segments map[int][]eval.Constraint) eval.Flag {
	f.Strategies = slices.Clone(f.Strategies)
	for i, st := range f.Strategies {
		constraints := slices.Clone(st.Constraints)
		for _, id := range st.Segments {
			add, found := segments[id]
			if !found {
				add = []eval.Constraint{never}
			}
			constraints = append(constraints, add...)
		}
		f.Strategies[i].Constraints, f.Strategies[i].Segments = constraints, nil
	}
	return f
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
