package control

import (
	"context"
	"fmt"
	"strconv"

	"github.com/lockflight/lockflight/sdk/eval"
)

// CreateSegment adds a segment and returns it with its id, the next number.
func (s *Service) CreateSegment(ctx context.Context, p Principal, in eval.Segment) (eval.Segment, error) {
	if in.Name == "" {
		return in, Invalidf("name", "must not be empty")
	}
	err := s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{}, PermSegmentWrite); err != nil {
			return err
		}
		all, err := list[eval.Segment](w, KindSegment, "")
		if err != nil {
			return err
		}
		in.ID = 1
		for _, other := range all {
			if other.Name == in.Name {
				return &Error{Kind: Exists, Code: "exists", Field: "name", Msg: fmt.Sprintf("a segment %q exists already", in.Name)}
			}
			in.ID = max(in.ID, other.ID+1)
		}
		in.Constraints = written(in.Constraints)
		if err := checkSegment(in); err != nil {
			return err
		}
		return w.put(event{Type: "segment.create", Kind: KindSegment, Key: strconv.Itoa(in.ID), Doc: in})
	})
	return in, err
}

// Segments lists the segments by id.
func (s *Service) Segments(ctx context.Context, p Principal) ([]eval.Segment, error) {
	if err := p.May(PermRead, Scope{}); err != nil {
		return nil, err
	}
	var out []eval.Segment
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = list[eval.Segment](tx, KindSegment, "")
		return err
	})
	return out, err
}

func checkSegment(in eval.Segment) error {
	probe := eval.Flag{Name: "probe", Enabled: true, Strategies: []eval.Strategy{{Name: "default", Segments: []int{in.ID}}}}
	_, warnings := eval.Compile(eval.Snapshot{Features: []eval.Flag{probe}, Segments: []eval.Segment{in}})
	if len(warnings) > 0 {
		return Invalidf("constraints", "%s", warnings[0].Msg)
	}
	return nil
}
