package mcp

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"testing"

	"github.com/lockflight/lockflight/test/conformance/plane"
)

// TestSuite runs the official conformance suite. It knows nothing of tokens, so
// that a proxy adds one; what it asks for and a Lockflight server has no reason to
// have is in baseline.yml. The suite fails where something else fails, and where
// something of the baseline no longer does.
func TestSuite(t *testing.T) {
	t.Parallel()
	p := plane.Start(t)
	target, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	signed := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // a server that is misled about its name is to notice
		r.Out.Header.Set("Authorization", "Bearer "+plane.Admin)
	}})
	t.Cleanup(signed.Close)
	if r, err := http.Get(signed.URL + "/ready"); err != nil || r.Body.Close() != nil {
		t.Fatalf("the plane is not there: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "--import", "./node20.mjs",
		"../../node_modules/@modelcontextprotocol/conformance/dist/index.js", "server",
		"--url", signed.URL+"/mcp", "--expected-failures", "baseline.yml", "--output-dir", t.TempDir())
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}
