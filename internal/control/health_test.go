package control_test

import (
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// TestProjectHealth lets time pass over flags of several types.
func TestProjectHealth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	for name, typ := range map[string]string{"short": "operational", "for-ever": "kill-switch", "stale": "release", "gone": "release"} {
		must(w.CreateFlag(ctx, root, control.Flag{Name: name, Type: typ, Project: "blue"}))(t)
	}
	check(t, w.EditFlags(ctx, root, "blue", []string{"stale"}, control.FlagEdit{Stale: new(true)}))
	check(t, w.ArchiveFlags(ctx, root, "blue", []string{"gone"}))
	for _, tt := range []struct {
		after       time.Duration
		potentially int
		debt        float64
	}{
		{0, 0, 25},
		{7 * 24 * time.Hour, 0, 25},
		{time.Hour, 1, 50},
		{40 * 24 * time.Hour, 2, 75},
	} {
		w.pass(tt.after)
		h := must(w.ProjectHealth(ctx, root, "blue"))(t)
		if h.Stale != 1 || h.PotentiallyStale != tt.potentially || h.Debt() != tt.debt || len(h.Flags) != 4 {
			t.Errorf("after %v more: %d stale, %d potentially, debt %v of %d flags, want 1, %d, %v of 4",
				tt.after, h.Stale, h.PotentiallyStale, h.Debt(), len(h.Flags), tt.potentially, tt.debt)
		}
	}
	diff(t, "types", map[string]int{"operational": 1, "kill-switch": 1, "release": 2}, must(w.ProjectHealth(ctx, root, "blue"))(t).Types)
	_, err := w.ProjectHealth(ctx, root, "red")
	wantErr(t, err, control.NotFound, "project")
	if empty := (control.ProjectHealth{}); empty.Debt() != 0 {
		t.Errorf("a project without flags has a debt of %v", empty.Debt())
	}
}
