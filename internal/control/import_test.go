package control_test

import (
	"testing"

	"github.com/lockflight/lockflight/internal/control"
)

// anImport changes the blue flag in production and makes a new one, which needs
// a context field and a type of tag that are not there.
func anImport() control.Import {
	on := func(percent string) map[string]control.EnvSpec {
		return map[string]control.EnvSpec{"production": {Enabled: true, Strategies: []control.StrategySpec{
			{Name: "flexibleRollout", Parameters: rollout(percent).Parameters},
		}}}
	}
	return control.Import{
		Project: "blue", Environment: "production",
		ContextFields: []control.ContextField{{Name: "tier"}, {Name: "userId"}},
		TagTypes:      []control.TagType{{Name: "team"}, {Name: "simple"}},
		Flags: []control.ImportFlag{
			{FlagSpec: control.FlagSpec{Name: "blue-flag", Type: "release", Environments: on("20")}, Tags: []control.Tag{{Type: "team", Value: "a"}}},
			{FlagSpec: control.FlagSpec{Name: "new", Environments: on("30")}, Links: []control.Link{{URL: "https://a.b"}}},
		},
	}
}

func TestImportFlags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	from := w.head(t).Size
	check(t, w.ImportFlags(t.Context(), root, anImport()))
	records := w.since(t, from)
	diff(t, "records", []string{"context.import", "tag_type.import", "flag.import", "flag.env.import", "flag.import", "flag.env.import"}, types(records))
	w.accounted(t, records)
	if f := w.servedFlag(t, production); !f.Enabled || f.Strategies[0].Parameters["rollout"] != "20" {
		t.Errorf("served %+v", f)
	}
	check(t, w.ImportFlags(t.Context(), root, anImport()))
	diff(t, "records of the second", 6, len(w.since(t, from)))
}

// TestImportIsWhole refuses an import for one part of it, and finds nothing
// changed.
func TestImportIsWhole(t *testing.T) {
	t.Parallel()
	writer := []control.Permission{
		control.PermRead, control.PermFlagCreate, control.PermFlagUpdate, control.PermRuleWrite, control.PermToggleOn, control.PermContextWrite,
	}
	tests := []struct {
		name  string
		p     control.Principal
		setUp func(*world)
		edit  func(*control.Import)
		kind  control.Kind
		field string
	}{
		{"a permission is missing for a tag type", may(anywhere, writer...), nil, nil, control.Denied, string(control.PermTagWrite)},
		{"a release runs", root, func(w *world) { w.started(t) }, nil, control.Conflict, ""},
		{"a strategy is bad", root, nil, func(in *control.Import) {
			in.Flags[1].Environments["production"].Strategies[0].Parameters["rollout"] = "many"
		}, control.Invalid, "flags[1].environments.production.strategies[0].parameters.rollout"},
		{"a tag is bad", root, nil, func(in *control.Import) { in.Flags[0].Tags[0].Value = "" }, control.Invalid, "flags[0].tags"},
		{"a field is bad", root, nil, func(in *control.Import) { in.ContextFields[0].Name = "a b" }, control.Invalid, "contextFields[0].name"},
		{"a segment is missing", root, nil, func(in *control.Import) {
			in.Flags[1].Environments["production"].Strategies[0].Segments = []string{"beta"}
		}, control.Invalid, "data"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, in := newWorld(t), anImport()
			if tt.setUp != nil {
				tt.setUp(w)
			}
			if tt.edit != nil {
				tt.edit(&in)
			}
			before := w.head(t)
			wantErr(t, w.ImportFlags(t.Context(), tt.p, in), tt.kind, tt.field)
			if after := w.head(t); after != before {
				t.Errorf("the log grew from %d to %d", before.Size, after.Size)
			}
			report := must(w.CheckImport(t.Context(), tt.p, in))(t)
			if (len(report.Errors) > 0) == (tt.kind == control.Denied) || (len(report.Permissions) > 0) != (tt.kind == control.Denied) {
				t.Errorf("the check found %+v", report)
			}
		})
	}
}
