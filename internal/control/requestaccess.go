package control

import (
	"slices"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/policy"
)

// errApprover says why somebody may not approve; its Code is for programs.
func errApprover(code, msg string) error {
	return &Error{Kind: Denied, Code: code, Field: string(PermChangeApprove), Msg: msg}
}

// decisions are what people alone do, in a session of their own.
var decisions = []requestVerb{verbQuorum, verbReject, verbBypass, verbReview}

// interactive refuses whoever is no person in a session.
func (p Principal) interactive() error {
	if p.Kind != KindHuman || p.Via != viaSession {
		return errApprover("people_only", "only a person who is signed in approves, and no token does")
	}
	return nil
}

// approvable refuses who may not decide on a request: what is no person in a
// session, whoever stands behind it, and who may not approve anywhere in it.
func (c *ChangeRequest) approvable(tx ReadTx, p Principal) error {
	if err := p.interactive(); err != nil {
		return err
	}
	author, err := c.involves(tx, p.ID)
	switch {
	case err != nil:
		return err
	case author:
		return errApprover("own_request", "whoever proposed or edited a request, and the person behind it, does not approve it")
	case !slices.ContainsFunc(c.places(), func(at Scope) bool { return p.May(PermChangeApprove, at) == nil }):
		return p.May(PermChangeApprove, c.places()[0])
	}
	return nil
}

// involves reports whether an account is one of the people behind a request, or
// another account of one of them.
func (c *ChangeRequest) involves(tx ReadTx, account string) (bool, error) {
	who, err := get[Account](tx, KindAccount, account)
	if present(err) != nil {
		return false, err
	}
	for _, author := range c.Authors {
		for _, id := range author.people() {
			if id == account {
				return true, nil
			}
			other, err := get[Account](tx, KindAccount, id)
			if present(err) != nil {
				return false, err
			}
			if err == nil && who.samePerson(other) {
				return true, nil
			}
		}
	}
	return false, nil
}

// samePerson reports whether two accounts are one person's: by an identity at a
// provider, or an e-mail address.
func (a Account) samePerson(b Account) bool {
	return slices.ContainsFunc(a.Identities, func(i Identity) bool { return slices.Contains(b.Identities, i) }) ||
		a.Email != "" && strings.EqualFold(a.Email, b.Email)
}

// missingNow returns what a request still needs, by what its approvers may do now:
// who was disabled, has left the group or lost the role counts no more.
func (c *ChangeRequest) missingNow(tx ReadTx, now time.Time) (out []ApprovalsNeeded, err error) {
	out = c.missing(now, func(a RequestApproval, need ApprovalsNeeded) bool {
		ok, failed := c.counts(tx, a.By, need)
		if failed != nil {
			err = failed
		}
		return ok
	})
	return out, err
}

// counts reports whether an account's approval meets a requirement.
func (c *ChangeRequest) counts(tx ReadTx, account string, need ApprovalsNeeded) (bool, error) {
	p, err := actor(tx, account)
	if KindOf(err) == Unauthenticated {
		return false, nil // there is no such account any more
	}
	if err != nil || p.Kind != KindHuman || p.May(PermChangeApprove, need.scope()) != nil {
		return false, err
	}
	if author, err := c.involves(tx, account); author || err != nil {
		return false, err
	}
	return belongs(tx, account, need)
}

// belongs reports whether an account is one of those whom a requirement names.
func belongs(tx ReadTx, account string, need ApprovalsNeeded) (bool, error) {
	sort, name, _ := strings.Cut(need.From, ":")
	if sort == "" {
		return true, nil
	}
	groups, err := list[Group](tx, KindGroup, "")
	if err != nil {
		return false, err
	}
	groups = slices.DeleteFunc(groups, func(g Group) bool { return !g.has(account) })
	if sort == "group" {
		return slices.ContainsFunc(groups, func(g Group) bool { return g.Name == name }), nil
	}
	a, err := get[Account](tx, KindAccount, account)
	if err != nil {
		return false, err
	}
	held := []int{a.Role}
	for _, g := range groups {
		held = append(held, g.Role)
	}
	pr, err := get[Project](tx, KindProject, need.Project)
	if present(err) != nil {
		return false, err
	}
	for _, m := range pr.Members {
		if m.Account == account || slices.ContainsFunc(groups, func(g Group) bool { return m.Group == g.ID }) {
			held = append(held, m.Roles...)
		}
	}
	known, err := roles(tx)
	return slices.ContainsFunc(held, func(id int) bool { return known[id].Name == name }), err
}

