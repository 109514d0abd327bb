package native_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/lockflight/lockflight/internal/httpapi/native"
)

// TestChanges proposes files, and any other write by ?propose=; no token
// approves either.
func TestChanges(t *testing.T) {
	t.Parallel()
	p := newPlane(t, still)
	p.do(t, http.MethodPost, "/api/v1/flags", admin, `{"name":"agent"}`)
	half := `{"title":"half of them","body":"as agreed","configuration":{"flags":[{"name":"agent","environments":{"production":
		{"enabled":true,"strategies":[{"name":"flexibleRollout","parameters":{"rollout":"50"}}]}}}]}}`
	made := p.do(t, http.MethodPost, "/api/v1/changes", admin, half)
	var c native.ChangeRequest
	if err := json.Unmarshal(made.Body.Bytes(), &c); err != nil || made.Code != http.StatusCreated {
		t.Fatalf("%d %s", made.Code, made.Body)
	}
	if c.State != "in_review" || c.Blast.Effect != "increases" || !c.Blast.Production || c.Eligible.Code != "people_only" || len(c.Missing) != 1 {
		t.Errorf("proposed: %s", made.Body)
	}
	for _, tt := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{http.MethodGet, "/api/v1/changes?open=true", "", 200, c.ID},
		{http.MethodGet, "/api/v1/changes/" + c.ID, "", 200, `"rollout":"50"`},
		{http.MethodGet, "/api/v1/changes/cr-none", "", 404, "change request"},
		{http.MethodPost, "/api/v1/changes/" + c.ID + "/approve", `{"digest":"` + c.Digest + `"}`, 403, "people_only"},
		{http.MethodPost, "/api/v1/changes/" + c.ID + "/apply", "", 409, "not_now"},
		{http.MethodPost, "/api/v1/changes/" + c.ID + "/comment", `{"reason":"why?"}`, 200, `"text":"why?"`},
		{http.MethodPut, "/api/v1/changes/" + c.ID, strings.Replace(half, "half of", "some of", 1), 200, `"revision":2`},
		{http.MethodPost, "/api/v1/changes/" + c.ID + "/withdraw", "", 200, "withdrawn"},
		{http.MethodPost, "/api/v1/changes", `{"title":"x"}`, 400, "want this or a release"},
		{http.MethodPost, "/api/v1/changes", `{"title":"x","configuration":{}}`, 400, "holds already"},
		{http.MethodPost, "/api/v1/flags?propose=a+flag", `{"name":"other"}`, 202, `"code":"proposed"`},
		{http.MethodGet, "/api/v1/flags/other", "", 404, ""},
	} {
		got := p.do(t, tt.method, tt.path, admin, tt.body)
		if got.Code != tt.status || !strings.Contains(got.Body.String(), tt.want) {
			t.Errorf("%s %s: %d %s, want %d with %q", tt.method, tt.path, got.Code, got.Body, tt.status, tt.want)
		}
	}
}
