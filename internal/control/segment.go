package control

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/lockflight/lockflight/sdk/eval"
)

// Segment is a list of constraints that strategies share, with what people say
// about it. Clients are sent the embedded part alone.
type Segment struct {
	eval.Segment

	Description string    `json:"description,omitempty"`
	Project     string    `json:"project,omitempty"` // whose strategies alone may use it; "" for those of all
	CreatedAt   time.Time `json:"createdAt,omitzero"`
	CreatedBy   string    `json:"createdBy,omitempty"` // the principal's id
}

// CreateSegment adds a segment and returns it with its id, the next number.
func (s *Service) CreateSegment(ctx context.Context, p Principal, in Segment) (Segment, error) {
	if in.Name == "" {
		return in, Invalidf("name", "must not be empty")
	}
	err := s.write(ctx, p, Normal, func(w *work) (err error) {
		if err := w.may(Scope{Project: in.Project}, PermSegmentWrite, PermSegmentCreate); err != nil {
			return err
		}
		if in.ID, err = nextSegmentID(w); err != nil {
			return err
		}
		in.Constraints = written(in.Constraints)
		if err := checkSegment(w, in); err != nil {
			return err
		}
		in.CreatedAt, in.CreatedBy = w.now, p.ID
		return w.put(segmentEvent("segment.create", in))
	})
	return in, err
}

// UpdateSegment replaces a segment's name, description, project and
// constraints. It is refused where it would change who takes part in a running
// release, or where a strategy of another project than the new one uses it.
func (s *Service) UpdateSegment(ctx context.Context, p Principal, in Segment) error {
	if in.Name == "" {
		return Invalidf("name", "must not be empty")
	}
	return s.write(ctx, p, Normal, func(w *work) error {
		old, err := segmentOf(w, in.ID)
		if err != nil {
			return err
		}
		for _, project := range []string{old.Project, in.Project} {
			if err := w.may(Scope{Project: project}, PermSegmentWrite, PermSegmentUpdate); err != nil {
				return err
			}
		}
		in.Constraints, in.CreatedAt, in.CreatedBy = written(in.Constraints), old.CreatedAt, old.CreatedBy
		if err := checkSegment(w, in); err != nil {
			return err
		}
		uses, err := usesOf(w, in.ID)
		if err != nil {
			return err
		}
		for _, u := range uses {
			if in.Project != "" && u.Project != in.Project {
				return Invalidf("project", "a strategy of flag %q in project %q uses the segment", u.Flag, u.Project)
			}
			if u.Flag == "" {
				continue
			}
			if err := w.noRelease(u.Ref); err != nil {
				return err
			}
		}
		return w.put(segmentEvent("segment.update", in))
	})
}

// DeleteSegment removes a segment that no strategy uses, those of archived
// flags included, which may be revived.
func (s *Service) DeleteSegment(ctx context.Context, p Principal, id int) error {
	return s.write(ctx, p, Normal, func(w *work) error {
		old, err := segmentOf(w, id)
		if err != nil {
			return err
		}
		if err := w.may(Scope{Project: old.Project}, PermSegmentWrite, PermSegmentDelete); err != nil {
			return err
		}
		uses, err := usesOf(w, id)
		if err != nil {
			return err
		}
		if len(uses) > 0 {
			return Errorf(Conflict, "segment_in_use", "segment %q is used by %s: take it out of there first", old.Name, uses[0])
		}
		return w.remove(segmentEvent("segment.delete", old))
	})
}

func segmentEvent(typ string, seg Segment) event {
	return event{Type: typ, Kind: KindSegment, Key: strconv.Itoa(seg.ID), Project: seg.Project, Doc: seg}
}

// Segments lists the segments by id.
func (s *Service) Segments(ctx context.Context, p Principal) ([]Segment, error) {
	if err := p.May(PermRead, Scope{}); err != nil {
		return nil, err
	}
	var out []Segment
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = list[Segment](tx, KindSegment, "")
		return err
	})
	slices.SortFunc(out, func(a, b Segment) int { return a.ID - b.ID })
	return out, err
}

// Segment returns one segment.
func (s *Service) Segment(ctx context.Context, p Principal, id int) (Segment, error) {
	if err := p.May(PermRead, Scope{}); err != nil {
		return Segment{}, err
	}
	var out Segment
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = segmentOf(tx, id)
		return err
	})
	return out, err
}

// ValidateSegmentName says whether a segment of that name can be created.
func (s *Service) ValidateSegmentName(ctx context.Context, name string) error {
	if name == "" {
		return Invalidf("name", "must not be empty")
	}
	return s.store.View(ctx, func(tx ReadTx) error { return freeSegmentName(tx, Segment{Segment: eval.Segment{Name: name}}) })
}

func segmentOf(tx ReadTx, id int) (Segment, error) {
	seg, err := get[Segment](tx, KindSegment, strconv.Itoa(id))
	return seg, asMissing(err, "segment", strconv.Itoa(id))
}

// nextSegmentID returns an id that no segment has or had: a strategy that is
// restored to an earlier version must not get another segment by it.
func nextSegmentID(tx ReadTx) (int, error) {
	all, err := list[eval.Segment](tx, KindSegment, "")
	id := 1
	for _, other := range all {
		id = max(id, other.ID+1)
	}
	for err == nil {
		if _, err = tx.Revision(KindSegment, strconv.Itoa(id), 1); err == nil {
			id++
		}
	}
	if KindOf(err) == NotFound {
		return id, nil
	}
	return 0, err
}

// checkSegment checks a segment against the others and itself.
func checkSegment(tx ReadTx, in Segment) error {
	if in.Project != "" {
		if _, err := get[Project](tx, KindProject, in.Project); err != nil {
			return asField(err, "project", "there is no project %q", in.Project)
		}
	}
	if err := freeSegmentName(tx, in); err != nil {
		return err
	}
	return checkConstraints(tx, in.Project, "constraints", in.Constraints)
}

func freeSegmentName(tx ReadTx, in Segment) error {
	all, err := list[eval.Segment](tx, KindSegment, "")
	for _, other := range all {
		if other.Name == in.Name && other.ID != in.ID {
			return &Error{Kind: Exists, Code: "exists", Field: "name", Msg: fmt.Sprintf("a segment %q exists already", in.Name)}
		}
	}
	return err
}
