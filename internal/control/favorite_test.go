package control_test

import (
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

func TestFavorites(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	other := root
	other.ID = "tok_other"
	from := w.head(t).Size
	for range 2 { // the second time changes nothing
		check(t, w.SetFavorite(ctx, root, "blue", "blue-flag", true))
		check(t, w.SetFavorite(ctx, root, "blue", "", true))
	}
	favorite := func(p control.Principal) bool { return must(w.Flag(ctx, p, "blue", "blue-flag"))(t).Favorite }
	if !favorite(root) || favorite(other) {
		t.Errorf("favourite of who said so: %v, of another: %v", favorite(root), favorite(other))
	}
	diff(t, "projects", map[string]bool{"blue": true}, must(w.FavoriteProjects(ctx, root))(t))
	diff(t, "projects of another", map[string]bool{}, must(w.FavoriteProjects(ctx, other))(t))
	search := control.FlagSearch{Limit: 10, SortBy: "name", Desc: true, FavoritesFirst: true}
	found, _, err := w.SearchFlags(ctx, root, search)
	check(t, err)
	diff(t, "first", "blue-flag", found[0].Name)
	search.Favorite = true
	_, total, err := w.SearchFlags(ctx, root, search)
	check(t, err)
	diff(t, "found", 1, total)
	for range 2 {
		check(t, w.SetFavorite(ctx, root, "blue", "blue-flag", false))
		check(t, w.SetFavorite(ctx, root, "blue", "", false))
	}
	records := w.since(t, from)
	w.accounted(t, records)
	diff(t, "records", []string{"flag.favorite", "project.favorite", "flag.unfavorite", "project.unfavorite"}, types(records))

	// A flag of the same name, later, is not what was liked.
	check(t, w.SetFavorite(ctx, root, "blue", "blue-flag", true))
	check(t, w.ArchiveFlags(ctx, root, "blue", []string{"blue-flag"}))
	check(t, w.DeleteFlags(ctx, root, "blue", []string{"blue-flag"}))
	w.pass(time.Second)
	must(w.CreateFlag(ctx, root, control.Flag{Name: "blue-flag", Project: "blue"}))(t)
	if favorite(root) {
		t.Error("a new flag is a favourite already")
	}
	wantErr(t, w.SetFavorite(ctx, root, "red", "", true), control.NotFound, "project")
	wantErr(t, w.SetFavorite(ctx, root, "blue", "green-flag", true), control.NotFound, "")
	wantErr(t, w.SetFavorite(ctx, may(control.Scope{Project: "default"}, control.PermRead), "blue", "", true), control.Denied, "")
}
