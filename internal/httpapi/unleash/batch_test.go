package unleash_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestExportRoundTrip takes flags from one installation to another, where the
// same export comes out again, and where taking them in twice changes nothing.
func TestExportRoundTrip(t *testing.T) {
	t.Parallel()
	const (
		project = "/api/admin/projects/default"
		f       = project + "/features/f"
		dev     = f + "/environments/development"
		batch   = "/api/admin/features-batch/"
		query   = `{"environment":"development","project":"default"}`
	)
	from, to := newPlane(t), newPlane(t)
	for _, p := range []*plane{from, to} {
		p.want(t, http.StatusCreated, "POST", "/api/admin/segments", admin, `{"name":"beta","constraints":[]}`)
	}
	from.withFlag(t, "default", "f")
	from.withFlag(t, "default", "parent")
	from.withFlag(t, "default", "z")
	for _, r := range []struct{ method, path, body string }{
		{"POST", "/api/admin/context", `{"name":"tier","stickiness":true,"sortOrder":9,"legalValues":[{"value":"gold","description":"g"}]}`},
		{"POST", "/api/admin/tag-types", `{"name":"team","description":"who","color":"#112233"}`},
		{"PUT", f, `{"type":"experiment","description":"d","impressionData":true,"stale":true}`},
		{"POST", "/api/admin/features/f/tags", `{"type":"team","value":"pay"}`},
		{"POST", f + "/dependencies", `{"feature":"parent","enabled":false}`},
		{"POST", dev + "/strategies", `{"name":"flexibleRollout","title":"t","disabled":true,"segments":[1],"parameters":{"rollout":"7","stickiness":"tier"},"constraints":[{"contextName":"tier","operator":"IN","values":["gold"],"inverted":true}],"variants":[{"name":"a","weight":300,"weightType":"fix","payload":{"type":"json","value":"{}"}},{"name":"b","weight":700}]}`},
		{"PUT", dev + "/variants", `[{"name":"v","weight":1000,"overrides":[{"contextName":"userId","values":["1"]}]}]`},
		{"POST", project + "/features/z/environments/development/off", ``},
	} {
		if w := from.do(t, r.method, r.path, admin, r.body); w.Code >= http.StatusBadRequest {
			t.Fatalf("%s %s: %d %s", r.method, r.path, w.Code, w.Body)
		}
	}
	exported := func(p *plane) (data any) {
		t.Helper()
		body := p.want(t, http.StatusOK, "POST", batch+"export", admin, query).Body.Bytes()
		if err := json.Unmarshal(body, &data); err != nil {
			t.Fatal(err)
		}
		return data
	}
	want := exported(from)
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	body := `{"project":"default","environment":"development","data":` + string(data) + `}`
	// The first time a field, a tag type, three flags and what each of them has
	// in the environment; then nothing.
	for _, events := range []int64{8, 0} {
		if got := to.want(t, http.StatusOK, "POST", batch+"validate", admin, body).Body.String(); !strings.HasPrefix(got, `{"errors":[],`) {
			t.Fatalf("validate: %s", got)
		}
		before := to.size(t)
		to.want(t, http.StatusOK, "POST", batch+"import", admin, body)
		if diff := cmp.Diff(withoutIDs(want), withoutIDs(exported(to))); diff != "" {
			t.Errorf("(-exported +imported):\n%s", diff)
		}
		if got := to.size(t) - before; got != events {
			t.Errorf("%d events, want %d", got, events)
		}
	}
}

// withoutIDs drops the ids, which every installation gives itself.
func withoutIDs(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, value := range v {
			if key != "id" {
				out[key] = withoutIDs(value)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, value := range v {
			out[i] = withoutIDs(value)
		}
		return out
	}
	return v
}
