package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// badInput is a request that must be refused, and what must be said of it.
type badInput struct {
	name    string
	request request
	status  int
	field   string // at fault, in the sender's own terms
}

// TestBadInput sends what cannot be meant, over the network, to a server with a
// running release. Each answer names the field; nothing of it is kept; and the
// server goes on.
func TestBadInput(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.start(t)
	f := p.launch(t, "released", steps(50, 100))
	p.must(t, http.MethodPost, features, map[string]string{"name": "plain"}, nil)
	var next int
	lines := f.exposures("unit", &next, 2)
	if err := p.submit(t.Context(), lines, nil); err != nil {
		t.Fatal(err)
	}
	for _, tt := range slices.Concat(adminInputs(), nativeInputs(), evidenceInputs(lines[0]), otlpInputs(f), clientInputs()) {
		before := p.kept(t, f)
		a, err := p.send(t.Context(), tt.request)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if a.status != tt.status || !names(a.body, tt.field) {
			t.Errorf("%s: %d %.300s; want %d naming %q", tt.name, a.status, a.body, tt.status, tt.field)
		}
		if after := p.kept(t, f); after != before {
			t.Errorf("%s: the server kept something: it has %s, and had %s", tt.name, after, before)
		}
	}
	p.must(t, http.MethodPost, features, map[string]string{"name": "after-all"}, nil)
	select {
	case <-p.process.ended:
		t.Errorf("the server ended; its log:\n%s", p.process.log)
	default:
	}
	if strings.Contains(p.process.log.String(), `"level":"ERROR"`) {
		t.Errorf("bad input is the sender's fault and not an error of the server:\n%s", p.process.log)
	}
}

// TestBadToken sends good requests with no token, an unknown one, and one that
// is for something else.
func TestBadToken(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.start(t)
	flag := []byte(`{"name":"a"}`)
	for _, tt := range []struct {
		request request
		status  int
	}{
		{request{method: "POST", path: features, body: flag}, 401},
		{request{method: "POST", path: features, body: flag, token: "*:*.unknown"}, 401},
		{request{method: "POST", path: features, body: flag, token: backendToken}, 403},
		{request{method: "POST", path: "/api/v1/flags", body: flag}, 401},
		{request{method: "POST", path: "/api/v1/flags", body: flag, token: backendToken}, 403},
		{request{method: "POST", path: "/api/v1/evidence", body: []byte("{}"), contentType: "application/x-ndjson"}, 401},
		{request{method: "POST", path: "/v1/traces", body: []byte("{}")}, 401},
		{request{method: "POST", path: "/api/client/metrics", body: []byte("{}")}, 401},
		{request{method: "POST", path: "/api/client/metrics", body: []byte("{}"), token: adminToken}, 403},
		{request{method: "GET", path: "/api/client/features"}, 401},
		{request{method: "GET", path: "/api/client/streaming", token: "*:development.unknown"}, 401},
		{request{method: "GET", path: "/api/v1/audit/export", token: backendToken}, 403},
	} {
		a, err := p.send(t.Context(), tt.request)
		if err != nil || a.status != tt.status {
			t.Errorf("%s %s with token %q = %d %s, %v; want %d",
				tt.request.method, tt.request.path, tt.request.token, a.status, a.body, err, tt.status)
		}
	}
	var list struct {
		Flags []json.RawMessage `json:"flags"`
	}
	if p.must(t, http.MethodGet, "/api/v1/flags", nil, &list); len(list.Flags) > 0 {
		t.Errorf("a flag was made by whoever may not: %s", list.Flags)
	}
}

// kept is what a request could have changed: the length of the log, and the
// evidence that counts.
func (p *plane) kept(t *testing.T, f flight) string {
	t.Helper()
	var log verification
	p.must(t, http.MethodGet, "/api/v1/audit/verify", nil, &log)
	var r struct {
		Evidence map[string]int `json:"evidence"`
	}
	p.must(t, http.MethodGet, "/api/v1/releases/"+f.id, nil, &r)
	return fmt.Sprintf("%d records, %d observations", log.Size, r.Evidence["accepted"])
}

