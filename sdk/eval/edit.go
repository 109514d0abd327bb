package eval

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Changes are what Apply did to a Set.
type Changes struct {
	// Numbers are those of the flags that were compiled anew or removed,
	// ascending: for all others the two Sets answer the same, but for flags
	// that depend on one of them.
	Numbers []int
	// Renumbered says that the numbers of the Set before have no meaning in the
	// one after. Numbers are all of those then.
	Renumbered bool
	// Warnings are the faults of the flags in Numbers.
	Warnings []Warning
}

// Apply folds the events of d into a new Set, which answers as one would that
// was compiled from Snapshot.Apply. It compiles the flags that d names, those
// that use a segment that d names, and no other. Where Snapshot.Apply refuses
// d it returns s with the same error.
//
// The new Set refers to what d holds, which must not be modified afterwards.
func (s *Set) Apply(d Delta) (*Set, Changes, error) {
	if len(d.Events) == 0 {
		return s, Changes{}, nil
	}
	e := newEdit(s)
	for _, event := range d.Events {
		if err := e.fold(event); err != nil {
			return s, Changes{}, fmt.Errorf("fold event %d: %w", event.EventID, err)
		}
	}
	e.set.header.Meta = s.header.metaAfter(d)
	e.compile()
	if e.crowded() {
		next, warnings := s.options.Compile(e.set.Snapshot())
		return next, Changes{Numbers: numbers(next), Renumbered: true, Warnings: warnings}, nil
	}
	return e.set, Changes{Numbers: e.numbers(), Renumbered: e.renumbered, Warnings: e.warnings}, nil
}

// edit is a Set in the making. It begins with the pages, the slots and the
// segments of another, and copies what it changes.
type edit struct {
	set        *Set
	own        []bool         // by page, whether it is a copy
	ownNames   bool           // the index and the names are copies
	touched    map[int32]bool // to be compiled
	warnings   []Warning
	renumbered bool
}

func newEdit(from *Set) *edit {
	next := *from
	next.pages = slices.Clone(from.pages)
	return &edit{set: &next, own: make([]bool, len(next.pages)), touched: make(map[int32]bool)}
}

// fold takes one event.
func (e *edit) fold(event Event) error {
	switch event.Type {
	case Hydration:
		header := e.set.header
		header.Version = max(header.Version, 2)
		header.Features, header.Segments = event.Features, event.Segments
		e.hydrate(header)
	case FeatureUpdated:
		if event.Feature == nil {
			return errors.New("feature-updated without a feature")
		}
		e.put(event.Feature)
	case FeatureRemoved:
		e.remove(event.FeatureName)
	case SegmentUpdated:
		if event.Segment == nil {
			return errors.New("segment-updated without a segment")
		}
		e.editSegments()[event.Segment.ID] = compileSegment(event.Segment)
		e.touchUsers(event.Segment.ID)
	case SegmentRemoved:
		delete(e.editSegments(), event.SegmentID)
		e.touchUsers(event.SegmentID)
	default:
		return fmt.Errorf("unknown type %q", event.Type)
	}
	return nil
}

// hydrate begins anew with a whole document.
func (e *edit) hydrate(s Snapshot) {
	*e = edit{
		set: &Set{
			segments: make(map[int]*segment, len(s.Segments)),
			header:   Snapshot{Version: s.Version, Query: s.Query, Meta: s.Meta},
			options:  e.set.options,
			index:    newIndex(len(s.Features)),
		},
		touched: make(map[int32]bool, len(s.Features)), renumbered: true, ownNames: true,
	}
	for i := range s.Segments {
		e.set.segments[s.Segments[i].ID] = compileSegment(&s.Segments[i])
	}
	for i := range s.Features {
		if _, twice := e.set.Index(s.Features[i].Name); twice {
			e.warn(s.Features[i].Name, "the name appears twice; the last one counts")
		}
		e.put(&s.Features[i])
	}
}

