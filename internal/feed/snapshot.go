package feed

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

// snapshot is an environment as it is at seq. It is never changed: the next one
// shares every flag and segment that stayed the same, so that two pointers are
// equal where their documents are.
type snapshot struct {
	seq      int64
	flags    []*flag    // by name
	segments []*segment // by id
}

// flag is a flag's wire document, which every scope shares, with what picks it.
// The rest is decoded only where flags are evaluated here: that would take many
// times the memory of the document.
type flag struct {
	Name, Project string

	uses    []int // segments
	json    []byte
	decoded atomic.Pointer[decoded]
}

// doc returns the flag decoded, the same one to all who ask. It must not be
// changed.
func (f *flag) doc() *decoded {
	if d := f.decoded.Load(); d != nil {
		return d
	}
	var d decoded
	_ = json.Unmarshal(f.json, &d.Flag) // what newFlag has encoded
	f.decoded.CompareAndSwap(nil, &d)
	return f.decoded.Load()
}

// segment is a segment with its wire document.
type segment struct {
	eval.Segment
	json []byte
}

func newFlag(f eval.Flag) *flag {
	out := &flag{Name: f.Name, Project: f.Project, json: encodeFlag(f)}
	for _, st := range f.Strategies {
		out.uses = append(out.uses, st.Segments...)
	}
	return out
}

func newSegment(s eval.Segment) *segment { return &segment{Segment: s, json: encode(s)} }

// encode returns a document of text, numbers and maps of text, which always
// has a JSON form.
func encode(doc any) []byte {
	out, _ := json.Marshal(doc)
	return out
}

func newSnapshot(in control.Served, shared pool) *snapshot {
	return (&snapshot{}).apply(in.Seq, control.Update{Flags: in.Flags, Segments: in.Segments}, shared)
}

// apply returns the snapshot at seq. An update that has been applied already
// changes nothing, so that events may be read twice.
func (s *snapshot) apply(seq int64, u control.Update, shared pool) *snapshot {
	next := &snapshot{seq: seq, flags: slices.Clone(s.flags), segments: slices.Clone(s.segments)}
	for _, f := range u.Flags {
		next.putFlag(shared.flag(f))
	}
	for _, f := range u.Removed {
		delete(shared, f.Name)
		if i, found := findFlag(next.flags, f.Name); found {
			next.flags = slices.Delete(next.flags, i, i+1)
		}
	}
	for _, seg := range u.Segments {
		next.putSegment(newSegment(seg))
	}
	next.segments = slices.DeleteFunc(next.segments, func(s *segment) bool { return slices.Contains(u.Dropped, s.ID) })
	return next
}

// putFlag puts f in its place, unless what is there says the same.
func (s *snapshot) putFlag(f *flag) {
	i, found := findFlag(s.flags, f.Name)
	switch {
	case !found:
		s.flags = slices.Insert(s.flags, i, f)
	case !bytes.Equal(s.flags[i].json, f.json):
		s.flags[i] = f
	}
}

// putSegment puts seg in its place, unless what is there says the same.
func (s *snapshot) putSegment(seg *segment) {
	i, found := slices.BinarySearchFunc(s.segments, seg.ID, func(s *segment, id int) int { return cmp.Compare(s.ID, id) })
	switch {
	case !found:
		s.segments = slices.Insert(s.segments, i, seg)
	case !bytes.Equal(s.segments[i].json, seg.json):
		s.segments[i] = seg
	}
}

// findFlag returns where a flag is in a list by name, or belongs.
func findFlag(flags []*flag, name string) (int, bool) {
	return slices.BinarySearchFunc(flags, name, func(f *flag, name string) int { return strings.Compare(f.Name, name) })
}
