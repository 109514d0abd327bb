package unleash_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// refusal is a request that must be refused, with its status and the field at
// fault, "" where none is named.
type refusal struct {
	name, method, path, body string
	status                   int
	field                    string
}

// refuse sends each request as an admin and checks that it is refused as it
// should be and that nothing is written.
func (p *plane) refuse(t *testing.T, tests []refusal) {
	t.Helper()
	before := p.size(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := p.do(t, tt.method, tt.path, admin, tt.body)
			var got struct {
				Name, Message string
				Details       []struct{ Path, Message string }
			}
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Name == "" || got.Message == "" {
				t.Errorf("the body is no error: %s", w.Body)
			}
			field := ""
			if len(got.Details) > 0 {
				field = got.Details[0].Path
			}
			if w.Code != tt.status || field != tt.field {
				t.Errorf("%d %s, want %d for %q", w.Code, w.Body, tt.status, tt.field)
			}
			if after := p.size(t); after != before {
				t.Errorf("%d events were written", after-before)
			}
		})
	}
}

func TestHostileFlags(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.withFlag(t, "default", "f")
	p.withFlag(t, "default", "old")
	p.want(t, http.StatusAccepted, "DELETE", "/api/admin/projects/default/features/old", admin, "")
	const (
		base = "/api/admin/projects/default"
		f    = base + "/features/f"
		old  = base + "/features/old"
	)
	digits := `{"appName":"a","a":"0,1,2,3,4,5,6,7,8,9","b":"0,1,2,3,4,5,6,7,8,9","c":"0,1,2,3,4,5,6,7,8,9","d":"0,1"}`
	many := `{"features":["` + strings.Repeat(`f","`, 1000) + `f"],"stale":true}`
	p.refuse(t, []refusal{
		{"put: unknown type", "PUT", f, `{"type":"eternal"}`, 400, "type"},
		{"put: no such flag", "PUT", base + "/features/g", `{}`, 404, "flag"},
		{"put: another project", "PUT", "/api/admin/projects/blue/features/f", `{}`, 404, "flag"},
		{"put: archived", "PUT", f, `{"archived":true}`, 400, "archived"},
		{"put: in the archive", "PUT", old, `{"stale":true}`, 400, ""},
		{"patch: an object", "PATCH", f, `{}`, 400, "body"},
		{"patch: unknown operation", "PATCH", f, `[{"op":"copy","from":"/type","path":"/description"}]`, 400, "[0]"},
		{"patch: no value", "PATCH", f, `[{"op":"replace","path":"/stale"}]`, 400, "[0]"},
		{"patch: unknown path", "PATCH", f, `[{"op":"add","path":"/owner","value":1}]`, 400, "owner"},
		{"patch: too deep a path", "PATCH", f, `[{"op":"add","path":"/stale/x","value":1}]`, 400, "[0]"},
		{"patch: nothing to remove", "PATCH", f, `[{"op":"remove","path":"/x"}]`, 400, "[0]"},
		{"patch: wrong type", "PATCH", f, `[{"op":"replace","path":"/stale","value":"yes"}]`, 400, "stale"},
		{"patch: failing test", "PATCH", f, `[{"op":"test","path":"/stale","value":true}]`, 400, "[0]"},
		{"patch: the whole", "PATCH", f, `[{"op":"replace","path":"","value":7}]`, 400, "body"},
		{"clone: bad name", "POST", f + "/clone", `{"name":"a b"}`, 400, "name"},
		{"clone: taken", "POST", f + "/clone", `{"name":"old"}`, 409, "name"},
		{"clone: no such flag", "POST", base + "/features/g/clone", `{"name":"h"}`, 404, "flag"},
		{"create: in the archive", "POST", base + "/features", `{"name":"old"}`, 409, "name"},
		{"validate: bad name", "POST", "/api/admin/features/validate", `{"name":"a/b"}`, 400, "name"},
		{"validate: no such project", "POST", "/api/admin/features/validate", `{"name":"a","projectId":"red"}`, 404, "project"},
		{"stale: nothing", "POST", base + "/stale", `{"features":[],"stale":true}`, 400, "features"},
		{"stale: too many", "POST", base + "/stale", many, 400, "features"},
		{"stale: no value", "POST", base + "/stale", `{"features":["f"]}`, 400, "stale"},
		{"stale: one of two is unknown", "POST", base + "/stale", `{"features":["f","g"],"stale":true}`, 404, "flag"},
		{"bulk on: in the archive", "POST", base + "/bulk_features/environments/development/on", `{"features":["old"]}`, 400, ""},
		{"bulk off: no such environment", "POST", base + "/bulk_features/environments/moon/off", `{"features":["f"]}`, 404, ""},
		{"on: in the archive", "POST", old + "/environments/development/on", ``, 400, ""},
		{"strategy: in the archive", "POST", old + "/environments/development/strategies", `{"name":"default"}`, 400, ""},
		{"delete: in service", "POST", base + "/delete", `{"features":["old","f"]}`, 409, ""},
		{"delete: in service, one", "DELETE", "/api/admin/archive/f", ``, 409, ""},
		{"revive: no such flag", "POST", "/api/admin/archive/revive/g", ``, 404, "flag"},
		{"dependency: no parent", "POST", f + "/dependencies", `{}`, 400, "feature"},
		{"dependency: itself", "POST", f + "/dependencies", `{"feature":"f"}`, 403, "feature"},
		{"dependency: no such flag", "POST", f + "/dependencies", `{"feature":"moon"}`, 403, "feature"},
		{"dependency: in the archive", "POST", f + "/dependencies", `{"feature":"old"}`, 403, "feature"},
		{"dependency: of no flag", "POST", base + "/features/moon/dependencies", `{"feature":"f"}`, 404, "flag"},
		{"archive/validate: nothing", "POST", base + "/archive/validate", `{}`, 400, "features"},
		{"variants: an object", "PUT", f + "/environments/development/variants", `{}`, 400, "body"},
		{"variants: no name", "PUT", f + "/environments/development/variants", `[{"weight":1}]`, 400, "[0].name"},
		{"variants: half a weight", "PUT", f + "/environments/development/variants", `[{"name":"a","weight":0.5}]`, 400, "[0].weight"},
		{"variants: not enough", "PUT", f + "/environments/development/variants", `[{"name":"a","weight":1,"weightType":"fix"}]`, 400, "body"},
		{"variants: no such environment", "PUT", f + "/environments/moon/variants", `[]`, 404, ""},
		{"variants: patch beyond the end", "PATCH", f + "/environments/development/variants", `[{"op":"remove","path":"/0"}]`, 400, "[0]"},
		{"variants-batch: no environments", "PUT", f + "/variants-batch", `{"variants":[]}`, 400, "environments"},
		{"strategy: variants of one name", "POST", f + "/environments/development/strategies", `{"name":"default","variants":[{"name":"a"},{"name":"a"}]}`, 400, "variants[1].name"},
		{"order: no such strategy", "POST", f + "/environments/development/strategies/set-sort-order", `[{"id":"x","sortOrder":1}]`, 400, "[0].id"},
		{"order: an object", "POST", f + "/environments/development/strategies/set-sort-order", `{}`, 400, "body"},
		{"patch a strategy that is not", "PATCH", f + "/environments/development/strategies/x", `[]`, 404, ""},
		{"default strategy: unknown", "POST", base + "/environments/development/default-strategy", `{"name":"lottery"}`, 400, "name"},
		{"default strategy: nowhere", "POST", base + "/environments/moon/default-strategy", `{"name":"default"}`, 404, ""},
		{"default strategy: of nothing", "POST", "/api/admin/projects/red/environments/development/default-strategy", `{"name":"default"}`, 404, "project"},
		{"constraint: nothing", "POST", "/api/admin/constraints/validate", `{}`, 400, "contextName"},
		{"constraint: no operator", "POST", "/api/admin/constraints/validate", `{"contextName":"a"}`, 400, "operator"},
		{"constraint: a bad range", "POST", "/api/admin/constraints/validate", `{"contextName":"a","operator":"IN_CIDR","values":["10.0.0.0/99"]}`, 400, "values[0]"},
		{"segment: a bad date", "POST", "/api/admin/segments", `{"name":"s","constraints":[{"contextName":"a","operator":"DATE_AFTER","value":"noon"}]}`, 400, "constraints[0].value"},
		{"segment: no such", "GET", "/api/admin/segments/99", ``, 404, "segment"},
		{"segment: no number", "PUT", "/api/admin/segments/x", `{"name":"s"}`, 400, "id"},
		{"segment: put nothing", "PUT", "/api/admin/segments/99", `{"name":"s","constraints":[]}`, 404, "segment"},
		{"segment: put no name", "PUT", "/api/admin/segments/99", `{"constraints":[]}`, 400, "name"},
		{"segment: delete nothing", "DELETE", "/api/admin/segments/99", ``, 404, "segment"},
		{"segment: uses of nothing", "GET", "/api/admin/segments/99/strategies", ``, 404, "segment"},
		{"segment: neither", "GET", "/api/admin/segments/1/flags", ``, 404, ""},
		{"segment: of no strategy", "GET", "/api/admin/segments/strategies/x", ``, 404, ""},
		{"segment: for no strategy", "POST", "/api/admin/segments/strategies", `{"projectId":"default","strategyId":"","environmentId":"development","segmentIds":[]}`, 404, ""},
		{"segment: too many of them", "POST", f + "/environments/development/strategies", `{"name":"default","segments":[1,2,3,4,5,6]}`, 400, "segments"},
		{"segment: validate nothing", "POST", "/api/admin/segments/validate", `{}`, 400, "name"},
		{"context: no name", "POST", "/api/admin/context", `{}`, 400, "name"},
		{"context: standard", "POST", "/api/admin/context", `{"name":"userId"}`, 409, "name"},
		{"context: no such field", "PUT", "/api/admin/context/moon", `{}`, 404, "context field"},
		{"context: of no project", "POST", "/api/admin/context", `{"name":"x","project":"red"}`, 400, "project"},
		{"context: of another than the path's", "POST", base + "/context", `{"name":"x","project":"blue"}`, 400, "project"},
		{"context: move to a project", "PUT", "/api/admin/context/userId", `{"project":"blue"}`, 400, "project"},
		{"context: not the project's", "PUT", base + "/context/userId", `{}`, 404, ""},
		{"context: delete what is not the project's", "DELETE", base + "/context/userId", ``, 404, ""},
		{"context: delete a standard one", "DELETE", "/api/admin/context/userId", ``, 409, ""},
		{"context: empty legal value", "POST", "/api/admin/context/userId/legal-values", `{"value":""}`, 400, "legalValues[0].value"},
		{"tag: no such type", "POST", "/api/admin/features/f/tags", `{"type":"x","value":"y"}`, 400, "tags"},
		{"tag: no value", "POST", "/api/admin/features/f/tags", `{"type":"simple"}`, 400, "tags"},
		{"tag: no such flag", "POST", "/api/admin/features/moon/tags", `{"type":"simple","value":"y"}`, 404, "flag"},
		{"tags: nothing", "PUT", base + "/tags", `{"tags":{"addedTags":[],"removedTags":[]}}`, 400, "features"},
		{"tag type: bad colour", "POST", "/api/admin/tag-types", `{"name":"team","color":"red"}`, 400, "color"},
		{"tag type: no such", "DELETE", "/api/admin/tag-types/x", ``, 404, "tag type"},
		{"link: a script", "POST", f + "/link", `{"url":"javascript:alert(1)"}`, 400, "url"},
		{"link: no such", "DELETE", f + "/link/x", ``, 404, ""},
		{"lifetime: negative", "PUT", "/api/admin/feature-types/release/lifetime", `{"lifetimeDays":-1}`, 400, "lifetimeDays"},
		{"lifetime: no such type", "PUT", "/api/admin/feature-types/eternal/lifetime", `{"lifetimeDays":1}`, 404, ""},
		{"project: mode", "PUT", "/api/admin/projects/blue", `{"name":"Blue","mode":"secret"}`, 400, "mode"},
		{"project: no name", "PUT", "/api/admin/projects/blue", `{}`, 400, "name"},
		{"project: no such", "PUT", "/api/admin/projects/red", `{"name":"x"}`, 404, "project"},
		{"project: bad pattern", "PUT", base + "/settings", `{"featureNaming":{"pattern":"("}}`, 400, "featureNaming.pattern"},
		{"project: bad template", "PUT", base + "/settings", `{"linkTemplates":[{"urlTemplate":"x"}]}`, 400, "linkTemplates[0].urlTemplate"},
		{"project: a word of the API", "POST", "/api/admin/projects", `{"id":"archive","name":"A"}`, 400, "id"},
		{"project: taken", "POST", "/api/admin/projects/validate", `{"id":"blue"}`, 409, "id"},
		{"project: delete in use", "DELETE", base, ``, 409, ""},
		{"project: archive nothing", "POST", "/api/admin/projects/archive/red", ``, 404, "project"},
		{"project: no such environment", "POST", base + "/environments", `{"environment":"moon"}`, 400, "environment"},
		{"project: change requests", "POST", base + "/environments", `{"environment":"moon","changeRequestsEnabled":true}`, 400, "changeRequestsEnabled"},
		{"environment: no such", "GET", "/api/admin/environments/moon", ``, 404, ""},
		{"environment: update nothing", "PUT", "/api/admin/environments/update/moon", `{"sortOrder":1}`, 404, "environment"},
		{"environment: sort by words", "PUT", "/api/admin/environments/sort-order", `{"production":"first"}`, 400, "production"},
		{"environment: one of two is not", "PUT", "/api/admin/environments/sort-order", `{"development":9,"moon":1}`, 404, "environment"},
		{"environment: taken", "POST", "/api/admin/environments/validate", `{"name":"production"}`, 409, "name"},
		{"environment: bad name", "POST", "/api/admin/environments/production/clone", `{"name":"a b","type":"test"}`, 400, "name"},
		{"environment: delete in use", "DELETE", "/api/admin/environments/production", ``, 409, ""},
		{"environments of nothing", "GET", "/api/admin/environments/project/red", ``, 404, "project"},
		{"overview of nothing", "GET", "/api/admin/projects/red/overview", ``, 404, "project"},
		{"health of nothing", "GET", "/api/admin/projects/red/health-report", ``, 404, "project"},
		{"search: no operator", "GET", "/api/admin/search/features?project=default", ``, 400, "project"},
		{"search: no number", "GET", "/api/admin/search/features?limit=all", ``, 400, "limit"},
		{"search: too many", "GET", "/api/admin/search/features?limit=1000", ``, 400, "limit"},
		{"search: by mood", "GET", "/api/admin/search/features?sortBy=mood", ``, 400, "sortBy"},
		{"search: by a stage that is none", "GET", "/api/admin/search/features?lifecycle=IS:flying", ``, 400, "lifecycle"},
		{"token: no expiry", "PUT", "/api/admin/api-tokens/tok_x", `{}`, 400, "expiresAt"},
		{"token: in the past", "PUT", "/api/admin/api-tokens/tok_x", `{"expiresAt":"2020-01-01T00:00:00Z"}`, 400, "expiresAt"},
		{"token: no such", "PUT", "/api/admin/api-tokens/tok_x", `{"expiresAt":"2030-01-01T00:00:00Z"}`, 404, "token"},
		{"playground: nothing", "POST", "/api/admin/playground", `{}`, 400, "environment"},
		{"playground: no application", "POST", "/api/admin/playground", `{"environment":"development","context":{}}`, 400, "context.appName"},
		{"playground: no such environment", "POST", "/api/admin/playground", `{"environment":"moon","context":{"appName":"a"}}`, 400, "environment"},
		{"playground: no such project", "POST", "/api/admin/playground", `{"environment":"development","projects":["default","red"],"context":{"appName":"a"}}`, 400, "projects[1]"},
		{"playground: projects by a word", "POST", "/api/admin/playground", `{"environment":"development","projects":"red","context":{"appName":"a"}}`, 400, "projects"},
		{"playground: a bad time", "POST", "/api/admin/playground", `{"environment":"development","context":{"appName":"a","currentTime":"noon"}}`, 400, "context.currentTime"},
		{"playground: a list for a text", "POST", "/api/admin/playground", `{"environment":"development","context":{"appName":["a"]}}`, 400, "context.appName"},
		{"advanced: nowhere", "POST", "/api/admin/playground/advanced", `{"context":{"appName":"a"}}`, 400, "environments"},
		{"advanced: no application", "POST", "/api/admin/playground/advanced", `{"environments":["development"],"context":{"userId":"a,b"}}`, 400, "context.appName"},
		{"advanced: too many combinations", "POST", "/api/admin/playground/advanced", `{"environments":["development"],"context":` + digits + `}`, 400, "context"},
		{"events: no operator", "GET", "/api/admin/search/events?type=feature-created", ``, 400, "type"},
		{"events: too many", "GET", "/api/admin/search/events?limit=1001", ``, 400, "limit"},
		{"events: before the first", "GET", "/api/admin/search/events?offset=-1", ``, 400, "offset"},
		{"events: no day", "GET", "/api/admin/search/events?from=IS:yesterday", ``, 400, "from"},
		{"events: by group", "GET", "/api/admin/search/events?groupId=IS:x", ``, 400, "groupId"},
		{"export: nowhere", "POST", "/api/admin/features-batch/export", `{"features":["f"]}`, 400, "environment"},
		{"export: no such environment", "POST", "/api/admin/features-batch/export", `{"environment":"moon","project":"default"}`, 400, "environment"},
		{"export: nothing", "POST", "/api/admin/features-batch/export", `{"environment":"development"}`, 400, "features"},
		{"export: too much", "POST", "/api/admin/features-batch/export", `{"environment":"development","tag":"a","project":"default"}`, 400, "features"},
		{"export: no such flag", "POST", "/api/admin/features-batch/export", `{"environment":"development","features":["f","moon"]}`, 400, "features[1]"},
		{"import: no project", "POST", "/api/admin/features-batch/import", `{"environment":"development","data":{"features":[]}}`, 400, "project"},
		{"import: no such project", "POST", "/api/admin/features-batch/import", `{"project":"red","environment":"development","data":{"features":[]}}`, 400, "project"},
		{"import: no such environment", "POST", "/api/admin/features-batch/validate", `{"project":"default","environment":"moon","data":{"features":[]}}`, 400, "environment"},
		{"import: no data", "POST", "/api/admin/features-batch/import", `{"project":"default","environment":"development","data":{}}`, 400, "data.features"},
		{"import: a bad link", "POST", "/api/admin/features-batch/import", `{"project":"default","environment":"development","data":{"features":[{"name":"h"}],"links":[{"feature":"h","links":[{"url":"x:y"}]}]}}`, 400, "flags[0].links[0].url"},
		{"import: one of two is bad", "POST", "/api/admin/features-batch/import", `{"project":"default","environment":"development","data":{"features":[{"name":"h"},{"name":"i","type":"eternal"}]}}`, 400, "flags[1].type"},
		{"tags: no such type", "POST", "/api/admin/tags", `{"type":"x","value":"y"}`, 400, "value"},
		{"tags: no value", "POST", "/api/admin/tags", `{"type":"simple","value":" "}`, 400, "value"},
		{"tags: bad colour", "POST", "/api/admin/tags", `{"type":"simple","value":"y","color":"red"}`, 400, "color"},
		{"tags: no such", "GET", "/api/admin/tags/simple/moon", ``, 404, ""},
		{"tags: delete nothing", "DELETE", "/api/admin/tags/simple/moon", ``, 404, "tag"},
		{"strategies: no name", "POST", "/api/admin/strategies", `{"parameters":[]}`, 400, "name"},
		{"strategies: built in", "POST", "/api/admin/strategies", `{"name":"default","parameters":[]}`, 409, "name"},
		{"strategies: bad parameter", "POST", "/api/admin/strategies", `{"name":"x","parameters":[{"name":"a","type":"word"}]}`, 400, "parameters[0].type"},
		{"strategies: one twice", "POST", "/api/admin/strategies", `{"name":"x","parameters":[{"name":"a","type":"list"},{"name":"a","type":"list"}]}`, 400, "parameters[1].name"},
		{"strategies: no such", "GET", "/api/admin/strategies/moon", ``, 404, "strategy"},
		{"strategies: update nothing", "PUT", "/api/admin/strategies/moon", `{"parameters":[]}`, 404, "strategy"},
		{"strategies: update a built-in one", "PUT", "/api/admin/strategies/default", `{"parameters":[]}`, 409, ""},
		{"strategies: delete a built-in one", "DELETE", "/api/admin/strategies/userWithId", ``, 409, ""},
		{"strategies: deprecate the default", "POST", "/api/admin/strategies/default/deprecate", ``, 409, ""},
		{"move: nowhere", "POST", f + "/changeProject", `{}`, 400, "newProjectId"},
		{"move: no such project", "POST", f + "/changeProject", `{"newProjectId":"red"}`, 400, "newProjectId"},
		{"move: no such flag", "POST", base + "/features/moon/changeProject", `{"newProjectId":"blue"}`, 404, "flag"},
		{"tokens of nothing", "GET", "/api/admin/projects/red/api-tokens", ``, 404, "project"},
		{"project token: no name", "POST", base + "/api-tokens", `{"type":"backend"}`, 400, "tokenName"},
		{"project token: admin", "POST", base + "/api-tokens", `{"tokenName":"t","type":"admin"}`, 400, "type"},
		{"project token: for another", "POST", base + "/api-tokens", `{"tokenName":"t","type":"backend","projects":["blue"]}`, 400, "projects"},
		{"project token: no such project", "POST", "/api/admin/projects/red/api-tokens", `{"tokenName":"t","type":"backend"}`, 400, "projects[0]"},
		{"project token: no such environment", "POST", base + "/api-tokens", `{"tokenName":"t","type":"backend","environment":"moon"}`, 400, "environment"},
		{"project token: revoke one of all projects", "DELETE", base + "/api-tokens/" + backend, ``, 404, ""},
		{"no such action", "POST", base + "/launch", `{}`, 404, ""},
	})
}
