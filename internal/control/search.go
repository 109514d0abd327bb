package control

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
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
	Lifecycle Match    // stages

	CreatedAt, LastSeenAt Span
	Favorite              bool // only those of the principal

	FavoritesFirst bool
	SortBy         string // name, type, createdAt, lastSeenAt, stale, project, favorite or environment:NAME

	Desc   bool
	Offset int
	After  string // only flags after this name; for SortBy name, from which Offset is counted then
	Limit  int    // 1 to 100
}

// Span is a stretch of time, open at an end that is zero. The zero Span takes
// all times, and what never was.
type Span struct {
	From   time.Time
	Before time.Time
}

func (s Span) takes(at time.Time) bool {
	return s.From.IsZero() && s.Before.IsZero() ||
		!at.IsZero() && !at.Before(s.From) && (s.Before.IsZero() || at.Before(s.Before))
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
	uses, err := s.usesFor(ctx, in)
	if err != nil {
		return nil, 0, err
	}
	var found []FoundFlag
	err = s.store.View(ctx, func(tx ReadTx) error {
		x, err := newIndex(tx)
		if err != nil {
			return err
		}
		favorites, err := favoritesOf(tx, p)
		if err != nil {
			return err
		}
		for _, f := range x.flags {
			if p.May(PermRead, Scope{Project: f.Project}) != nil || !in.takes(f, x.types, s.now) {
				continue
			}
			one := x.found(f)
			one.Favorite, one.SeenAt = favorites.flag(p, f), lastSeen(f, uses[f.Name])
			if in.takesConfigured(one) {
				found = append(found, one)
			}
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	in.sort(found)
	total := len(found)
	found = slices.DeleteFunc(found, func(f FoundFlag) bool { return in.After != "" && f.Name <= in.After })
	from := min(in.Offset, len(found))
	page := found[from:min(from+in.Limit, len(found))]
	for i, f := range page {
		if page[i].SeenAt, err = s.seenAt(ctx, f.Flag); err != nil {
			return nil, 0, err
		}
	}
	return page, total, nil
}

// FlagViews returns the flags in service of a project, by name, as SearchFlags
// would: without Releases.
func (s *Service) FlagViews(ctx context.Context, p Principal, project string) ([]FlagView, error) {
	var out []FlagView
	err := s.store.View(ctx, func(tx ReadTx) error {
		x, err := newIndex(tx)
		if err != nil {
			return err
		}
		for _, f := range x.flags {
			if f.Project == project && f.ArchivedAt == nil && p.May(PermRead, Scope{Project: f.Project}) == nil {
				out = append(out, x.found(f).FlagView)
			}
		}
		return nil
	})
	return out, err
}

// usesFor reads who asked about every flag, where the search is about that.
func (s *Service) usesFor(ctx context.Context, in FlagSearch) (map[string][]FlagUse, error) {
	if in.LastSeenAt == (Span{}) && in.SortBy != "lastSeenAt" {
		return nil, nil
	}
	return s.flagUses(ctx, UseFilter{})
}

var searchOrders = []string{"", "name", "type", "createdAt", "lastSeenAt", "stale", "project", "favorite"}

func (in FlagSearch) check() error {
	switch {
	case in.Limit < 1 || in.Limit > 100:
		return Invalidf("limit", "%d is not from 1 to 100", in.Limit)
	case in.Offset < 0:
		return Invalidf("offset", "%d is negative", in.Offset)
	case !slices.Contains(searchOrders, in.SortBy) && !strings.HasPrefix(in.SortBy, "environment:"):
		return Invalidf("sortBy", "%q is not one of %v, or environment: and a name", in.SortBy, searchOrders[1:])
	}
	for _, stage := range in.Lifecycle.Values {
		if !slices.Contains(Stages, Stage(stage)) {
			return Invalidf("lifecycle", "%q is not one of %v", stage, Stages)
		}
	}
	return nil
}

// sort orders what was found; flags that are equal in that go by name.
func (in FlagSearch) sort(found []FoundFlag) {
	env, byEnv := strings.CutPrefix(in.SortBy, "environment:")
	slices.SortStableFunc(found, func(a, b FoundFlag) int {
		if in.FavoritesFirst && a.Favorite != b.Favorite {
			return compareBool(b.Favorite, a.Favorite)
		}
		order := 0
		switch {
		case in.SortBy == "lastSeenAt":
			order = a.LastSeenAt().Compare(b.LastSeenAt())
		case in.SortBy == "favorite":
			order = compareBool(a.Favorite, b.Favorite)
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
