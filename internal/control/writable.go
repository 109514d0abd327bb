package control

import "context"

// Writable says whether the store takes writes now: nil, or why it does not.
// It waits its turn as a write does, and changes nothing.
func (s *Service) Writable(ctx context.Context, p Principal) error {
	if err := p.May(PermAuditRead, Scope{}); err != nil {
		return err
	}
	return s.store.Update(ctx, Normal, func(Tx) error { return nil })
}
