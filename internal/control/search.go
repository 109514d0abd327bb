package control

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// Match is a condition on a property that has one value, or several: whether
// it has (Any of) Values, or with Not none of them. The zero Match takes all.
type Match struct {
	Not    bool
	All    bool // every one of Values, rather than any; for what has several
	Values []string
}

// Takes reports whether what has these values is taken.
func (m Match) Takes(has ...string) bool {
	if len(m.Values) == 0 {
		return true
	}
	found := 0
	for _, v := range m.Values {
		if slices.Contains(has, v) {
			found++
		}
	}
	if m.All {
		return (found == len(m.Values)) != m.Not
	}
	return (found > 0) != m.Not
}

// FlagSearch says which flags are looked for. All of it must hold.
type FlagSearch struct {
	Query     string // each word is part of the name, the description or a tag, in any case
	Archived  bool   // those in the archive, rather than those in service
	Project   Match
	Type      Match
	CreatedBy Match
	State     Match    // active, stale, potentially-stale
	Tag       Match    // type:value
	Segment   Match    // names
	Status    []string // environment:enabled or environment:disabled; any of them
	SortBy    string   // name, type, createdAt, stale, project or environment:NAME
	Desc      bool
	Offset    int
	After     string // only flags after this name; for SortBy name, from which Offset is counted then
	Limit     int    // 1 to 100
}

// FoundFlag is a flag that was looked for, with what is configured for it.
type FoundFlag struct {
	FlagView

	Segments []string // the names of those that its strategies use
}

// SearchFlags returns one page of the flags that p may read and that are looked
// for, and how many there are on all pages.
func (s *Service) SearchFlags(ctx context.Context, p Principal, in FlagSearch) ([]FoundFlag, int, error) {
	if err := in.check(); err != nil {
		return nil, 0, err
	}
	var found []FoundFlag
	err := s.store.View(ctx, func(tx ReadTx) error {
		x, err := newIndex(tx)
		if err != nil {
			return err
		}
		for _, f := range x.flags {
			if p.May(PermRead, Scope{Project: f.Project}) != nil || !in.takes(f, x.types, s.now) {
				continue
			}
			if one := x.found(f); in.takesConfigured(one) {
				found = append(found, one)
			}
		}
		return nil
	})
	in.sort(found)
	total := len(found)
	found = slices.DeleteFunc(found, func(f FoundFlag) bool { return in.After != "" && f.Name <= in.After })
	from := min(in.Offset, len(found))
	return found[from:min(from+in.Limit, len(found))], total, err
}

var searchOrders = []string{"", "name", "type", "createdAt", "stale", "project"}

func (in FlagSearch) check() error {
	switch {
	case in.Limit < 1 || in.Limit > 100:
		return Invalidf("limit", "%d is not from 1 to 100", in.Limit)
	case in.Offset < 0:
		return Invalidf("offset", "%d is negative", in.Offset)
	case !slices.Contains(searchOrders, in.SortBy) && !strings.HasPrefix(in.SortBy, "environment:"):
		return Invalidf("sortBy", "%q is not one of %v, or environment: and a name", in.SortBy, searchOrders[1:])
	}
	return nil
}

// sort orders what was found; flags that are equal in that go by name.
func (in FlagSearch) sort(found []FoundFlag) {
	env, byEnv := strings.CutPrefix(in.SortBy, "environment:")
	slices.SortStableFunc(found, func(a, b FoundFlag) int {
		order := 0
		switch {
		case byEnv:
			order = compareBool(a.on(env), b.on(env))
		case in.SortBy == "type":
			order = cmp.Compare(a.Type, b.Type)
		case in.SortBy == "createdAt" || in.SortBy == "":
			order = a.CreatedAt.Compare(b.CreatedAt)
		case in.SortBy == "stale":
			order = compareBool(a.Stale, b.Stale)
		case in.SortBy == "project":
			order = cmp.Compare(a.Project, b.Project)
		}
		order = cmp.Or(order, cmp.Compare(a.Name, b.Name))
		if in.Desc {
			return -order
		}
		return order
	})
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// on tells whether the flag is on in an environment.
func (f FoundFlag) on(env string) bool {
	return slices.ContainsFunc(f.Environments, func(fe FlagEnv) bool { return fe.Environment == env && fe.Enabled })
}