// names tells whether an error names a field: in the member for it, where its
// form has one, else in its text.
func names(body []byte, field string) bool {
	var doc struct {
		Field   string `json:"field"`
		Details []struct {
			Path string `json:"path"`
		} `json:"details"`
	}
	if json.Unmarshal(body, &doc) == nil {
		if len(doc.Details) > 0 {
			doc.Field = doc.Details[0].Path
		}
		if doc.Field != "" {
			return doc.Field == field
		}
	}
	return strings.Contains(string(body), field)
}

// huge is a text of 10 MB, more than any body may have.
var huge = strings.Repeat("x", 10_000_000)

const strategies = features + "/plain/environments/" + environment + "/strategies"

func admin(name, path, body string, status int, field string) badInput {
	return badInput{"admin: " + name, request{method: "POST", path: path, token: adminToken, body: []byte(body)}, status, field}
}

func adminInputs() []badInput {
	constraint := func(c string) string { return `{"name":"default","constraints":[` + c + `]}` }
	typed := admin("another media type", features, `name=a`, 415, "Content-Type")
	typed.request.contentType = "application/x-www-form-urlencoded"
	return []badInput{
		typed,
		admin("no body", features, ``, 400, "body"),
		admin("half a body", features, `{"name":`, 400, "name"),
		admin("two bodies", features, `{"name":"a"}{}`, 400, "body"),
		admin("a list", features, `[]`, 400, "body"),
		admin("an unknown key", features, `{"name":"a","colour":"b"}`, 400, "colour"),
		admin("a key in another case", features, `{"Name":"a"}`, 400, "Name"),
		admin("a key twice", features, `{"name":"a","name":"b"}`, 400, "name"),
		admin("a number for a text", features, `{"name":7}`, 400, "name"),
		admin("NaN", features, `{"name":"a","impressionData":NaN}`, 400, "impressionData"),
		admin("not UTF-8", features, "{\"name\":\"\xff\"}", 400, "body"),
		admin("a name for no URL", features, `{"name":"a b"}`, 400, "name"),
		admin("an unknown type", features, `{"name":"a","type":"nope"}`, 400, "type"),
		admin("a deep value", features, `{"name":`+strings.Repeat("[", 100_000)+`}`, 400, "name"),
		admin("10 MB", features, `{"name":"`+huge+`"}`, 413, "body"),
		admin("a rollout of NaN", strategies, `{"name":"flexibleRollout","parameters":{"rollout":"NaN"}}`, 400, "parameters.rollout"),
		admin("a negative rollout", strategies, `{"name":"flexibleRollout","parameters":{"rollout":"-1"}}`, 400, "parameters.rollout"),
		admin("a number for a parameter", strategies, `{"name":"flexibleRollout","parameters":{"rollout":50}}`, 400, "parameters.rollout"),
		admin("an unknown operator", strategies, constraint(`{"contextName":"a","operator":"WAT","values":[]}`), 400, "constraints[0].operator"),
		admin("an unknown key of a constraint", strategies, constraint(`{"contextName":"a","operator":"IN","vals":[]}`), 400, "constraints[0].vals"),
		admin("a number that is none", strategies, constraint(`{"contextName":"a","operator":"NUM_EQ","value":"x"}`), 400, "constraints[0].value"),
		admin("a date that is none", strategies, constraint(`{"contextName":"currentTime","operator":"DATE_AFTER","value":"x"}`), 400, "constraints[0].value"),
		admin("a negative weight", strategies, `{"name":"default","variants":[{"name":"a","weight":-5}]}`, 400, "variants[0].weight"),
		admin("no such segment", strategies, `{"name":"default","segments":[99]}`, 404, "segments[0]"),
		admin("an expiry that is no time", "/api/admin/api-tokens", `{"tokenName":"a","type":"client","expiresAt":"x"}`, 400, "expiresAt"),
	}
}

func native(name, path, body string, status int, field string) badInput {
	in := admin(name, "/api/v1"+path, body, status, field)
	in.name = "native: " + name
	return in
}

