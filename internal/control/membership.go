package control

import (
	"context"
	"slices"
)

// Membership is the roles that an account has in a project, its groups' ones
// included.
type Membership struct {
	Project string
	Roles   []int
}

// Memberships lists, by project, where an account is a member: one's own, or
// anybody's with PermUserRead.
func (s *Service) Memberships(ctx context.Context, p Principal, account string) ([]Membership, error) {
	if _, err := s.Account(ctx, p, account); err != nil {
		return nil, err
	}
	out := []Membership{}
	err := s.store.View(ctx, func(tx ReadTx) error {
		groups, err := list[Group](tx, KindGroup, "")
		if err != nil {
			return err
		}
		in := func(m Member) bool {
			return m.Account == account ||
				slices.ContainsFunc(groups, func(g Group) bool { return g.ID == m.Group && g.has(account) })
		}
		projects, err := list[Project](tx, KindProject, "")
		for _, pr := range projects {
			var has []int
			for _, m := range pr.Members {
				if in(m) {
					has = append(has, m.Roles...)
				}
			}
			if len(has) > 0 {
				slices.Sort(has)
				out = append(out, Membership{pr.ID, slices.Compact(has)})
			}
		}
		return err
	})
	return out, err
}

// RightsOf returns an account as the principal that it would be now: one's own,
// or anybody's with PermUserRead. It acts for nobody: it is to be asked what it
// May.
func (s *Service) RightsOf(ctx context.Context, p Principal, account string) (Principal, error) {
	if _, err := s.Account(ctx, p, account); err != nil {
		return Principal{}, err
	}
	var out Principal
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = actor(tx, account)
		if KindOf(err) == Unauthenticated { // disabled: it may do nothing
			out, err = Principal{Kind: KindHuman, ID: account}, nil
		}
		return err
	})
	return out, err
}
