package control

import (
	"context"
	"log/slog"
	"time"
)

// Use says when a credential was last used.
type Use struct {
	Credential string // a token's or session's id
	At         time.Time
}

// UseStore keeps when credentials were last used. It shares no lock with
// Store.Update, and losing the newest minute of it in a crash is allowed.
type UseStore interface {
	// MarkUsed keeps, for each credential, the latest moment it was told of.
	MarkUsed(ctx context.Context, uses []Use) error
	// LastUsed returns the last use of one credential, or of all where the id
	// is empty. One that was never used is absent.
	LastUsed(ctx context.Context, credential string) ([]Use, error)
}

// useEvery is how often last uses are written: one batch, not a write for each
// request.
const useEvery = time.Minute

// keepUses writes last uses until ctx ends, and then those that are left.
func (s *Service) keepUses(ctx context.Context) error {
	if s.uses == nil {
		return nil
	}
	tick := time.NewTicker(useEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return s.saveUses(context.WithoutCancel(ctx))
		case <-tick.C:
		}
		if err := s.saveUses(ctx); err != nil && ctx.Err() == nil {
			s.log.LogAttrs(ctx, slog.LevelWarn, "keeping last uses: they wait", slog.Any("error", err))
		}
	}
}

// saveUses writes what was used since it was last called.
func (s *Service) saveUses(ctx context.Context) error {
	var uses []Use
	var used []*credential
	s.credentials.mu.RLock()
	for _, c := range s.credentials.known {
		if at := c.used.Load(); at > c.saved.Load() {
			uses = append(uses, Use{c.Cred, time.UnixMilli(at).UTC()})
			used = append(used, c)
		}
	}
	s.credentials.mu.RUnlock()
	if len(uses) == 0 {
		return nil
	}
	if err := s.uses.MarkUsed(ctx, uses); err != nil {
		return err
	}
	for i, c := range used {
		raise(&c.saved, uses[i].At.UnixMilli())
	}
	return nil
}

// lastUses returns when each credential was last used, as far as is known here:
// the last minute of other replicas is not.
func (s *Service) lastUses(ctx context.Context, id string) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	if s.uses != nil {
		kept, err := s.uses.LastUsed(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, u := range kept {
			out[u.Credential] = u.At
		}
	}
	s.credentials.mu.RLock()
	defer s.credentials.mu.RUnlock()
	for _, c := range s.credentials.known {
		if at := time.UnixMilli(c.used.Load()).UTC(); (id == "" || id == c.Cred) && at.After(out[c.Cred]) {
			out[c.Cred] = at
		}
	}
	return out, nil
}
