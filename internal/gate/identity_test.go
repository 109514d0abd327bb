package gate

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIdentityChanged(t *testing.T) {
	t.Parallel()
	full := func() *Identity {
		return &Identity{
			ResponseModels: []string{"m-2026-09"}, PromptHash: "p1", ToolsHash: "t1", IndexVersion: "7",
			Judges: []string{"evidence-slots@1.4.0"}, Split: "rel-1/userId/5",
		}
	}
	for name, tc := range map[string]struct {
		change func(*Identity)
		want   []string
	}{
		"nothing":           {func(*Identity) {}, nil},
		"a second model":    {func(i *Identity) { i.ResponseModels = []string{"m-2026-09", "m-2026-11"} }, []string{"model"}},
		"a newer judge":     {func(i *Identity) { i.Judges = []string{"evidence-slots@1.5.0"} }, []string{"judge"}},
		"no longer known":   {func(i *Identity) { i.PromptHash, i.Judges = "", nil }, nil},
		"split and prompt":  {func(i *Identity) { i.Split, i.PromptHash = "rel-2/userId/5", "p2" }, []string{"prompt", "split"}},
		"tools and indexes": {func(i *Identity) { i.ToolsHash, i.IndexVersion = "t2", "8" }, []string{"tools", "index"}},
	} {
		next := full()
		tc.change(next)
		if diff := cmp.Diff(tc.want, full().Changed(next)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	if (*Identity)(nil).Changed(full()) != nil || full().Changed(nil) != nil {
		t.Error("what is not known has changed")
	}
}
