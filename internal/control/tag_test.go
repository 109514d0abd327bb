package control_test

import (
	"testing"

	"github.com/lockflight/lockflight/internal/control"
)

func TestTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	team := func(value string) control.Tag { return control.Tag{Type: "team", Value: value} }
	simple := control.Tag{Type: "simple", Value: "later"}
	tag := func(add, remove []control.Tag) func() error {
		return func() error { return w.TagFlags(ctx, root, "blue", []string{"blue-flag"}, add, remove) }
	}
	w.leaves(t, []change{
		{"a type", func() error { return w.CreateTagType(ctx, root, control.TagType{Name: "team", Color: "#00ff00"}) }, []string{"tag_type.create"}},
		{"add", tag([]control.Tag{team(" web "), simple, team("api"), team("web")}, nil), []string{"flag.tag"}},
		{"the same", tag([]control.Tag{team("web")}, nil), []string{}},
		{"remove", tag(nil, []control.Tag{team("web"), team("none")}), []string{"flag.tag"}},
		{"describe", func() error {
			return w.UpdateTagType(ctx, root, control.TagType{Name: "team", Description: "Who answers"})
		}, []string{"tag_type.update"}},
	})
	diff(t, "tags", []control.Tag{simple, team("api")}, must(w.Flag(ctx, root, "blue", "blue-flag"))(t).Tags)

	before := w.head(t)
	wantErr(t, w.DeleteTagType(ctx, root, "team"), control.Conflict, "")
	wantErr(t, w.DeleteTagType(ctx, root, "none"), control.NotFound, "")
	wantErr(t, w.CreateTagType(ctx, root, control.TagType{Name: "simple"}), control.Exists, "name")
	wantErr(t, w.CreateTagType(ctx, root, control.TagType{Name: "xx", Color: "green"}), control.Invalid, "color")
	wantErr(t, w.CreateTagType(ctx, root, control.TagType{Name: "x"}), control.Invalid, "name")
	wantErr(t, w.ValidateTagType(ctx, control.TagType{Name: "team"}), control.Exists, "name")
	wantErr(t, tag([]control.Tag{{Type: "none", Value: "x"}}, nil)(), control.Invalid, "tags")
	wantErr(t, tag([]control.Tag{team(" ")}, nil)(), control.Invalid, "tags")
	_, err := w.CreateFlag(ctx, root, control.Flag{Name: "x", Project: "blue", Tags: []control.Tag{{Type: "none", Value: "x"}}})
	wantErr(t, err, control.Invalid, "tags")
	if after := w.head(t); after != before {
		t.Errorf("%d events were written", after.Size-before.Size)
	}
	w.leaves(t, []change{
		{"free", tag(nil, []control.Tag{team("api"), simple}), []string{"flag.tag"}},
		{"delete the type", func() error { return w.DeleteTagType(ctx, root, "team") }, []string{"tag_type.delete"}},
	})
}

func TestLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	set := func(l control.Link) func() error {
		return func() error { return w.SetLink(ctx, root, "blue", "blue-flag", l) }
	}
	w.leaves(t, []change{{"add", set(control.Link{URL: "https://example.com/a", Title: "Plan"}), []string{"flag.link"}}})
	link := must(w.Flag(ctx, root, "blue", "blue-flag"))(t).Links[0]
	link.Title = "The plan"
	w.leaves(t, []change{{"change", set(link), []string{"flag.link"}}, {"the same", set(link), []string{}}})
	for name, url := range map[string]string{"a script": "javascript:alert(1)", "no host": "https://", "a path": "/x", "nothing": "", "no URL": "http://a b/"} {
		t.Run(name, func(t *testing.T) { wantErr(t, set(control.Link{URL: url})(), control.Invalid, "url") })
	}
	wantErr(t, set(control.Link{ID: "none", URL: "https://example.com"})(), control.NotFound, "")
	w.leaves(t, []change{{"remove", func() error { return w.RemoveLink(ctx, root, "blue", "blue-flag", link.ID) }, []string{"flag.link"}}})
	wantErr(t, w.RemoveLink(ctx, root, "blue", "blue-flag", link.ID), control.NotFound, "")
}

func TestLifetimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	lifetime := func(id string, days *int) func() error {
		return func() error {
			_, err := w.SetLifetime(ctx, root, id, days)
			return err
		}
	}
	w.leaves(t, []change{
		{"longer", lifetime("release", new(60)), []string{"flag_type.update"}},
		{"for ever", lifetime("operational", new(0)), []string{"flag_type.update"}},
		{"still", lifetime("operational", nil), []string{}},
	})
	all := must(w.FlagTypes(ctx))(t)
	if *all[0].LifetimeDays != 60 || all[2].LifetimeDays != nil {
		t.Errorf("types %s", text(t, all))
	}
	wantErr(t, lifetime("release", new(-1))(), control.Invalid, "lifetimeDays")
	wantErr(t, lifetime("eternal", nil)(), control.NotFound, "")
}