// unapproved refuses to carry out what the policy requires more for, now, than
// the request's approvals give.
func (w *work) unapproved(requires []policy.Requirement) error {
	if w.request.Bypass != nil {
		return nil
	}
	c := *w.request
	c.Required = nil
	for _, r := range requires {
		c.Required = append(c.Required, ApprovalsNeeded{r.Rule, r.Approvals, r.From, w.input.Project, w.input.Env.Name})
	}
	missing, err := c.missingNow(w, w.now)
	if err != nil || len(missing) == 0 {
		return err
	}
	return Errorf(Conflict, "approval_missing", "change request %s needs %s", c.ID, needed(missing))
}

// backed refuses an operation that nobody behind the request may do.
func (w *work) backed(o Operation) error {
	for _, perm := range o.Permissions {
		if held, err := w.holdsOne(perm, o.scope()); err != nil {
			return err
		} else if !held {
			return unbacked(perm, o.scope())
		}
	}
	return nil
}

func unbacked(perm Permission, at Scope) error {
	return &Error{
		Kind: Denied, Code: "denied", Field: string(perm),
		Msg: "neither who proposed the request nor who approved it may do this" + at.in(),
	}
}

// holdsOne reports whether a write may use a permission: whether who writes has
// it, or may propose what takes it; of a request that is being carried out,
// whether somebody behind it has: who applies it, its author, or one who
// approved it or let it pass.
func (w *work) holdsOne(perm Permission, at Scope) (bool, error) {
	if w.behalf == nil {
		return w.p.May(perm, at) == nil || w.mayPropose(at), nil
	}
	if w.p.Kind != KindSystem && w.p.May(perm, at) == nil {
		return true, nil
	}
	var people []string
	for _, a := range w.request.Approvals {
		people = append(people, a.By)
	}
	if w.request.Bypass != nil {
		people = append(people, w.request.Bypass.By)
	}
	for _, a := range w.request.Authors {
		people = append(people, a.ID)
	}
	for _, id := range people {
		p, err := actor(w, id)
		if err != nil && KindOf(err) != Unauthenticated {
			return false, err
		}
		if err == nil && p.May(perm, at) == nil {
			return true, nil
		}
	}
	return false, nil
}

// behalf is who answers for a request, as it is carried out: its first author,
// who must still be there to do it, and not have been stopped.
func (c *ChangeRequest) behalf(tx ReadTx) (Principal, error) {
	a := c.Authors[0]
	p := Principal{Kind: a.Kind, ID: a.ID, OnBehalfOf: a.OnBehalfOf}
	gone, err := c.suspended(tx)
	if err != nil {
		return p, err
	}
	if gone != "" {
		return p, Errorf(Conflict, "author_gone", "%s, who answers for change request %s, may do nothing any more", gone, c.ID)
	}
	if a.Kind == KindAgent {
		account, err := agentOf(tx, a.ID)
		if err != nil {
			return p, err
		}
		p.agent = &account
	}
	return p, nil
}

// suspended says who answers for a request and may do nothing any more, "" where
// its first author may.
func (c *ChangeRequest) suspended(tx ReadTx) (string, error) {
	for _, id := range []string{c.Authors[0].ID, c.Authors[0].OnBehalfOf} {
		if gone, err := disabled(tx, id); gone || err != nil {
			return id, err
		}
	}
	return "", nil
}

// disabled reports whether an account was disabled, or removed.
func disabled(tx ReadTx, id string) (bool, error) {
	a, err := get[Account](tx, KindAccount, id)
	if KindOf(err) != NotFound || err == nil {
		return a.DisabledAt != nil, err
	}
	_, err = tx.Revision(KindAccount, id, 1)
	return err == nil, present(err)
}
