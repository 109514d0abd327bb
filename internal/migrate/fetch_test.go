package migrate

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

// recorded answers as an Unleash 7.5.1 did, from testdata/unleash, and counts
// what would have changed something there.
func recorded(t *testing.T) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.ReplaceAll(strings.TrimPrefix(r.URL.Path, "/api/admin/"), "/", "_")
		if r.Header.Get("Authorization") != "secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.Method == http.MethodPost {
			var in struct{ Environment string }
			if body, _ := io.ReadAll(r.Body); json.Unmarshal(body, &in) != nil || name != "features-batch_export" {
				t.Errorf("%s %s: an import must only read", r.Method, r.URL.Path)
			}
			name = "export_" + in.Environment
		}
		raw, err := os.ReadFile(filepath.Join("testdata/unleash", name+".json"))
		if err != nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if _, err := w.Write(raw); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(srv.Close)
	return srv
}

func TestRead(t *testing.T) {
	t.Parallel()
	srv := recorded(t)
	src, err := Unleash{URL: srv.URL + "/api", Token: "secret", Client: srv.Client()}.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := src.Plan()
	on := true
	want := control.Configuration{
		TagTypes:      []control.TagType{{Name: "team", Description: "who", Icon: "x"}},
		ContextFields: []control.FieldSpec{{Name: "tier", Stickiness: true, LegalValues: []control.LegalValue{{Value: "gold"}, {Value: "silver"}}}},
		Environments:  []control.EnvironmentSpec{{Name: "development", Type: "development", SortOrder: 2}, {Name: "production", Type: "production", SortOrder: 3}},
		Projects: []control.ProjectSpec{{
			Name: "default", Title: "Default", Description: "Default project", Environments: []string{"development", "production"},
			DefaultStickiness: "default", Mode: "open",
		}},
		Segments: []control.SegmentSpec{{Name: "Beta users", Constraints: []control.ConstraintSpec{
			{ContextName: "userId", Operator: "IN", Values: []string{"1", "2"}},
		}}},
		Flags: []control.FlagSpec{
			{Name: "parent", Project: "default", Type: "release", Environments: map[string]control.EnvSpec{
				"development": {},
				"production": {Strategies: []control.StrategySpec{{
					Name: "byShoe", Parameters: eval.Parameters{"size": "42"},
				}}},
			}},
			{
				Name: "checkout", Tags: []control.Tag{{Type: "team", Value: "pay"}}, Links: []control.LinkSpec{{URL: "https://x.y/z", Title: "t"}}, Project: "default", Type: "release", Description: "d", ImpressionData: true,
				Parents: []eval.Dependency{{Feature: "parent", Enabled: &on, Variants: []string{}}},
				Environments: map[string]control.EnvSpec{
					"development": {},
					"production": {Enabled: true, Strategies: []control.StrategySpec{{
						Name:        "flexibleRollout",
						Parameters:  eval.Parameters{"groupId": "checkout", "rollout": "25", "stickiness": "tier"},
						Constraints: []control.ConstraintSpec{{ContextName: "tier", Operator: "IN", Values: []string{"gold"}}},
						Segments:    []string{"Beta users"},
						Variants: []eval.WeightedVariant{
							{Name: "a", Weight: 500, WeightType: "variable", Stickiness: "default"},
							{Name: "b", Weight: 500, WeightType: "variable", Stickiness: "default", Payload: &eval.Payload{Type: "string", Value: "x"}},
						},
					}}},
				},
			},
		},
	}
	if diff := cmp.Diff(want, got.Configuration, equateEmpty); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	if len(got.Strategies) != 1 || got.Strategies[0].Name != "byShoe" {
		t.Errorf("custom strategies = %+v, want byShoe alone", got.Strategies)
	}
	if diff := cmp.Diff([]string{"token admin", "users 1", "strategy byShoe"}, lost(got.Losses)); diff != "" {
		t.Errorf("losses (-want +got):\n%s", diff)
	}
}

func TestReadRefused(t *testing.T) {
	t.Parallel()
	srv := recorded(t)
	_, err := Unleash{URL: srv.URL, Token: "wrong", Client: srv.Client()}.Read(t.Context())
	if err == nil || !strings.Contains(err.Error(), "401") || !strings.Contains(err.Error(), "--from-token") {
		t.Errorf("error = %v, want the status and what is missing", err)
	}
}

func TestReadFile(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ in, want string }{
		"no JSON":          {"x", "reading the export"},
		"no export":        {`{"a":1}`, "it has no features"},
		"a state export":   {`{"version":4,"features":[]}`, "before 5"},
		"two environments": {`{"features":[],"featureEnvironments":[{"environment":"a"},{"environment":"b"}]}`, `featureEnvironments[1] is of "b"`},
	} {
		_, err := ReadFile(strings.NewReader(tc.in))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error = %v, want %q in it", name, err, tc.want)
		}
	}
	f, err := os.Open("testdata/unleash/export_production.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	src, err := ReadFile(f)
	if err != nil {
		t.Fatal(err)
	}
	if p := src.Plan(); len(p.Configuration.Flags) != 2 || len(p.Configuration.Segments) != 0 {
		t.Errorf("flags = %d, segments = %d: want 2, and none, since a file has their names alone", len(p.Configuration.Flags), len(p.Configuration.Segments))
	}
}

func FuzzReadFile(f *testing.F) {
	raw, err := os.ReadFile("testdata/unleash/export_production.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(raw))
	f.Add(`{"features":[{"name":"a","archived":true},{"name":"a"}],"featureEnvironments":[{"featureName":"a","enabled":true}]}`)
	f.Fuzz(func(t *testing.T, in string) {
		src, err := ReadFile(strings.NewReader(in))
		if err != nil {
			return
		}
		for _, flag := range src.Plan().Configuration.Flags {
			for env, spec := range flag.Environments {
				if spec.Enabled && len(spec.Strategies) == 0 {
					t.Errorf("%s in %s is on without a strategy, which no server takes", flag.Name, env)
				}
			}
		}
	})
}
