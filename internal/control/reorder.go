package control

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// StrategyOrder gives a strategy its place among the others.
type StrategyOrder struct {
	ID        string
	SortOrder int // the lower, the earlier
}

// ReorderStrategies sorts the strategies of a flag in one environment, of
// which the first that matches decides the variant. One that is not named
// keeps the place it has, counted from 0, as its order.
func (s *Service) ReorderStrategies(ctx context.Context, p Principal, ref Ref, order []StrategyOrder) error {
	_, err := s.changeEnv(ctx, p, Normal, PermRuleWrite, "rule.reorder", ref, func(w *work, _ projectFlag, fe *FlagEnv) error {
		if err := w.noRelease(ref); err != nil {
			return err
		}
		places := map[string]int{}
		for i, st := range fe.Strategies {
			places[st.ID] = i
		}
		for i, o := range order {
			if fe.index(o.ID) < 0 {
				return Invalidf(fmt.Sprintf("[%d].id", i), "there is no strategy %q", o.ID)
			}
			places[o.ID] = o.SortOrder
		}
		slices.SortStableFunc(fe.Strategies, func(a, b Strategy) int { return cmp.Compare(places[a.ID], places[b.ID]) })
		return nil
	})
	return err
}
