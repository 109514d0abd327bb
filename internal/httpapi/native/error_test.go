package native_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/evidence"
	"github.com/lockflight/lockflight/internal/httpapi"
)

const (
	ndjson  = "application/x-ndjson"
	quick   = `{"apiVersion":"lockflight/v1","kind":"GatePolicy","metadata":{"name":"quick"}}`
	problem = "application/problem+json"
)

// TestErrors asks for what cannot be: each answer is a problem with the status
// and the field at fault.
func TestErrors(t *testing.T) {
	t.Parallel()
	p := newPlane(t, still)
	_, err := p.service.CreateFlag(t.Context(), control.Setup(), control.Flag{Name: "taken", Project: "default"})
	check(t, err)
	for _, tc := range []struct {
		name, method, path, token, body string
		status                          int
		field                           string
		header                          []string
	}{
		{"no token", "GET", "/flags", "", "", 401, "", nil},
		{"no such token", "GET", "/flags", "*:*.nobody", "", 401, "", nil},
		{"no token, and a bad body", "POST", "/flags", "", "{", 401, "", nil},
		{"no permission", "POST", "/flags", backend, `{"name":"a"}`, 403, "flag.create", nil},
		{"no permission to read the log", "GET", "/audit/records", backend, "", 403, "audit.read", nil},
		{"no permission to verify", "GET", "/audit/verify", backend, "", 403, "audit.read", nil},
		{"no permission to export", "GET", "/audit/export", backend, "", 403, "audit.read", nil},
		{"no permission to prove", "GET", "/audit/proof/0", backend, "", 403, "audit.read", nil},
		{"no permission to list tokens", "GET", "/tokens", backend, "", 403, "token.read", nil},
		{"no such path", "GET", "/nothing", admin, "", 404, "", nil},
		{"no such method", "DELETE", "/flags", admin, "", 405, "", nil},
		{"no such flag", "GET", "/flags/none", admin, "", 404, "flag", nil},
		{"no such environment", "POST", "/flags/taken/environments/moon/on", admin, "", 404, "", nil},
		{"no such release", "POST", "/releases/rel-none/rollback", admin, `{}`, 404, "release", nil},
		{"no such release to wait for", "GET", "/releases/rel-none?after=x", admin, "", 404, "release", nil},
		{"no such verdict", "GET", "/verdicts/rel-none.2", admin, "", 404, "verdict", nil},
		{"no such record", "GET", "/audit/proof/9999", admin, "", 404, "", nil},
		{"a name that is taken", "POST", "/flags", admin, `{"name":"taken"}`, 409, "name", nil},
		{"no body", "POST", "/flags", admin, "", 400, "body", nil},
		{"half a body", "POST", "/flags", admin, `{"name":`, 400, "name", nil},
		{"half an object", "POST", "/flags", admin, `{"name":"a"`, 400, "body", nil},
		{"not an object", "POST", "/flags", admin, `[]`, 400, "body", nil},
		{"not JSON", "POST", "/flags", admin, `name: a`, 400, "body", nil},
		{"NaN", "POST", "/environments", admin, `{"name":"a","type":"test","sortOrder":NaN}`, 400, "sortOrder", nil},
		{"a number that is too large", "POST", "/environments", admin, `{"name":"a","type":"test","sortOrder":1e400}`, 400, "sortOrder", nil},
		{"a fraction", "POST", "/environments", admin, `{"name":"a","type":"test","sortOrder":1.5}`, 400, "sortOrder", nil},
		{"an unknown key", "POST", "/flags", admin, `{"name":"a","colour":"red"}`, 400, "colour", nil},
		{"a missing key", "POST", "/flags", admin, `{"project":"default"}`, 400, "name", nil},
		{"a wrong type", "POST", "/flags", admin, `{"name":7}`, 400, "name", nil},
		{"a wrong type within", "POST", "/projects", admin, `{"id":"a","environments":["production",7]}`, 400, "environments[1]", nil},
		{"a text for a list", "POST", "/projects", admin, `{"id":"a","environments":"production"}`, 400, "environments", nil},
		{"a key twice", "POST", "/flags", admin, `{"name":"a","name":"b"}`, 400, "name", nil},
		{"a key in another case", "POST", "/flags", admin, `{"Name":"a"}`, 400, "Name", nil},
		{"a key in another case within", "POST", "/segments", admin, `{"name":"s","constraints":[{"contextname":"userId","operator":"IN"}]}`, 400, "constraints[0].contextname", nil},
		{"a key twice within", "POST", "/releases", admin, `{"flag":"taken","environment":"production","build":"b","plan":{"kind":"a","kind":"b"}}`, 400, "plan.kind", nil},
		{"something after it", "POST", "/flags", admin, `{"name":"a"}{}`, 400, "body", nil},
		{"no UTF-8", "POST", "/flags", admin, "{\"name\":\"\xff\"}", 400, "body", nil},
		{"a cursor that is none", "GET", "/flags?cursor=%3F", admin, "", 400, "cursor", nil},
		{"a cursor of another list", "GET", "/flags?cursor=cHJvamVjdHMAYQ", admin, "", 400, "cursor", nil},
		{"a cursor without a number", "GET", "/audit/records?cursor=cmVjb3JkcwBh", admin, "", 400, "cursor", nil},
		{"no limit at all", "GET", "/flags?limit=0", admin, "", 400, "limit", nil},
		{"too great a limit", "GET", "/flags?limit=1001", admin, "", 400, "limit", nil},
		{"a version that has passed", "PATCH", "/flags/taken", admin, `{"description":"x"}`, 412, "If-Match", []string{"If-Match", `"0"`}},
		{"a wrong value", "POST", "/flags", admin, `{"name":"a b"}`, 400, "name", nil},
		{"a time that is none", "POST", "/tokens", admin, `{"name":"a","type":"admin","expiresAt":"tomorrow"}`, 400, "expiresAt", nil},
		{"an unknown project of a token", "POST", "/tokens", admin, `{"name":"a","type":"backend","environment":"production","projects":["red"]}`, 400, "projects[0]", nil},
		{"a resource without a type", "GET", "/audit/records?resource=checkout", admin, "", 400, "resource", nil},
		{"a bad query", "GET", "/audit/records?from=x", admin, "", 400, "from", nil},
		{"a negative query", "GET", "/audit/records?from=-1", admin, "", 400, "from", nil},
		{"a bad path", "GET", "/audit/proof/x", admin, "", 400, "seq", nil},
		{"a plan that is none", "POST", "/releases", admin, `{"flag":"taken","environment":"production","build":"b","plan":{"kind":"Menu"}}`, 400, "plan.kind", nil},
		{"a plan with an unknown key", "POST", "/releases", admin, `{"flag":"taken","environment":"production","build":"b","plan":{"kind":"GatePolicy","alfa":1}}`, 400, "plan.alfa", nil},
		{"a fault within a policy", "POST", "/releases", admin, `{"flag":"taken","environment":"production","build":"b","plan":{"kind":"ReleasePlan","policy":{"kind":"GatePolicy","signals":[{"name":"task_success_rate","weight":"much"}]},"milestones":[]}}`, 400, "plan.policy.signals[0].weight", nil},
		{"random stickiness", "POST", "/releases", admin, `{"flag":"taken","environment":"production","build":"b","stickiness":"random","plan":` + quick + `}`, 400, "stickiness", nil},
		{"a release of no flag", "POST", "/releases", admin, `{"flag":"none","environment":"production","build":"b","plan":` + quick + `}`, 404, "flag", nil},
		{"another media type", "POST", "/flags", admin, `{"name":"a"}`, 415, "Content-Type", []string{"Content-Type", "text/plain"}},
		{"a body that is too large", "POST", "/flags", admin, `{"name":"` + strings.Repeat("a", httpapi.MiB) + `"}`, 413, "body", nil},
		{"evidence of another media type", "POST", "/evidence", backend, `{}`, 415, "Content-Type", nil},
		{"evidence of no media type", "POST", "/evidence", backend, "", 415, "Content-Type", nil},
		{"evidence with no good line", "POST", "/evidence", backend, "no\n", 400, "", []string{"Content-Type", ndjson}},
		{"evidence without a number", "POST", "/evidence", backend, "{}\n", 400, "Lockflight-Sequence", []string{"Content-Type", ndjson, "Lockflight-Sequence", "0"}},
		{"too much evidence", "POST", "/evidence", backend, strings.Repeat("{}\n", 3*httpapi.MiB), 413, "", []string{"Content-Type", ndjson}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := p.do(t, tc.method, "/api/v1"+tc.path, tc.token, tc.body, tc.header...)
			var got httpapi.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if w.Code != tc.status || got.Status != tc.status || got.Field != tc.field || got.Detail == "" || got.Code == "" {
				t.Errorf("%d %s, want %d for %q", w.Code, w.Body, tc.status, tc.field)
			}
			if media := w.Header().Get("Content-Type"); media != problem {
				t.Errorf("Content-Type %s", media)
			}
			if challenge := w.Header().Get("WWW-Authenticate"); (challenge != "") != (tc.status == http.StatusUnauthorized) {
				t.Errorf("WWW-Authenticate %q", challenge)
			}
		})
	}
}

// Where there is no room for evidence its senders are told when to come again.
func TestNoRoomForEvidence(t *testing.T) {
	t.Parallel()
	p := newPlane(t, still)
	p.serve(evidence.Options{Now: still, InFlight: 1})
	for path, media := range map[string]string{
		"/api/v1/evidence": ndjson, "/v1/traces": "application/x-protobuf", "/v1/logs": "application/json", "/v1/metrics": "application/json",
	} {
		w := p.do(t, "POST", path, backend, "{}", "Content-Type", media)
		if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "1" || w.Body.Len() == 0 {
			t.Errorf("%s: %d, Retry-After %q, %q", path, w.Code, w.Header().Get("Retry-After"), w.Body)
		}
	}
}
