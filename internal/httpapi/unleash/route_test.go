package unleash_test

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// called are the calls of Unleash's MCP server, of its Terraform provider and of
// its Edge, but for those about people and what they may do, about change
// requests, and for the figures of Enterprise editions. Braces stand for any
// value.
const called = `
POST /api/admin/projects/{p}/features
GET /api/admin/projects/{p}/features
GET /api/admin/projects/{p}/features/{f}
GET /api/admin/search/features
GET /api/admin/projects/{p}/features/{f}/environments/{e}/strategies
POST /api/admin/projects/{p}/features/{f}/environments/{e}/strategies
GET /api/admin/projects/{p}/features/{f}/environments/{e}/strategies/{s}
PUT /api/admin/projects/{p}/features/{f}/environments/{e}/strategies/{s}
DELETE /api/admin/projects/{p}/features/{f}/environments/{e}/strategies/{s}
POST /api/admin/projects/{p}/features/{f}/environments/{e}/on
POST /api/admin/projects/{p}/features/{f}/environments/{e}/off
GET /api/admin/features/{f}/tags
POST /api/admin/features/{f}/tags
PUT /api/admin/features/{f}/tags
GET /api/admin/projects
POST /api/admin/projects
DELETE /api/admin/projects/{p}
PUT /api/admin/projects/{p}
PUT /api/admin/projects/{p}/settings
GET /api/admin/environments
POST /api/admin/environments
PUT /api/admin/environments/update/{e}
DELETE /api/admin/environments/{e}
GET /api/admin/environments/{e}
GET /api/admin/environments/project/{p}
POST /api/admin/projects/{p}/environments
DELETE /api/admin/projects/{p}/environments/{e}
GET /api/admin/context
POST /api/admin/context
DELETE /api/admin/context/{c}
GET /api/admin/context/{c}
PUT /api/admin/context/{c}
GET /api/admin/context/{c}/strategies
GET /api/admin/api-tokens
POST /api/admin/api-tokens
GET /api/admin/api-tokens/{n}
DELETE /api/admin/api-tokens/{t}
PUT /api/admin/api-tokens/{t}
POST /edge/validate
POST /edge/issue-token
POST /edge/metrics
POST /api/client/metrics/bulk
POST /api/client/metrics/edge
POST /api/client/edge-licensing/heartbeat
GET /api/client/features
GET /api/client/delta
GET /api/client/streaming
`

// TestEveryCallIsRouted walks the calls of other people's clients, and sees that
// none of them ends where nothing is.
func TestEveryCallIsRouted(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	routed := func(call string) bool {
		method, path, _ := strings.Cut(call, " ")
		r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
		_, pattern := p.mux.Handler(r)
		return pattern != "" && pattern != "/api/" && pattern != "/edge/"
	}
	for call := range strings.Lines(called) {
		if call = strings.TrimSpace(call); call != "" && !routed(call) {
			t.Errorf("%s is not routed", call)
		}
	}
}