func nativeInputs() []badInput {
	release := func(plan string) string {
		return `{"flag":"plain","environment":"development","build":"b","plan":` + plan + `}`
	}
	policy := func(more string) string {
		return release(`{"apiVersion":"lockflight/v1","kind":"GatePolicy","metadata":{"name":"a"},` + more + `}`)
	}
	typed := native("another media type", "/flags", `name=a`, 415, "Content-Type")
	typed.request.contentType = "text/plain"
	return []badInput{
		typed,
		native("no body", "/flags", ``, 400, "body"),
		native("half a body", "/flags", `{"name":`, 400, "name"),
		native("two bodies", "/flags", `{"name":"a"}{}`, 400, "body"),
		native("a list", "/flags", `[]`, 400, "body"),
		native("an unknown key", "/flags", `{"name":"a","colour":"b"}`, 400, "colour"),
		native("a number for a text", "/flags", `{"name":7}`, 400, "name"),
		native("NaN", "/environments", `{"name":"a","type":"test","sortOrder":NaN}`, 400, "sortOrder"),
		native("a fraction", "/environments", `{"name":"a","type":"test","sortOrder":1.5}`, 400, "sortOrder"),
		native("a missing name", "/flags", `{}`, 400, "name"),
		native("a name for no URL", "/flags", `{"name":"a b"}`, 400, "name"),
		native("10 MB", "/flags", `{"name":"`+huge+`"}`, 413, "body"),
		native("an expiry in the past", "/tokens", `{"name":"a","type":"admin","expiresAt":"1999-01-01T00:00:00Z"}`, 400, "expiresAt"),
		native("a plan that is none", "/releases", release(`"nope"`), 400, "plan"),
		native("an unknown key of a policy", "/releases", policy(`"alfa":1`), 400, "plan.alfa"),
		native("a negative probability", "/releases", policy(`"alpha":{"rollback":-1}`), 400, "plan.alpha.rollback"),
		native("a negative count", "/releases", policy(`"evidence":{"min_exposures_per_arm":-5}`), 400, "plan.evidence.min_exposures_per_arm"),
		native("no such environment", "/releases", strings.Replace(policy(`"alpha":{"rollback":0.05}`), environment, "moon", 1), 400, "environment"),
		native("a number for a reason", "/releases/rel-none/rollback", `{"reason":1}`, 400, "reason"),
	}
}

func clientInputs() []badInput {
	send := func(name, path, body string, status int, field string) badInput {
		return badInput{"client: " + name, request{method: "POST", path: path, token: backendToken, body: []byte(body)}, status, field}
	}
	metrics := func(stop time.Duration, toggle string) string {
		now := time.Now().UTC()
		return fmt.Sprintf(`{"appName":"a","instanceId":"i","bucket":{"start":%q,"stop":%q,"toggles":{"plain":%s}}}`,
			now.Format(time.RFC3339), now.Add(stop).Format(time.RFC3339), cmp.Or(toggle, `{"yes":1,"no":0}`))
	}
	const path = "/api/client/metrics"
	typed := send("another media type", path, metrics(0, ""), 415, "Content-Type")
	typed.request.contentType = "text/plain"
	return []badInput{
		typed,
		send("half a body", path, `{`, 400, "body"),
		send("no application", path, `{"bucket":{}}`, 400, "appName"),
		send("a text for a count", path, metrics(0, `{"yes":"x"}`), 400, "bucket.toggles.plain.yes"),
		send("a negative count", path, metrics(0, `{"yes":-1}`), 400, "bucket.toggles.plain.yes"),
		send("a negative count of a variant", path, metrics(0, `{"yes":1,"variants":{"v":-1}}`), 400, "bucket.toggles.plain.variants.v"),
		send("a fraction", path, metrics(0, `{"yes":1.5}`), 400, "bucket.toggles.plain.yes"),
		send("NaN", path, metrics(0, `{"yes":NaN}`), 400, "bucket.toggles.plain.yes"),
		send("a count without end", path, metrics(0, `{"yes":1e400}`), 400, "bucket.toggles.plain.yes"),
		send("the future", path, metrics(25*time.Hour, ""), 400, "bucket.stop"),
		send("long ago", path, metrics(-31*24*time.Hour, ""), 400, "bucket.stop"),
		send("a time that is none", path, strings.Replace(metrics(0, ""), `"stop":"`, `"stop":"x`, 1), 400, "bucket.stop"),
		send("10 MB", path, `{"appName":"`+huge+`"}`, 413, "body"),
		send("a negative interval", "/api/client/register", `{"appName":"a","interval":-1}`, 400, "interval"),
		send("a number for a list", "/api/client/register", `{"appName":"a","strategies":5}`, 400, "strategies"),
	}
}
