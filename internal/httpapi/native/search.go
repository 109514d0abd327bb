package native

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
)

type searchQuery struct {
	Page
	Query     string   `query:"query" doc:"each word is part of the name, the description or a tag, in any case"`
	Archived  bool     `query:"archived" doc:"those in the archive, rather than those in service"`
	Project   []string `query:"project" doc:"any of them; so of the others"`
	Type      []string `query:"type"`
	CreatedBy []string `query:"createdBy"`
	State     []string `query:"state" doc:"active, stale, potentially-stale"`
	Tag       []string `query:"tag" doc:"type:value"`
	Segment   []string `query:"segment" doc:"by name"`
	Status    []string `query:"status" doc:"environment:enabled or environment:disabled"`
}

// Found is a page of the flags that were looked for, by name.
type Found struct {
	Flags []FoundFlag `json:"flags"`
	Total int         `json:"total" doc:"on all pages"`
	Next
}

// FoundFlag is a flag that was looked for.
type FoundFlag struct {
	Flag
	Segments []string `json:"segments" doc:"those that its strategies use, by name"`
}

func (a api) search(h huma.API) {
	route(a, h, get("/search/flags", "searchFlags", "Look for flags"), a.searchFlags)
}

func (a api) searchFlags(ctx context.Context, p control.Principal, in *searchQuery) (Found, error) {
	const list = "search"
	after, _, err := resume(in.Page, list)
	if err != nil {
		return Found{}, err
	}
	any := func(values []string) control.Match { return control.Match{Values: values} }
	all, total, err := a.Service.SearchFlags(ctx, p, control.FlagSearch{
		Query: in.Query, Archived: in.Archived, Project: any(in.Project), Type: any(in.Type), CreatedBy: any(in.CreatedBy),
		State: any(in.State), Tag: any(in.Tag), Segment: any(in.Segment), Status: in.Status, SortBy: "name", After: after,
		Limit: min(in.Limit, 100),
	})
	out := Found{Flags: []FoundFlag{}, Total: total}
	for _, f := range all {
		out.Flags = append(out.Flags, FoundFlag{flagOf(f.FlagView), f.Segments})
	}
	if n := len(all); n > 0 && n == min(in.Limit, 100) {
		out.Next = nextAfter(list, all[n-1].Name)
	}
	return out, err
}
