package control_test

import (
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/policy"
)

// TestRehearsal: a rehearsal answers as the write would, and leaves nothing.
func TestRehearsal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Service = w.under(must(policy.Default())(t))
	ctx, head := t.Context(), w.head(t)
	in := control.Flag{Name: "rehearsed", Project: "default"}
	got := must(w.Rehearsal().CreateFlag(ctx, root, in))(t)
	if got.CreatedAt.IsZero() {
		t.Errorf("it would make %+v", got)
	}
	diff(t, "the log", head, w.head(t))
	_, err := w.Flag(ctx, root, "", "rehearsed")
	wantErr(t, err, control.NotFound, "")

	nobody := may(control.Scope{}, control.PermRead)
	_, err = w.Rehearsal().CreateFlag(ctx, nobody, in)
	wantErr(t, err, control.Denied, "flag.create")
	diff(t, "the log", head, w.head(t))

	must(w.CreateFlag(ctx, root, in))(t)
	_, err = w.Rehearsal().CreateFlag(ctx, root, in)
	wantErr(t, err, control.Exists, "name")
}

// TestFlagDraft: what is read is planned as no change, and its revision grows
// with each write.
func TestFlagDraft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref := control.Ref{Project: "default", Flag: "green-flag", Environment: "development"}
	must(w.AddStrategy(t.Context(), root, ref, rollout("50")))(t)
	before := must(w.FlagDraft(t.Context(), root, "", ref.Flag))(t)
	plan := must(w.PlanConfiguration(t.Context(), root, control.Configuration{Flags: []control.FlagSpec{before.Spec}}))(t)
	diff(t, "changes", 0, len(plan.Changes))
	must(w.SetEnabled(t.Context(), root, ref, true))(t)
	after := must(w.FlagDraft(t.Context(), root, "", ref.Flag))(t)
	diff(t, "revision", before.Revision+1, after.Revision)
	_, err := w.FlagDraft(t.Context(), may(control.Scope{Project: "blue"}, control.PermRead), "", ref.Flag)
	wantErr(t, err, control.NotFound, "")
}
