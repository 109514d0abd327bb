package control

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// KindGroup is the resource of a Group.
const KindGroup ResourceKind = "group"

// Group is a set of people that are given roles together.
type Group struct {
	ID          int           `json:"id"`
	Name        string        `json:"name"`
	Description string        `json:"description,omitempty"`
	Mappings    []string      `json:"mappingsSSO,omitempty"` // groups of a provider whose people belong to it
	Role        int           `json:"rootRole,omitempty"`    // of a Role that counts everywhere, 0 for none
	Members     []GroupMember `json:"members,omitempty"`
	CreatedAt   time.Time     `json:"createdAt"`
	CreatedBy   string        `json:"createdBy,omitempty"`
}

// GroupMember is one account in a group.
type GroupMember struct {
	Account  string    `json:"account"`
	JoinedAt time.Time `json:"joinedAt"`
	AddedBy  string    `json:"addedBy,omitempty"`
}

// has reports whether an account is in the group.
func (g Group) has(account string) bool {
	return slices.ContainsFunc(g.Members, func(m GroupMember) bool { return m.Account == account })
}

// Groups lists the groups, by id.
func (s *Service) Groups(ctx context.Context, p Principal) ([]Group, error) {
	if err := p.readsAnything(); err != nil {
		return nil, err
	}
	var out []Group
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = list[Group](tx, KindGroup, "")
		slices.SortFunc(out, func(a, b Group) int { return a.ID - b.ID })
		return err
	})
	return out, err
}

// Group returns one group.
func (s *Service) Group(ctx context.Context, p Principal, id int) (Group, error) {
	if err := p.readsAnything(); err != nil {
		return Group{}, err
	}
	var out Group
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = get[Group](tx, KindGroup, strconv.Itoa(id))
		return asMissing(err, "group", strconv.Itoa(id))
	})
	return out, err
}

// CreateGroup adds a group.
func (s *Service) CreateGroup(ctx context.Context, p Principal, in Group) (Group, error) {
	err := s.write(ctx, p, Normal, func(w *work) (err error) {
		if err := w.may(Scope{}, PermUserWrite); err != nil {
			return err
		}
		if in.ID, err = nextNumber(w, KindGroup, 1); err != nil {
			return err
		}
		in.CreatedAt, in.CreatedBy = w.now, w.p.ID
		return w.putGroup("group.create", Group{}, &in)
	})
	return in, err
}

// UpdateGroup replaces a group. Whoever brings somebody in, or says which
// groups of a provider do, must hold what the group is given everywhere.
func (s *Service) UpdateGroup(ctx context.Context, p Principal, in Group) (Group, error) {
	err := s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{}, PermUserWrite); err != nil {
			return err
		}
		old, err := get[Group](w, KindGroup, strconv.Itoa(in.ID))
		if err != nil {
			return asMissing(err, "group", strconv.Itoa(in.ID))
		}
		in.CreatedAt, in.CreatedBy = old.CreatedAt, old.CreatedBy
		return w.putGroup("group.update", old, &in)
	})
	return in, err
}

func (w *work) putGroup(typ string, old Group, in *Group) error {
	if err := in.check(w); err != nil {
		return err
	}
	if in.Role != 0 && in.Role != old.Role {
		if err := w.grantsRole(in.Role); err != nil {
			return err
		}
	}
	joins := false
	for i, m := range in.Members {
		if before := slices.IndexFunc(old.Members, func(o GroupMember) bool { return o.Account == m.Account }); before >= 0 {
			in.Members[i] = old.Members[before]
			continue
		}
		in.Members[i].JoinedAt, in.Members[i].AddedBy = w.now, w.p.ID
		joins = true
	}
	for _, m := range in.Mappings {
		joins = joins || !slices.Contains(old.Mappings, m)
	}
	if joins {
		given, err := groupRights(w, *in)
		if err != nil {
			return err
		}
		if err := w.holds(given); err != nil {
			return err
		}
	}
	return w.put(event{Type: typ, Kind: KindGroup, Key: strconv.Itoa(in.ID), Doc: *in})
}

// DeleteGroup removes a group and so what its members had by it.
func (s *Service) DeleteGroup(ctx context.Context, p Principal, id int) error {
	return s.write(ctx, p, Urgent, func(w *work) error {
		if err := w.may(Scope{}, PermUserWrite); err != nil {
			return err
		}
		key := strconv.Itoa(id)
		if _, err := get[Group](w, KindGroup, key); err != nil {
			return asMissing(err, "group", key)
		}
		return w.remove(event{Type: "group.delete", Kind: KindGroup, Key: key})
	})
}

func (g Group) check(tx ReadTx) error {
	if strings.TrimSpace(g.Name) == "" || !printable(g.Name) || len(g.Name) > maxAccountText {
		return Invalidf("name", "must not be empty, and have at most %d bytes and no control characters", maxAccountText)
	}
	all, err := list[Group](tx, KindGroup, "")
	if err != nil {
		return err
	}
	for _, other := range all {
		if other.ID != g.ID && strings.EqualFold(other.Name, g.Name) {
			return &Error{Kind: Exists, Code: "exists", Field: "name", Msg: fmt.Sprintf("a group %q exists already", g.Name)}
		}
	}
	for i, m := range g.Members {
		if _, err := get[Account](tx, KindAccount, m.Account); err != nil {
			return asField(err, fmt.Sprintf("users[%d]", i), "there is no account %q", m.Account)
		}
		if slices.ContainsFunc(g.Members[:i], func(o GroupMember) bool { return o.Account == m.Account }) {
			return Invalidf(fmt.Sprintf("users[%d]", i), "%s is there twice", m.Account)
		}
	}
	return nil
}
