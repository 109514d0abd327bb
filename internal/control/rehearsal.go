package control

import (
	"context"
	"errors"
)

// Rehearsal returns a Service whose writes are carried out up to their commit
// and then taken back: they return what they would have, or why they would have
// been refused, and leave neither a change nor a record.
func (s *Service) Rehearsal() *Service {
	out := *s
	out.store = rehearsal{s.store}
	// What is noted of a log that was never written must not be believed later.
	out.credentials, out.denials = newCredentials(), newDenials()
	return &out
}

// rehearsal is a Store that commits nothing.
type rehearsal struct{ Store }

var errRehearsed = errors.New("a rehearsal is not committed")

// Update implements Store.
func (r rehearsal) Update(ctx context.Context, pri Priority, fn func(Tx) error) error {
	err := r.Store.Update(ctx, pri, func(tx Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return errRehearsed
	})
	if errors.Is(err, errRehearsed) {
		return nil
	}
	return err
}
