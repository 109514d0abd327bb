package control

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

// Admission is what a provider says of a person who has proven to it who they
// are.
type Admission struct {
	Identity      Identity
	Name          string
	Email         string
	EmailVerified bool
	Groups        []string
	Role          int // of an account that is made for who has none; 0: none is made
}

// Admit returns the account of a person whom a provider has proven, and brings
// its groups in line with what the provider says: those that name groups of a
// provider, and no others. The identity decides. An e-mail address finds an
// account only where the provider has verified it and the account has no
// identity yet. It is for package signin.
func (s *Service) Admit(ctx context.Context, in Admission) (Account, error) {
	var out Account
	err := s.write(ctx, system("signin"), Normal, func(w *work) (err error) {
		if out, err = w.admitted(in); err != nil {
			return err
		}
		if out.DisabledAt != nil || out.BreakGlass {
			return Errorf(Denied, "not_admitted", "this account is not signed in by a provider")
		}
		return w.syncGroups(out.ID, in.Groups)
	})
	return out, err
}

func (w *work) admitted(in Admission) (Account, error) {
	all, err := list[Account](w, KindAccount, "")
	if err != nil {
		return Account{}, err
	}
	for _, a := range all {
		if slices.Contains(a.Identities, in.Identity) {
			return a, nil
		}
	}
	for _, a := range all {
		if in.EmailVerified && a.Email != "" && a.Kind == KindHuman && len(a.Identities) == 0 && strings.EqualFold(a.Email, in.Email) {
			a.Identities = []Identity{in.Identity}
			return a, w.put(event{Type: "user.identity.link", Kind: KindAccount, Key: a.ID, Doc: a})
		}
	}
	if in.Role == 0 {
		return Account{}, Errorf(Denied, "not_admitted", "there is no account for this identity; ask an admin for one")
	}
	made := Account{Kind: KindHuman, Name: in.Name, Username: in.Identity.Subject, Role: in.Role, Identities: []Identity{in.Identity}}
	if in.EmailVerified {
		made.Email = in.Email
	}
	if made.Email != "" {
		made.Username = ""
	}
	if err := made.check(); err != nil {
		return made, err
	}
	return w.addAccount(made)
}

// syncGroups puts an account into the groups that stand for those of a
// provider, and takes it out of the others of that sort.
func (w *work) syncGroups(account string, at []string) error {
	all, err := list[Group](w, KindGroup, "")
	for _, g := range all {
		if len(g.Mappings) == 0 {
			continue
		}
		belongs := slices.ContainsFunc(g.Mappings, func(m string) bool { return slices.Contains(at, m) })
		if belongs == g.has(account) {
			continue
		}
		g.Members = slices.DeleteFunc(slices.Clone(g.Members), func(m GroupMember) bool { return m.Account == account })
		if belongs {
			g.Members = append(g.Members, GroupMember{Account: account, JoinedAt: w.now, AddedBy: w.p.ID})
		}
		if err := w.put(event{Type: "group.sync", Kind: KindGroup, Key: strconv.Itoa(g.ID), Doc: g}); err != nil {
			return err
		}
	}
	return err
}
