package control

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// FlagUsage returns the hours of a flag since a moment, oldest first, and who
// asked about it, when.
func (s *Service) FlagUsage(ctx context.Context, p Principal, flag string, since time.Time) ([]Usage, []FlagUse, error) {
	var f Flag
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		f, err = readable(tx, p, Ref{Flag: flag})
		return err
	})
	if err != nil || s.usage == nil {
		return nil, nil, err
	}
	usage, err := s.usage.Usage(ctx, flag, since)
	if err != nil {
		return nil, nil, err
	}
	uses, err := s.usage.FlagUses(ctx, UseFilter{Flag: flag})
	uses = slices.DeleteFunc(uses, func(u FlagUse) bool { return u.SeenAt.Before(f.CreatedAt) })
	return usage, uses, err
}

// lastSeen returns when a flag was last asked about, by environment.
func lastSeen(f Flag, uses []FlagUse) map[string]time.Time {
	out := map[string]time.Time{}
	for _, u := range uses {
		if !u.SeenAt.Before(f.CreatedAt) {
			out[u.Environment] = latest(out[u.Environment], u.SeenAt)
		}
	}
	return out
}

// UnknownFlag is a flag that applications ask about and nobody serves: a name
// that is mistyped, or code that outlived its flag.
type UnknownFlag struct {
	Name        string
	LastSeenAt  time.Time
	LastEventAt *time.Time   // when it was archived, or last changed before it was deleted; nil where it never existed
	Uses        []UnknownUse // by environment and application
}

// UnknownFlags returns them by name.
func (s *Service) UnknownFlags(ctx context.Context, p Principal) ([]UnknownFlag, error) {
	if err := p.readsAnything(); err != nil {
		return nil, err
	}
	flags, cards, err := s.known(ctx)
	if err != nil || s.usage == nil {
		return nil, err
	}
	uses, err := s.usage.UnknownUses(ctx)
	if err != nil {
		return nil, err
	}
	found := map[string]*UnknownFlag{}
	for _, u := range uses {
		f, exists := flags[u.Flag]
		forgotten := cards[u.App].ForgottenAt
		if exists && f.ArchivedAt == nil || forgotten != nil && !u.SeenAt.After(*forgotten) {
			continue
		}
		one := found[u.Flag]
		if one == nil {
			one = &UnknownFlag{Name: u.Flag, LastEventAt: f.ArchivedAt}
			found[u.Flag] = one
		}
		one.LastSeenAt = latest(one.LastSeenAt, u.SeenAt)
		one.Uses = append(one.Uses, u)
	}
	out := make([]UnknownFlag, 0, len(found))
	for _, one := range found {
		out = append(out, *one)
	}
	slices.SortFunc(out, func(a, b UnknownFlag) int { return cmp.Compare(a.Name, b.Name) })
	return out, s.lastEvents(ctx, out)
}

// lastEvents fills in when flags that are no more were last changed.
func (s *Service) lastEvents(ctx context.Context, all []UnknownFlag) error {
	return s.store.View(ctx, func(tx ReadTx) error {
		for i, one := range all {
			if one.LastEventAt != nil {
				continue
			}
			first, err := tx.Revision(KindFlag, one.Name, 1)
			if err != nil {
				if err := present(err); err != nil {
					return err
				}
				continue
			}
			last := first.UpdatedAt
			for rev := first.Rev + 1; ; rev++ {
				r, err := tx.Revision(KindFlag, one.Name, rev)
				if KindOf(err) == NotFound {
					break
				}
				if err != nil {
					return err
				}
				last = latest(last, r.UpdatedAt)
			}
			all[i].LastEventAt = &last
		}
		return nil
	})
}

// DropReports forgets what clients reported before a moment, but for who last
// asked about each flag.
func (s *Service) DropReports(ctx context.Context, before time.Time) error {
	if s.usage == nil {
		return nil
	}
	return s.usage.DropReports(ctx, before)
}
