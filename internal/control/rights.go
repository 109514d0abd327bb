package control

import "slices"

// rights are what an account was granted: its role everywhere, those of its
// groups, and those that projects have given it or them.
func rights(tx ReadTx, a Account) ([]Grant, error) {
	groups, err := list[Group](tx, KindGroup, "")
	if err != nil {
		return nil, err
	}
	in := []int{}
	wide := []int{a.Role}
	for _, g := range groups {
		if g.has(a.ID) {
			in, wide = append(in, g.ID), append(wide, g.Role)
		}
	}
	return grantsOf(tx, wide, func(m Member) bool {
		return m.Account != "" && m.Account == a.ID || slices.Contains(in, m.Group)
	})
}

// groupRights are what somebody gets by being in a group.
func groupRights(tx ReadTx, g Group) ([]Grant, error) {
	return grantsOf(tx, []int{g.Role}, func(m Member) bool { return m.Group == g.ID })
}

// grantsOf turns the roles of somebody, those that count everywhere and those
// as a member of projects, into grants. What counts everywhere leaves out the
// private projects of others, except for an Admin's.
func grantsOf(tx ReadTx, wide []int, member func(Member) bool) ([]Grant, error) {
	known, err := roles(tx)
	if err != nil {
		return nil, err
	}
	projects, err := list[Project](tx, KindProject, "")
	if err != nil {
		return nil, err
	}
	var out []Grant
	var private []string
	for _, pr := range projects {
		belongs := false
		for _, m := range pr.Members {
			if !member(m) {
				continue
			}
			belongs = true
			for _, id := range m.Roles {
				out = append(out, known[id].grants([]string{pr.ID}, nil)...)
			}
		}
		if pr.Mode == modePrivate && !belongs {
			private = append(private, pr.ID)
		}
	}
	for _, id := range wide {
		except := private
		if id == RoleAdmin {
			except = nil
		}
		out = append(out, known[id].grants([]string{All}, except)...)
		if id == RoleEditor {
			out = append(out, known[RoleOwner].grants([]string{defaultProject}, nil)...)
		}
	}
	return out, nil
}

// actor is the principal of an account, with what it may do now.
func actor(tx ReadTx, id string) (Principal, error) {
	a, err := get[Account](tx, KindAccount, id)
	if KindOf(err) == NotFound || err == nil && a.DisabledAt != nil {
		return Principal{}, errCredential
	}
	if err != nil {
		return Principal{}, err
	}
	p := Principal{Kind: a.Kind, ID: a.ID, Origin: "api"}
	p.Grants, err = rights(tx, a)
	if a.Kind == KindAgent {
		p.agent = &a
	}
	if a.Kind == KindAgent && a.Owner != "" { // nobody answers for it any more
		owner, missing := get[Account](tx, KindAccount, a.Owner)
		if missing != nil || owner.DisabledAt != nil {
			p.Grants = nil
		}
	}
	return p, err
}

// grantsRole refuses to give a role that counts everywhere, where it is none or
// allows what the principal does not hold.
func (w *work) grantsRole(id int) error {
	r, err := roleOf(w, id)
	if err == nil && !r.everywhere() {
		return Invalidf("rootRole", "the role %q is for projects", r.Name)
	}
	if err != nil {
		return asField(err, "rootRole", "there is no role %d", id)
	}
	given, err := grantsOf(w, []int{id}, func(Member) bool { return false })
	if err != nil {
		return err
	}
	return w.holds(given)
}

// holdsAccount refuses who does not hold all that an account may do.
func (w *work) holdsAccount(a Account) error {
	given, err := rights(w, a)
	if err != nil {
		return err
	}
	return w.holds(given)
}
