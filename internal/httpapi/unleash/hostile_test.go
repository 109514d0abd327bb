package unleash_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/lockflight/lockflight/internal/control"
)

// size returns the number of events in the log.
func (p *plane) size(t testing.TB) int64 {
	t.Helper()
	var head control.Head
	err := p.store.View(t.Context(), func(tx control.ReadTx) (err error) {
		head, err = tx.Head()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return head.Size
}

// TestHostile sends what no good client sends. Each is answered with a status
// and the field at fault, nothing is written, and the process lives.
func TestHostile(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.withFlag(t, "default", "f")
	const (
		features   = "/api/admin/projects/default/features"
		strategies = features + "/f/environments/development/strategies"
		metrics    = "/api/client/metrics"
		front      = "/api/frontend"
	)
	big := `{"name":"` + strings.Repeat("x", 10<<20) + `"}`
	deep := `{"name":` + strings.Repeat("[", 1<<16)
	toggles := func(counts string) string {
		return `{"appName":"a","bucket":{"start":"2026-11-22T09:00:00Z","stop":"2026-11-22T09:01:00Z","toggles":{"f":` + counts + `}}}`
	}
	stop := func(at string) string {
		return `{"appName":"a","bucket":{"start":"2026-11-22T09:00:00Z","stop":` + at + `,"toggles":{}}}`
	}
	tests := []struct {
		name, path, token, body string
		status                  int
		field                   string
	}{
		{"no body", features, admin, ``, 400, "body"},
		{"malformed", features, admin, `{"name":"x"`, 400, "body"},
		{"a list", features, admin, `[]`, 400, "body"},
		{"rubbish after", features, admin, `{"name":"x"}}`, 400, "body"},
		{"unknown field", features, admin, `{"name":"x","owner":"me"}`, 400, "owner"},
		{"wrong type", features, admin, `{"name":7}`, 400, "name"},
		{"wrong type of truth", features, admin, `{"name":"x","impressionData":"no"}`, 400, "impressionData"},
		{"no name", features, admin, `{}`, 400, "name"},
		{"NUL in a name", features, admin, `{"name":"x\u0000"}`, 400, "name"},
		{"bad UTF-8", features, admin, "{\"name\":\"\xc3\"}", 400, "body"},
		{"10 MB", features, admin, big, 413, "body"},
		{"deep", features, admin, deep, 400, "name"},
		{"unknown type", features, admin, `{"name":"x","type":"eternal"}`, 400, "type"},
		{"no token", features, "", `{"name":"x"}`, 401, ""},
		{"a token of nobody", features, "x", `{"name":"x"}`, 401, ""},
		{"frontend token", features, frontend, `{"name":"x"}`, 403, ""},
		{"NaN rollout", strategies, admin, `{"name":"flexibleRollout","parameters":{"rollout":"NaN"}}`, 400, "parameters.rollout"},
		{"negative rollout", strategies, admin, `{"name":"flexibleRollout","parameters":{"rollout":"-1"}}`, 400, "parameters.rollout"},
		{"number for a parameter", strategies, admin, `{"name":"flexibleRollout","parameters":{"rollout":50}}`, 400, "parameters.rollout"},
		{"number for a value", strategies, admin, `{"name":"default","constraints":[{"contextName":"a","operator":"IN","values":[7]}]}`, 400, "constraints[0].values[0]"},
		{"unknown field of a constraint", strategies, admin, `{"name":"default","constraints":[{"contextName":"a","operator":"IN","vals":["7"]}]}`, 400, "constraints[0].vals"},
		{"bad operator", strategies, admin, `{"name":"default","constraints":[{"contextName":"a","operator":"LIKE"}]}`, 400, "constraints[0].operator"},
		{"bad regular expression", strategies, admin, `{"name":"default","constraints":[{"contextName":"a","operator":"REGEX","value":"("}]}`, 400, "constraints[0].value"},
		{"no such segment", strategies, admin, `{"name":"default","segments":[99]}`, 404, "segments[0]"},
		{"reserved parameter", strategies, admin, `{"name":"default","parameters":{"release":"rel-1"}}`, 400, "parameters.release"},
		{"segment by name", strategies, admin, `{"name":"default","segments":["staff"]}`, 400, "segments[0]"},
		{"segment without a name", "/api/admin/segments", admin, `{"constraints":[]}`, 400, "name"},
		{"segment of a project", "/api/admin/segments", admin, `{"name":"s","project":"red","constraints":[]}`, 400, "project"},
		{"token that never was", "/api/admin/api-tokens", admin, `{"type":"client"}`, 400, "tokenName"},
		{"token with a bad expiry", "/api/admin/api-tokens", admin, `{"tokenName":"a","type":"client","expiresAt":"soon"}`, 400, "expiresAt"},
		{"token by a backend token", "/api/admin/api-tokens", backend, `{"tokenName":"a","type":"client"}`, 403, ""},

		{"metrics: no body", metrics, backend, ``, 400, "body"},
		{"metrics: NaN", metrics, backend, toggles(`{"yes":NaN,"no":0}`), 400, "bucket.toggles.f.yes"},
		{"metrics: negative", metrics, backend, toggles(`{"yes":1,"no":-1}`), 400, "bucket.toggles.f.no"},
		{"metrics: fraction", metrics, backend, toggles(`{"yes":0.5,"no":0}`), 400, "bucket.toggles.f.yes"},
		{"metrics: negative variant", metrics, backend, toggles(`{"yes":1,"no":0,"variants":{"v":-1}}`), 400, "bucket.toggles.f.variants.v"},
		{"metrics: overflow", metrics, backend, toggles(`{"yes":9223372036854775808,"no":0}`), 400, "bucket.toggles.f.yes"},
		{"metrics: absurd", metrics, backend, toggles(`{"yes":9223372036854775807,"no":0}`), 400, "bucket.toggles.f.yes"},
		{"metrics: text for a count", metrics, backend, toggles(`{"yes":"1","no":0}`), 400, "bucket.toggles.f.yes"},
		{"metrics: future", metrics, backend, stop(`"2027-11-22T09:00:00Z"`), 400, "bucket.stop"},
		{"metrics: ancient", metrics, backend, stop(`0`), 400, "bucket.stop"},
		{"metrics: far future", metrics, backend, stop(`9223372036854775807`), 400, "bucket.stop"},
		{"metrics: no time", metrics, backend, stop(`"noon"`), 400, "bucket.stop"},
		{"metrics: no end", metrics, backend, stop(`null`), 400, "bucket.stop"},
		{"metrics: NUL in a name", metrics, backend, `{"appName":"a\u0000"}`, 400, "appName"},
		{"metrics: long name", metrics, backend, `{"appName":"` + strings.Repeat("a", 256) + `"}`, 400, "appName"},
		{"metrics: NUL in a variant", metrics, backend, toggles(`{"yes":1,"no":0,"variants":{"\u0000":1}}`), 400, "bucket.toggles.f.variants"},
		{"metrics: negative receipt", metrics, backend, `{"appName":"a","lockflight":{"applied":[{"seq":-1,"at":"2026-11-22T09:00:00Z"}]}}`, 400, "lockflight.applied[0].seq"},
		{"metrics: receipt without a time", metrics, backend, `{"appName":"a","lockflight":{"applied":[{"seq":1}]}}`, 400, "lockflight.applied[0].at"},
		{"metrics: 10 MB", metrics, backend, big, 413, "body"},
		{"metrics: no token", metrics, "", `{"appName":"a"}`, 401, ""},
		{"metrics: admin token", metrics, admin, `{"appName":"a"}`, 403, ""},
		{"bulk: wrong list", metrics + "/bulk", backend, `{"applications":{}}`, 400, "applications"},
		{"bulk: no application", metrics + "/bulk", backend, `{"applications":[{"environment":"development"}]}`, 400, "applications[0].appName"},
		{"bulk: negative", metrics + "/bulk", backend, `{"metrics":[{"appName":"a","featureName":"f","environment":"development","timestamp":"2026-11-22T09:00:00Z","yes":-1}]}`, 400, "metrics[0].yes"},
		{"bulk: 10 MB", metrics + "/bulk", backend, big, 413, "body"},
		{"edge: no list", "/edge/validate", "", `{}`, 400, "tokens"},
		{"edge: a text for the list", "/edge/validate", "", `{"tokens":"a"}`, 400, "tokens"},
		{"edge: numbers for tokens", "/edge/validate", "", `{"tokens":[1]}`, 400, "tokens[0]"},
		{"edge: too many tokens", "/edge/validate", "", `{"tokens":[` + strings.Repeat(`"*:development.backend",`, 1000) + `""]}`, 413, "tokens"},
		{"edge: 10 MB", "/edge/validate", "", big, 413, "body"},
		{"edge: metrics that are none", "/edge/metrics", "", `{"metrics":{}}`, 400, "metrics"},
		{"edge: instance that is none", metrics + "/edge", backend, `[]`, 400, "body"},
		{"edge: no path", "/edge/moon", "", `{}`, 404, ""},
		{"frontend: no body", front, frontend, ``, 400, "body"},
		{"frontend: malformed", front, frontend, `{"context":{`, 400, "context"},
		{"frontend: a list", front, frontend, `[]`, 400, "body"},
		{"frontend: a list for the context", front, frontend, `{"context":[]}`, 400, "context"},
		{"frontend: an object for a text", front, frontend, `{"context":{"userId":{}}}`, 400, "context.userId"},
		{"frontend: a list for a text", front, frontend, `{"userId":["a"]}`, 400, "userId"},
		{"frontend: a list for properties", front, frontend, `{"context":{"properties":[]}}`, 400, "context.properties"},
		{"frontend: an object for a property", front, frontend, `{"context":{"properties":{"a":{}}}}`, 400, "context.properties.a"},
		{"frontend: no time", front, frontend, `{"context":{"currentTime":"noon"}}`, 400, "context.currentTime"},
		{"frontend: time out of range", front, frontend, `{"context":{"currentTime":1e300}}`, 400, "context.currentTime"},
		{"frontend: NaN", front, frontend, `{"context":{"properties":{"a":NaN}}}`, 400, "context.properties.a"},
		{"frontend: twice", front, frontend, `{"userId":"a","userId":"b"}`, 400, "userId"},
		{"frontend: bad UTF-8", front, frontend, "{\"userId\":\"\xff\"}", 400, "body"},
		{"frontend: deep", front, frontend, deep, 400, "name" + strings.Repeat("[0]", 64)},
		{"frontend: 10 MB", front, frontend, big, 413, "body"},
		{"frontend: no token", front, "", `{}`, 401, ""},
		{"frontend: backend token", front, backend, `{}`, 403, ""},
		{"frontend: admin token", front, admin, `{}`, 403, ""},
		{"frontend: events that are none", front + "/client/events", frontend, `{`, 400, "body"},
		{"frontend: metrics with a negative count", front + "/client/metrics", frontend, toggles(`{"yes":-1,"no":0}`), 400, "bucket.toggles.f.yes"},
		{"frontend: metrics by a backend token", front + "/client/metrics", backend, toggles(`{"yes":1,"no":0}`), 403, ""},
		{"frontend: register without a name", front + "/client/register", frontend, `{}`, 400, "appName"},
		{"frontend: no path", front + "/moon", frontend, `{}`, 404, ""},
		{"register: negative interval", "/api/client/register", backend, `{"appName":"a","interval":-1}`, 400, "interval"},
		{"register: NaN", "/api/client/register", backend, `{"appName":"a","interval":NaN}`, 400, "interval"},
		{"register: a list of numbers", "/api/client/register", backend, `{"appName":"a","strategies":[1]}`, 400, "strategies[0]"},
	}
	before := p.size(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := p.do(t, http.MethodPost, tt.path, tt.token, tt.body)
			var got struct {
				Name, Message string
				Details       []struct{ Path, Message string }
			}
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Name == "" && w.Code != http.StatusUnauthorized && w.Code != http.StatusForbidden || got.Message == "" {
				t.Errorf("the body is no error: %s", w.Body)
			}
			field := ""
			if len(got.Details) > 0 {
				field = got.Details[0].Path
			}
			if w.Code != tt.status || field != tt.field {
				t.Errorf("%d %s, want %d for %q", w.Code, w.Body, tt.status, tt.field)
			}
		})
	}
	if after := p.size(t); after != before {
		t.Errorf("%d events were written", after-before)
	}
	p.flush(t)
	if usage, err := p.store.Usage(t.Context(), "f", today.AddDate(-1, 0, 0)); err != nil || len(usage) > 0 {
		t.Errorf("counts were kept: %v, %v", usage, err)
	}
}