// put sets the document of a flag.
func (e *edit) put(f *Flag) {
	n := e.number(f.Name)
	p := e.page(n)
	if p.documents[n%pageSize] == nil {
		e.set.flags++
	}
	p.documents[n%pageSize] = f
	p.programs[n%pageSize].mode = modeOff
	e.touched[n] = true
}

// remove makes a flag unknown. Its name keeps the number.
func (e *edit) remove(name string) {
	n, found := e.set.find(name)
	if !found.known() {
		return
	}
	p := e.page(n)
	p.documents[n%pageSize] = nil
	p.programs[n%pageSize] = program{name: p.programs[n%pageSize].name}
	e.set.flags--
	e.touched[n] = true
}

// number returns the number of a name, a new one where it has none.
func (e *edit) number(name string) int32 {
	if n, _ := e.set.find(name); n >= 0 {
		return n
	}
	e.roomForName()
	n := int32(e.set.length)
	if n%pageSize == 0 {
		e.set.pages, e.own = append(e.set.pages, new(page)), append(e.own, true)
	}
	e.set.length++
	e.page(n).programs[n%pageSize].name = uint32(len(e.set.names))
	e.set.names = append(binary.AppendUvarint(e.set.names, uint64(len(name))), name...)
	e.set.index.add(name)
	return n
}

// roomForName makes the index and the names ones to which another name can be
// added.
func (e *edit) roomForName() {
	s := e.set
	if !e.ownNames {
		s.index.slots, s.names, e.ownNames = slices.Clone(s.index.slots), slices.Clone(s.names), true
	}
	if s.index.full() {
		s.index = newIndex(2 * s.length)
		for n := range s.length {
			s.index.add(s.name(int32(n)))
		}
	}
}

// page returns the page of a number, to be changed.
func (e *edit) page(n int32) *page {
	i := n / pageSize
	if !e.own[i] {
		mine := *e.set.pages[i]
		e.set.pages[i], e.own[i] = &mine, true
	}
	return e.set.pages[i]
}

// editSegments returns the segments, to be changed.
func (e *edit) editSegments() map[int]*segment {
	e.set.segments = maps.Clone(e.set.segments)
	return e.set.segments
}

// touchUsers has the flags compiled that use a segment.
func (e *edit) touchUsers(id int) {
	for i := range e.set.length {
		f := e.set.Flag(i)
		if f != nil && slices.ContainsFunc(f.Strategies, func(st Strategy) bool { return slices.Contains(st.Segments, id) }) {
			e.touched[int32(i)] = true
		}
	}
}

// compile compiles what is touched.
func (e *edit) compile() {
	for _, i := range e.numbers() {
		if f := e.set.Flag(i); f != nil {
			compiled := e.compileFlag(f)
			p := &e.page(int32(i)).programs[i%pageSize]
			compiled.name = p.name
			*p = compiled
		}
	}
}

func (e *edit) numbers() []int {
	out := make([]int, 0, len(e.touched))
	for n := range e.touched {
		out = append(out, int(n))
	}
	slices.Sort(out)
	return out
}

// crowded reports whether most numbers are of flags that are gone.
func (e *edit) crowded() bool { return !e.renumbered && e.set.length > 2*e.set.flags+pageSize }

func numbers(s *Set) []int {
	out := make([]int, s.length)
	for i := range out {
		out[i] = i
	}
	return out
}

// Snapshot returns the document that s was made from, with its flags sorted by
// name and its segments by id, as by Snapshot.Apply. It must not be modified.
func (s *Set) Snapshot() Snapshot {
	document := s.header
	document.Features = make([]Flag, 0, s.flags)
	for i := range s.length {
		if f := s.Flag(i); f != nil {
			document.Features = append(document.Features, *f)
		}
	}
	document.Segments = make([]Segment, 0, len(s.segments))
	for _, segment := range s.segments {
		document.Segments = append(document.Segments, *segment.document)
	}
	slices.SortFunc(document.Features, byName)
	slices.SortFunc(document.Segments, byID)
	return document
}
