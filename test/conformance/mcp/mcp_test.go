// Package mcp has other people's clients speak to the MCP server: the stock
// TypeScript SDK drives each tool, over HTTP and over stdio, and the official
// conformance suite looks at the protocol. They are npm packages, which
// `make test` installs, and run unchanged.
package mcp

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/test/conformance/plane"
)

// job is what client.mjs is told to do.
type job struct {
	URL     string `json:"url"`
	Token   string `json:"token"`
	Program string `json:"program,omitempty"` // to speak to over stdio
	Calls   []call `json:"calls"`
}

type call struct {
	Tool string `json:"tool"`
	As   string `json:"as,omitempty"` // the name of its answer, for later arguments
	Args any    `json:"args"`
}

// line is what client.mjs says.
type line struct {
	Error     string
	Server    struct{ Name string }
	Tools     []struct{ Name string }
	Tool      string
	IsError   bool
	Result    m
	Resources []string
}

type m = map[string]any

// calls use each tool once at least.
func calls(flag string) []call {
	return []call{
		{"detect_flag", "", m{"description": "a checkout with one page"}},
		{"create_flag", "", m{"name": flag, "type": "release", "description": "a checkout with one page", "idempotencyKey": flag}},
		{"plan_change", "plan", m{"operations": []m{{"op": "set_rollout", "featureName": flag, "environment": "development", "rolloutPercentage": 0}}}},
		{"apply_change", "", m{"planDigest": "$plan.planDigest"}},
		{"get_flag_state", "", m{"featureName": flag}},
		{"start_release", "release", m{"featureName": flag, "environment": "development", "build": "b2", "plan": "service"}},
		{"get_release", "read", m{"releaseId": "$release.releaseId"}},
		{"submit_evidence", "", m{"observations": []m{{
			"environment": "development", "flag": flag, "arm": "treatment", "unit": "u1", "build": "b2", "signal": "exposure",
		}}}},
		{"kill_flag", "", m{"featureName": flag, "environment": "development", "reason": "the test is over"}},
		{"explain_verdict", "", m{"verdictId": "rel-none.1"}},
		{"list_stale_flags", "", m{}},
		{"evaluate_change", "", m{"diff": "--- a/price.go\n+++ b/price.go\n@@ -1 +1 @@\n-func price() int { return 1 }\n+func price() int { return 2 }\n"}},
	}
}

func TestStockClient(t *testing.T) {
	t.Parallel()
	p := plane.Start(t)
	for flag, program := range map[string]string{"over-http": "", "over-stdio": build(t)} {
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			said := drive(t, job{URL: p.URL, Token: plane.Admin, Program: program, Calls: calls(flag)})
			var listed, called, failed []string
			for _, l := range said {
				if l.Error != "" {
					t.Fatal(l.Error)
				}
				for _, tool := range l.Tools {
					listed = append(listed, tool.Name)
				}
				if l.Tool != "" {
					called = append(called, l.Tool)
				}
				if l.IsError {
					failed = append(failed, l.Tool+": "+l.Result["code"].(string))
				}
			}
			slices.Sort(listed)
			slices.Sort(called)
			if d := cmp.Diff(listed, called); d != "" {
				t.Errorf("tools that are listed and called (-listed +called):\n%s", d)
			}
			if d := cmp.Diff([]string{"explain_verdict: not_found"}, failed); d != "" {
				t.Errorf("calls that fail (-want +got):\n%s", d)
			}
			if resources := said[len(said)-1].Resources; !slices.Contains(resources, "lockflight://flags/default/"+flag) {
				t.Errorf("resources are %q", resources)
			}
		})
	}
}

// drive runs client.mjs to its end.
func drive(t *testing.T, in job) []line {
	t.Helper()
	input, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "client.mjs")
	var log bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), &log
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, log.String())
	}
	var said []line
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var l line
		if err := dec.Decode(&l); err != nil {
			t.Fatal(err)
		}
		said = append(said, l)
	}
	return said
}

// build makes the program.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lockflight")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", path, "./cmd/lockflight")
	cmd.Dir = "../../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}
