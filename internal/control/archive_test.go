package control_test

import (
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// change is one call and the types of the records that it has to leave.
type change struct {
	name string
	do   func() error
	want []string
}

// leaves makes the changes in order. Each must leave its records, and nothing
// else.
func (w *world) leaves(t *testing.T, changes []change) {
	t.Helper()
	for _, c := range changes {
		from := w.head(t).Size
		if err := c.do(); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		records := w.since(t, from)
		diff(t, c.name, c.want, types(records))
		w.accounted(t, records)
	}
}

func TestFlagLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, one := t.Context(), []string{"blue-flag"}
	edit := func(in control.FlagEdit) func() error {
		return func() error { return w.EditFlags(ctx, root, "blue", one, in) }
	}
	w.leaves(t, []change{
		{"edit", edit(control.FlagEdit{Type: new("operational"), Stale: new(true)}), []string{"flag.update"}},
		{"the same edit", edit(control.FlagEdit{Stale: new(true)}), []string{}},
		{"on", func() error {
			return w.Toggle(ctx, root, control.Toggle{Project: "blue", Environment: "production", Flags: one, On: true})
		}, []string{"flag.env.enable"}},
		{"archive", func() error { return w.ArchiveFlags(ctx, root, "blue", one) }, []string{"flag.archive"}},
		{"archive again", func() error { return w.ArchiveFlags(ctx, root, "blue", one) }, []string{}},
		{"revive", func() error { return w.ReviveFlags(ctx, root, "blue", one) }, []string{"flag.restore", "flag.env.disable"}},
		{"revive again", func() error { return w.ReviveFlags(ctx, root, "blue", one) }, []string{}},
		{"clone", func() error {
			_, err := w.CloneFlag(ctx, root, "blue", "blue-flag", "copy", true)
			return err
		}, []string{"flag.create", "rule.create"}},
		{"archive both", func() error { return w.ArchiveFlags(ctx, root, "blue", []string{"blue-flag", "copy"}) }, []string{"flag.archive", "flag.archive"}},
		{"delete", func() error { return w.DeleteFlags(ctx, root, "blue", one) }, []string{"flag.env.delete", "flag.delete"}},
	})
	if _, err := w.CreateFlag(ctx, root, control.Flag{Name: "blue-flag", Project: "blue"}); err != nil {
		t.Errorf("the name of a deleted flag: %v", err)
	}
}

// TestArchivedIsNotServed follows what a client is sent.
func TestArchivedIsNotServed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, one := t.Context(), []string{"blue-flag"}
	check(t, w.Toggle(ctx, root, control.Toggle{Project: "blue", Environment: "production", Flags: one, On: true}))
	from := w.head(t).Size
	check(t, w.ArchiveFlags(ctx, root, "blue", one))
	for _, f := range must(w.Served(ctx, "production"))(t).Flags {
		if f.Name == "blue-flag" {
			t.Error("an archived flag is served")
		}
	}
	_, by, err := w.Updates(ctx, from, []string{"production", "development"})
	check(t, err)
	if removed := by["production"].Removed; len(removed) != 1 || removed[0].Name != "blue-flag" || removed[0].Project != "blue" {
		t.Errorf("removed %v, want blue-flag", removed)
	}
	if all := must(w.ArchivedFlags(ctx, root, ""))(t); len(all) != 1 || all[0].Name != "blue-flag" {
		t.Errorf("the archive holds %v", all)
	}
	check(t, w.ReviveFlags(ctx, root, "blue", one))
	if f := w.servedFlag(t, production); f.Enabled || len(f.Strategies) != 1 {
		t.Errorf("revived: %+v, want it off with its strategy", f)
	}
}

// TestArchiveRefuses archives nothing where one of the flags may not be.
func TestArchiveRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	must(w.CreateFlag(ctx, root, control.Flag{Name: "other", Project: "blue"}))(t)
	r := w.started(t)
	before := w.head(t)
	wantErr(t, w.ArchiveFlags(ctx, root, "blue", []string{"other", "blue-flag"}), control.Conflict, "")
	wantErr(t, w.DeleteFlags(ctx, root, "blue", []string{"other"}), control.Conflict, "")
	wantErr(t, w.ArchiveFlags(ctx, may(control.Scope{}, control.PermFlagUpdate), "blue", []string{"other"}), control.Denied, "flag.archive")
	wantErr(t, w.ReviveFlags(ctx, may(control.Scope{Project: "default"}, control.PermAny), "blue", []string{"other"}), control.Denied, "flag.restore")
	if after := w.head(t); after != before {
		t.Errorf("%d events were written", after.Size-before.Size)
	}
	w.apply(t, r, gate.Rollback, "P4_HARM")
	check(t, w.ArchiveFlags(ctx, root, "blue", []string{"other", "blue-flag"}))
	_, err := w.StartRelease(ctx, root, starting())
	wantErr(t, err, control.Conflict, "")
	_, err = w.AddStrategy(ctx, root, production, rollout("50"))
	wantErr(t, err, control.Conflict, "")
	_, err = w.SetEnabled(ctx, root, production, true)
	wantErr(t, err, control.Conflict, "")
}

func TestToggleActivates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	st := rollout("50")
	st.Disabled = true
	must(w.AddStrategy(ctx, root, production, st))(t)
	on := control.Toggle{Project: "blue", Environment: "production", Flags: []string{"blue-flag"}, On: true, Activate: true}
	check(t, w.Toggle(ctx, root, on))
	f := w.servedFlag(t, production)
	if !f.Enabled || len(f.Strategies) != 1 || f.Strategies[0].Parameters["rollout"] != "50" {
		t.Errorf("served %+v, want the disabled strategy back", f)
	}
}

func TestCloneFlag(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	must(w.AddStrategy(ctx, root, production, rollout("50")))(t)
	must(w.SetEnabled(ctx, root, production, true))(t)
	for _, tt := range []struct {
		name    string
		regroup bool
		group   string
	}{{"with-its-own", true, "with-its-own"}, {"with-the-same", false, "blue-flag"}} {
		f := must(w.CloneFlag(ctx, root, "blue", "blue-flag", tt.name, tt.regroup))(t)
		fe := f.Environments[0]
		if fe.Enabled || fe.Flag != tt.name || fe.Strategies[0].Parameters["groupId"] != tt.group {
			t.Errorf("%s: %+v, want it off in group %s", tt.name, fe, tt.group)
		}
	}
	old := must(w.Flag(ctx, root, "blue", "blue-flag"))(t).Environments[0]
	if !old.Enabled || old.Strategies[0].Parameters["groupId"] != "blue-flag" {
		t.Errorf("the original is %+v", old)
	}
}
