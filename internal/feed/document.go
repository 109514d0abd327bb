package feed

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"sync"

	"github.com/lockflight/lockflight/sdk/eval"
)

// Document is a client features response. Its bytes are made when they are
// first asked for, once for all who ask, and must not be changed.
type Document struct {
	view   *View
	inline bool // the constraints of segments in place of their ids

	head func() documentHead
	body func() []byte
	gzip func() []byte

	signature func() string
}

// documentHead is the end of a document, and what its ETag is made of.
type documentHead struct {
	etag string
	end  []byte // from the query on
}

func newDocument(v *View, inline bool) Document {
	d := Document{view: v, inline: inline}
	d.head = sync.OnceValue(func() documentHead { return newHead(v, inline) })
	d.body = sync.OnceValue(func() []byte {
		b := bytes.NewBuffer(make([]byte, 0, v.size()))
		_ = d.write(b) // a buffer takes everything
		return b.Bytes()
	})
	d.signature = sync.OnceValue(func() string {
		if v.signer == nil {
			return ""
		}
		h := sha256.New()
		_ = d.write(h) // a hash takes everything
		return v.signer(v.environment, v.scope, v.Seq, [sha256.Size]byte(h.Sum(nil)))
	})
	d.gzip = sync.OnceValue(func() []byte {
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed) // there is such a level
		_, _ = d.write(z), z.Close()
		return bytes.Clone(b.Bytes())
	})
	return d
}

// ETag returns the entity tag, quoted, as in the header.
func (d *Document) ETag() string { return d.head().etag }

// Size returns about how many bytes the body has.
func (d *Document) Size() int { return d.view.size() }

// Body returns the JSON.
func (d *Document) Body() []byte { return d.body() }

// Signature returns the signature of Body, "" where the hub has nothing to sign
// with.
func (d *Document) Signature() string { return d.signature() }

// Gzip returns Body as gzip. It needs no Body to be held: clients that accept
// gzip are most, and the JSON takes ten times the memory.
func (d *Document) Gzip() []byte { return d.gzip() }

// query is the resolved query of a document, which it repeats to the client.
type query struct {
	Environment              string   `json:"environment"`
	Project                  []string `json:"project,omitempty"` // absent where the scope has all of them
	NamePrefix               string   `json:"namePrefix,omitempty"`
	InlineSegmentConstraints bool     `json:"inlineSegmentConstraints"`
}

// newHead makes an ETag of Unleash's form "<hash of the query>:<revision>:v1",
// so that neither another scope nor the other form of segments can match it.
func newHead(v *View, inline bool) documentHead {
	q := encode(query{v.environment, v.scope.Projects, v.scope.Prefix, inline})
	sum := sha256.Sum256(q)
	hash := hex.EncodeToString(sum[:8])
	etag := `"` + hash + ":" + strconv.FormatInt(v.Seq, 10) + `:v1"`
	end := append([]byte(`,"query":`), q...)
	end = append(append(end, `,"meta":`...), encode(eval.Meta{RevisionID: v.Seq, ETag: etag, QueryHash: hash})...)
	return documentHead{etag, append(end, '}')}
}

// write puts the document together from the flags' own.
func (d *Document) write(w io.Writer) error {
	e := &errWriter{w: w}
	e.write([]byte(`{"version":`), strconv.AppendInt(nil, documentVersion, 10), []byte(`,"features":[`))
	segments := d.view.bySegment()
	for i, f := range d.view.flags {
		doc := f.json
		if d.inline && len(f.uses) > 0 {
			doc = inlined(f, segments)
		}
		e.item(i, doc)
	}
	e.write([]byte{']'})
	if !d.inline {
		e.write([]byte(`,"segments":[`))
		for i, s := range d.view.segments {
			e.item(i, s.json)
		}
		e.write([]byte{']'})
	}
	e.write(d.head().end)
	return e.err
}

// errWriter writes until something fails.
type errWriter struct {
	w   io.Writer
	err error
}

func (e *errWriter) write(parts ...[]byte) {
	for _, part := range parts {
		if e.err == nil {
			_, e.err = e.w.Write(part)
		}
	}
}

// item writes the i-th of a list.
func (e *errWriter) item(i int, doc []byte) {
	if i > 0 {
		e.write([]byte{','})
	}
	e.write(doc)
}

func (v *View) bySegment() map[int][]eval.Constraint {
	out := make(map[int][]eval.Constraint, len(v.segments))
	for _, s := range v.segments {
		out[s.ID] = s.Constraints
	}
	return out
}

// inlined is a flag's document with its segments inlined. The flag is decoded
// for it, and not kept so: few clients are that old.
func inlined(f *flag, segments map[int][]eval.Constraint) []byte {
	var doc eval.Flag
	_ = json.Unmarshal(f.json, &doc) // what newFlag has encoded
	return encodeFlag(inlineSegments(doc, segments))
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
