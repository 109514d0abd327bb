package control

import (
	"context"
	"fmt"
	"slices"
	"strconv"
)

// Member is an account, or a group, with the roles that it has in a project.
type Member struct {
	Account string `json:"account,omitempty"`
	Group   int    `json:"group,omitempty"`
	Roles   []int  `json:"roles"`
}

func (m Member) same(o Member) bool { return m.Account == o.Account && m.Group == o.Group }

// Members returns who has which roles in a project.
func (s *Service) Members(ctx context.Context, p Principal, project string) ([]Member, error) {
	if err := p.May(PermAccessRead, Scope{Project: project}); err != nil {
		return nil, err
	}
	pr, err := s.readProject(ctx, project)
	return pr.Members, err
}

// SetMembers replaces the members of a project.
func (s *Service) SetMembers(ctx context.Context, p Principal, project string, members []Member) error {
	return s.changeMembers(ctx, p, project, func([]Member) []Member { return members })
}

// SetMember gives an account or a group its roles in a project, none to end its
// membership.
func (s *Service) SetMember(ctx context.Context, p Principal, project string, m Member) error {
	return s.changeMembers(ctx, p, project, func(all []Member) []Member {
		all = slices.DeleteFunc(slices.Clone(all), m.same)
		if len(m.Roles) > 0 {
			all = append(all, m)
		}
		return all
	})
}

// AddMembers gives more roles to some.
func (s *Service) AddMembers(ctx context.Context, p Principal, project string, more []Member) error {
	return s.changeMembers(ctx, p, project, func(all []Member) []Member {
		all = slices.Clone(all)
		for _, m := range more {
			if i := slices.IndexFunc(all, m.same); i >= 0 {
				all[i].Roles = slices.Concat(all[i].Roles, m.Roles) // a new list: the old one is the stored project's
				continue
			}
			all = append(all, m)
		}
		return all
	})
}

// RemoveMemberRoles takes roles away from one.
func (s *Service) RemoveMemberRoles(ctx context.Context, p Principal, project string, m Member) error {
	return s.changeMembers(ctx, p, project, func(all []Member) []Member {
		all = slices.Clone(all)
		if i := slices.IndexFunc(all, m.same); i >= 0 {
			all[i].Roles = slices.DeleteFunc(slices.Clone(all[i].Roles), func(id int) bool { return slices.Contains(m.Roles, id) })
		}
		return all
	})
}

// changeMembers writes the members of a project. Whoever gives a role must hold
// what it allows there.
func (s *Service) changeMembers(ctx context.Context, p Principal, project string, change func([]Member) []Member) error {
	return s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{Project: project}, PermAccessWrite); err != nil {
			return err
		}
		pr, err := get[Project](w, KindProject, project)
		if err != nil {
			return asMissing(err, "project", project)
		}
		old := pr.Members
		if pr.Members, err = w.checkMembers(change(old)); err != nil {
			return err
		}
		for _, m := range pr.Members {
			had := slices.IndexFunc(old, m.same)
			for _, id := range m.Roles {
				if had >= 0 && slices.Contains(old[had].Roles, id) {
					continue
				}
				r, err := roleOf(w, id)
				if err != nil {
					return err
				}
				if err := w.holds(r.grants([]string{project}, nil)); err != nil {
					return err
				}
			}
		}
		return w.put(event{Type: "project.access.update", Kind: KindProject, Key: project, Project: project, Doc: pr})
	})
}

// owning makes who creates a project its owner, where that is an account; an
// agent creates for the person on whose behalf it acts.
func (w *work) owning() []Member {
	id := w.p.ID
	switch {
	case w.p.Kind == KindAgent:
		id = w.p.OnBehalfOf
	case !w.p.isAccount():
		id = ""
	}
	if id == "" {
		return nil
	}
	return []Member{{Account: id, Roles: []int{RoleOwner}}}
}

// checkMembers returns members with each role once, or what is wrong with them.
func (w *work) checkMembers(members []Member) ([]Member, error) {
	var out []Member
	for i, m := range members {
		at := fmt.Sprintf("members[%d]", i)
		var err error
		switch {
		case (m.Account == "") == (m.Group == 0):
			err = Invalidf(at, "must name an account or a group")
		case slices.ContainsFunc(out, m.same):
			err = Invalidf(at, "is there twice")
		case m.Account != "":
			_, err = get[Account](w, KindAccount, m.Account)
			err = asField(err, at, "there is no account %q", m.Account)
		default:
			_, err = get[Group](w, KindGroup, strconv.Itoa(m.Group))
			err = asField(err, at, "there is no group %d", m.Group)
		}
		if err != nil {
			return nil, err
		}
		m.Roles = slices.Clone(m.Roles)
		slices.Sort(m.Roles)
		m.Roles = slices.Compact(m.Roles)
		for j, id := range m.Roles {
			r, err := roleOf(w, id)
			if err == nil && r.everywhere() {
				err = Errorf(NotFound, "not_found", "not of a project")
			}
			if err != nil {
				return nil, asField(err, fmt.Sprintf("%s.roles[%d]", at, j), "there is no role %d for projects", id)
			}
		}
		if len(m.Roles) > 0 {
			out = append(out, m)
		}
	}
	return out, nil
}
