package eval

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// The types of an Event.
const (
	Hydration      = "hydration"       // Features and Segments replace everything
	FeatureUpdated = "feature-updated" // Feature is new or changed
	FeatureRemoved = "feature-removed" // FeatureName of Project is gone
	SegmentUpdated = "segment-updated" // Segment is new or changed
	SegmentRemoved = "segment-removed" // SegmentID is gone
)

// Delta is a run of changes to an environment, in order: the body of Unleash's
// GET /api/client/delta, and the data of each event of its stream.
type Delta struct {
	Events []Event `json:"events"`
}

// Event is one change. Its Type says which fields it has. A hydration for
// Unleash's clients has both of its lists, empty rather than nil.
type Event struct {
	Type        string    `json:"type"`
	EventID     int64     `json:"eventId"`
	Features    []Flag    `json:"features,omitzero"`
	Segments    []Segment `json:"segments,omitzero"`
	Feature     *Flag     `json:"feature,omitempty"`
	FeatureName string    `json:"featureName,omitempty"`
	Project     string    `json:"project,omitempty"`
	Segment     *Segment  `json:"segment,omitempty"`
	SegmentID   int       `json:"segmentId,omitempty"`
}

// Apply folds the events of d, in order, into a new Snapshot, and leaves s as
// it is. Features come out sorted by name and segments by id; the revision is
// the last event's id. To remove what is not there is no error. With an event
// that Apply does not know, or that lacks its content, s is returned with an
// error: the caller must ask for a hydration, since what it holds is no longer
// what the server holds.
func (s Snapshot) Apply(d Delta) (Snapshot, error) {
	if len(d.Events) == 0 {
		return s, nil
	}
	next := s
	next.Features = sortedLast(s.Features, byName)
	next.Segments = sortedLast(s.Segments, byID)
	for _, e := range d.Events {
		if err := next.fold(e); err != nil {
			return s, fmt.Errorf("fold event %d: %w", e.EventID, err)
		}
	}
	next.Meta = s.metaAfter(d)
	return next, nil
}

// metaAfter returns the meta data of s after a delta that has events.
func (s *Snapshot) metaAfter(d Delta) *Meta {
	meta := Meta{RevisionID: d.Events[len(d.Events)-1].EventID}
	if s.Meta != nil {
		meta.QueryHash = s.Meta.QueryHash
	}
	return &meta
}

// fold applies one event to s, whose lists are its own and sorted.
func (s *Snapshot) fold(e Event) error {
	switch e.Type {
	case Hydration:
		s.Version = max(s.Version, 2)
		s.Features = sortedLast(e.Features, byName)
		s.Segments = sortedLast(e.Segments, byID)
	case FeatureUpdated:
		if e.Feature == nil {
			return errors.New("feature-updated without a feature")
		}
		s.Features = put(s.Features, *e.Feature, byName)
	case FeatureRemoved:
		s.Features = remove(s.Features, Flag{Name: e.FeatureName}, byName)
	case SegmentUpdated:
		if e.Segment == nil {
			return errors.New("segment-updated without a segment")
		}
		s.Segments = put(s.Segments, *e.Segment, byID)
	case SegmentRemoved:
		s.Segments = remove(s.Segments, Segment{ID: e.SegmentID}, byID)
	default:
		return fmt.Errorf("unknown type %q", e.Type)
	}
	return nil
}

func byName(a, b Flag) int { return cmp.Compare(a.Name, b.Name) }

func byID(a, b Segment) int { return cmp.Compare(a.ID, b.ID) }

// sortedLast returns a sorted copy of list. Of equals it keeps the last, as
// Compile does.
func sortedLast[T any](list []T, order func(a, b T) int) []T {
	out := slices.Clone(list)
	if increases(out, order) {
		return out
	}
	slices.Reverse(out)
	slices.SortStableFunc(out, order)
	return slices.CompactFunc(out, func(a, b T) bool { return order(a, b) == 0 })
}

// increases reports whether list is sorted and has no equals, as one is that
// was folded before.
func increases[T any](list []T, order func(a, b T) int) bool {
	for i := 1; i < len(list); i++ {
		if order(list[i-1], list[i]) >= 0 {
			return false
		}
	}
	return true
}

// put replaces the element of a sorted list that equals v, or inserts v.
func put[T any](list []T, v T, order func(a, b T) int) []T {
	i, found := slices.BinarySearchFunc(list, v, order)
	if found {
		list[i] = v
		return list
	}
	return slices.Insert(list, i, v)
}

// remove deletes the element of a sorted list that equals v, if there is one.
func remove[T any](list []T, v T, order func(a, b T) int) []T {
	i, found := slices.BinarySearchFunc(list, v, order)
	if !found {
		return list
	}
	return slices.Delete(list, i, i+1)
}
