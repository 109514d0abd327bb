package control_test

import (
	"testing"

	"github.com/lockflight/lockflight/internal/control"
)

func TestSearchFlags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	seg := must(w.CreateSegment(ctx, root, users("staff", "1")))(t)
	w.inSegment(t, seg.ID)
	must(w.SetEnabled(ctx, root, production, true))(t)
	for name, typ := range map[string]string{"kill": "kill-switch", "try": "experiment", "gone": "release"} {
		must(w.CreateFlag(ctx, root, control.Flag{Name: name, Type: typ, Project: "blue", Description: "About " + typ}))(t)
	}
	check(t, w.TagFlags(ctx, root, "blue", []string{"kill", "try"}, []control.Tag{{Type: "simple", Value: "web"}}, nil))
	check(t, w.TagFlags(ctx, root, "blue", []string{"try"}, []control.Tag{{Type: "simple", Value: "api"}}, nil))
	check(t, w.EditFlags(ctx, root, "blue", []string{"try"}, control.FlagEdit{Stale: new(true)}))
	check(t, w.ArchiveFlags(ctx, root, "blue", []string{"gone"}))
	is := func(values ...string) control.Match { return control.Match{Values: values} }
	isNot := func(values ...string) control.Match { return control.Match{Not: true, Values: values} }
	tests := []struct {
		name string
		in   control.FlagSearch
		want []string
	}{
		{"all", control.FlagSearch{}, []string{"blue-flag", "green-flag", "kill", "try"}},
		{"the archive", control.FlagSearch{Archived: true}, []string{"gone"}},
		{"a project", control.FlagSearch{Project: is("default")}, []string{"green-flag"}},
		{"another", control.FlagSearch{Project: isNot("default")}, []string{"blue-flag", "kill", "try"}},
		{"types", control.FlagSearch{Type: is("kill-switch", "experiment")}, []string{"kill", "try"}},
		{"words", control.FlagSearch{Query: "ABOUT exp"}, []string{"try"}},
		{"a tag's word", control.FlagSearch{Query: "web"}, []string{"kill", "try"}},
		{"stale", control.FlagSearch{State: is("stale")}, []string{"try"}},
		{"a tag", control.FlagSearch{Tag: is("simple:api", "simple:none")}, []string{"try"}},
		{"all tags", control.FlagSearch{Tag: control.Match{All: true, Values: []string{"simple:api", "simple:web"}}}, []string{"try"}},
		{"not all tags", control.FlagSearch{Tag: control.Match{All: true, Not: true, Values: []string{"simple:api", "simple:web"}}}, []string{"blue-flag", "green-flag", "kill"}},
		{"a segment", control.FlagSearch{Segment: is("staff")}, []string{"blue-flag"}},
		{"on", control.FlagSearch{Status: []string{"production:enabled"}}, []string{"blue-flag"}},
		{"by type, backwards", control.FlagSearch{SortBy: "type", Desc: true, Project: is("blue")}, []string{"blue-flag", "kill", "try"}},
		{"what is on last", control.FlagSearch{SortBy: "environment:production", Project: is("blue")}, []string{"kill", "try", "blue-flag"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.in.Limit = 100
			found, total, err := w.SearchFlags(ctx, root, tt.in)
			check(t, err)
			got := []string{}
			for _, f := range found {
				got = append(got, f.Name)
			}
			diff(t, "found", tt.want, got)
			diff(t, "total", len(tt.want), total)
		})
	}
	page, total, err := w.SearchFlags(ctx, root, control.FlagSearch{SortBy: "name", Offset: 1, Limit: 2})
	check(t, err)
	if len(page) != 2 || page[0].Name != "green-flag" || total != 4 {
		t.Errorf("page %v of %d", page, total)
	}
	if page, _, err = w.SearchFlags(ctx, root, control.FlagSearch{Offset: 99, Limit: 1}); err != nil || len(page) != 0 {
		t.Errorf("beyond the end: %v, %v", page, err)
	}
	_, total, err = w.SearchFlags(ctx, may(control.Scope{Project: "default"}, control.PermRead), control.FlagSearch{Limit: 1})
	check(t, err)
	diff(t, "of one project's reader", 1, total)
	for field, in := range map[string]control.FlagSearch{"limit": {}, "offset": {Limit: 1, Offset: -1}, "sortBy": {Limit: 1, SortBy: "mood"}} {
		_, _, err := w.SearchFlags(ctx, root, in)
		wantErr(t, err, control.Invalid, field)
	}
}
