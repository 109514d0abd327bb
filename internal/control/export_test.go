package control

import "context"

// FlushDenialsForTest records what was refused, now.
func (s *Service) FlushDenialsForTest(ctx context.Context) error { return s.flushDenials(ctx, s.now()) }

// DemoteForTest demotes an agent as the guard does.
func (s *Service) DemoteForTest(ctx context.Context, agent string) error {
	return s.write(ctx, guard(), Normal, func(w *work) error { return w.demote(agent, demotedBudget) })
}
