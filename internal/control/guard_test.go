package control_test

import (
	"strings"
	"testing"

	"github.com/lockflight/lockflight/internal/control"
)

// TestGuard writes on what was seen: a version that has passed is refused, with
// who wrote the one that took its place, and nothing is changed.
func TestGuard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	flag := control.Entity{Kind: control.KindFlag, Key: production.Flag}
	seen := must(w.Version(t.Context(), flag))(t)
	edit := func(g *control.Guard, text string) error {
		return w.Guarded(g).EditFlags(t.Context(), root, production.Project, []string{production.Flag}, control.FlagEdit{Description: &text})
	}
	first := &control.Guard{Entity: flag, Seen: []string{"other", seen}}
	check(t, edit(first, "one"))
	if now := must(w.Version(t.Context(), flag))(t); first.Now != now || now == seen {
		t.Errorf("after the write: %q, then %q, before %q", first.Now, now, seen)
	}
	before := w.head(t)
	err := edit(&control.Guard{Entity: flag, Seen: []string{seen}}, "two")
	wantErr(t, err, control.Conflict, "If-Match")
	if !strings.Contains(err.Error(), "flag.update by "+root.ID) || w.head(t) != before {
		t.Errorf("a stale write: %v", err)
	}
	for _, any := range [][]string{nil, {"*"}} {
		check(t, edit(&control.Guard{Entity: flag, Seen: any}, "any"))
	}

	// What is configured in an environment is part of the flag, and a version
	// of its own.
	env := production.Entity()
	flagSeen, envSeen := must(w.Version(t.Context(), flag))(t), must(w.Version(t.Context(), env))(t)
	if envSeen != "0" {
		t.Errorf("what was never configured is at %q", envSeen)
	}
	g := &control.Guard{Entity: env, Seen: []string{envSeen}}
	must(w.Guarded(g).SetEnabled(t.Context(), root, production, true))(t)
	if g.Now != "1" || must(w.Version(t.Context(), flag))(t) == flagSeen {
		t.Errorf("switched on: %q", g.Now)
	}
	_, err = w.Guarded(&control.Guard{Entity: env, Seen: []string{envSeen}}).SetEnabled(t.Context(), root, production, false)
	wantErr(t, err, control.Conflict, "If-Match")

	// Who may not write learns nothing of it.
	_, err = w.Guarded(&control.Guard{Entity: env, Seen: []string{"9"}}).SetEnabled(t.Context(), may(control.Scope{Project: "blue"}, control.PermRead), production, false)
	wantErr(t, err, control.Denied, "")
}
