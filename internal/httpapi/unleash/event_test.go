package unleash_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// toldEvent is what these tests read of one.
type toldEvent struct {
	ID            int64
	Type          string
	Data, PreData any
}

func (p *plane) newestEvent(t *testing.T) toldEvent {
	t.Helper()
	var got struct{ Events []toldEvent }
	w := p.want(t, http.StatusOK, "GET", "/api/admin/search/events?limit=1", admin, "")
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Events) != 1 {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return got.Events[0]
}

// TestEventNames makes one change after another and looks under which of
// Unleash's names each appears, with which sides of it.
func TestEventNames(t *testing.T) {
	t.Parallel()
	const (
		project = "/api/admin/projects/default"
		f       = project + "/features/f"
		rules   = f + "/environments/development/strategies"
	)
	p := newPlane(t)
	id := ""
	tests := []struct {
		method, path, body string
		name               string
		data, pre          bool
	}{
		{"POST", project + "/features", `{"name":"f"}`, "feature-created", true, false},
		{"POST", project + "/features", `{"name":"g"}`, "feature-created", true, false},
		{"PUT", f, `{"description":"x"}`, "feature-metadata-updated", true, true},
		{"PATCH", f, `[{"op":"replace","path":"/stale","value":true}]`, "feature-stale-on", true, true},
		{"PATCH", f, `[{"op":"replace","path":"/stale","value":false}]`, "feature-stale-off", true, true},
		{"POST", "/api/admin/features/f/tags", `{"type":"simple","value":"a"}`, "feature-tagged", true, false},
		{"DELETE", "/api/admin/features/f/tags/simple/a", ``, "feature-untagged", false, true},
		{"POST", f + "/link", `{"url":"https://a.b"}`, "feature-link-added", true, false},
		{"POST", f + "/dependencies", `{"feature":"g"}`, "feature-dependency-added", true, false},
		{"DELETE", f + "/dependencies/g", ``, "feature-dependency-removed", false, true},
		{"POST", rules, `{"name":"default"}`, "feature-strategy-add", true, false},
		{"POST", rules, `{"name":"default","title":"b"}`, "feature-strategy-add", true, false},
		{"PUT", rules + "/ID", `{"name":"default","title":"c"}`, "feature-strategy-update", true, true},
		{"POST", rules + "/set-sort-order", `[{"id":"ID","sortOrder":-1}]`, "strategy-order-changed", true, true},
		{"DELETE", rules + "/ID", ``, "feature-strategy-remove", false, true},
		{"POST", f + "/environments/development/on", ``, "feature-environment-enabled", false, false},
		{"POST", f + "/environments/development/off", ``, "feature-environment-disabled", false, false},
		{"PUT", f + "/environments/development/variants", `[{"name":"v","weight":1000}]`, "feature-environment-variants-updated", true, true},
		{"POST", project + "/features/g/changeProject", `{"newProjectId":"blue"}`, "feature-project-change", true, false},
		{"DELETE", f, ``, "feature-archived", true, true},
		{"POST", "/api/admin/segments", `{"name":"s","constraints":[]}`, "segment-created", true, false},
		{"PUT", "/api/admin/segments/1", `{"name":"s2","constraints":[]}`, "segment-updated", true, true},
		{"DELETE", "/api/admin/segments/1", ``, "segment-deleted", false, true},
		{"POST", "/api/admin/context", `{"name":"c"}`, "context-field-created", true, false},
		{"DELETE", "/api/admin/context/c", ``, "context-field-deleted", false, true},
		{"POST", "/api/admin/tag-types", `{"name":"team"}`, "tag-type-created", true, false},
		{"POST", "/api/admin/tags", `{"type":"simple","value":"free"}`, "tag-created", true, false},
		{"DELETE", "/api/admin/tags/simple/free", ``, "tag-deleted", false, true},
		{"POST", "/api/admin/strategies", `{"name":"lottery","parameters":[]}`, "strategy-created", true, false},
		{"PUT", "/api/admin/strategies/lottery", `{"description":"d","parameters":[]}`, "strategy-updated", true, true},
		{"POST", "/api/admin/strategies/lottery/deprecate", ``, "strategy-deprecated", true, true},
		{"POST", "/api/admin/strategies/lottery/reactivate", ``, "strategy-reactivated", true, true},
		{"DELETE", "/api/admin/strategies/lottery", ``, "strategy-deleted", false, true},
		{"POST", "/api/admin/environments", `{"name":"staging","type":"test"}`, "environment-created", true, false},
		{"POST", project + "/environments", `{"environment":"staging"}`, "project-environment-added", true, true},
		{"POST", project + "/environments/staging/default-strategy", `{"name":"default"}`, "default-strategy-updated", true, true},
		{"DELETE", project + "/environments/staging", ``, "project-environment-removed", true, true},
		{"PUT", project, `{"name":"Main"}`, "project-updated", true, true},
		{"POST", "/api/admin/api-tokens", `{"tokenName":"t","type":"backend","environment":"development"}`, "api-token-created", true, false},
		{"PUT", "/api/admin/feature-types/release/lifetime", `{"lifetimeDays":9}`, "feature-type-updated", true, false},
	}
	last := p.newestEvent(t).ID
	for _, tt := range tests {
		w := p.do(t, tt.method, strings.ReplaceAll(tt.path, "ID", id), admin, strings.ReplaceAll(tt.body, "ID", id))
		if w.Code >= http.StatusBadRequest {
			t.Fatalf("%s %s: %d %s", tt.method, tt.path, w.Code, w.Body)
		}
		got := p.newestEvent(t)
		if got.ID <= last {
			t.Errorf("%s %s: no event", tt.method, tt.path)
		}
		if last = got.ID; got.Type != tt.name || (got.Data != nil) != tt.data || (got.PreData != nil) != tt.pre {
			t.Errorf("%s %s: %+v, want %s with data %v, preData %v", tt.method, tt.path, got, tt.name, tt.data, tt.pre)
		}
		if doc, ok := got.Data.(map[string]any); ok && tt.name == "feature-strategy-add" {
			id, _ = doc["id"].(string)
		}
	}
}

// TestEventsHoldNoSecret reads every event there is as an admin.
func TestEventsHoldNoSecret(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	w := p.want(t, http.StatusOK, "GET", "/api/admin/events", admin, "")
	for _, word := range []string{"hash", admin, backend} {
		if strings.Contains(w.Body.String(), word) {
			t.Errorf("the events hold %q", word)
		}
	}
	p.want(t, http.StatusForbidden, "GET", "/api/admin/events", backend, "")
}
