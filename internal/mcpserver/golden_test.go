package mcpserver_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

var update = flag.Bool("update", false, "write the published list of tools anew")

// published is the list of tools as clients may compare it (lockflight doctor
// --mcp).
const published = "../../api/mcp-tools.json"

// maxTokens is what the definitions of the tools may cost a model, at four bytes a
// token.
const maxTokens = 6000

func TestPublishedTools(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	body := p.post(t, p.agent, lastYear, rpc("tools/list", "{}")).body
	var answer struct {
		Result struct{ Tools json.RawMessage }
	}
	check(t, json.Unmarshal([]byte(body), &answer))
	if tokens := len(answer.Result.Tools) / 4; tokens > maxTokens {
		t.Errorf("the tools cost %d tokens, and may cost %d", tokens, maxTokens)
	}
	var got bytes.Buffer
	check(t, json.Indent(&got, answer.Result.Tools, "", " "))
	got.WriteByte('\n')
	if *update {
		check(t, os.WriteFile(published, got.Bytes(), 0o644)) //nolint:gosec // it is published
	}
	want, err := os.ReadFile(published)
	check(t, err)
	if !bytes.Equal(want, got.Bytes()) {
		t.Errorf("the tools are not those of %s: go test ./internal/mcpserver -update, and look at the difference", published)
	}
}

// TestDefinitions: each tool says what it takes, what it answers, and in all four
// ways what it does; those that write can be rehearsed and repeated.
func TestDefinitions(t *testing.T) {
	t.Parallel()
	list, err := newPlane(t).connect(t, admin).ListTools(t.Context(), nil)
	check(t, err)
	for _, tool := range list.Tools {
		a := tool.Annotations
		if tool.Title == "" || tool.Description == "" || tool.OutputSchema == nil || a == nil || a.DestructiveHint == nil || a.OpenWorldHint == nil {
			t.Errorf("%s lacks a part", tool.Name)
			continue
		}
		if words := len(strings.Fields(tool.Description)); words < 20 || words > 60 {
			t.Errorf("%s is described in %d words", tool.Name, words)
		}
		input := tool.InputSchema.(m)
		properties, _ := input["properties"].(m)
		if input["additionalProperties"] != false {
			t.Errorf("%s takes arguments that nobody knows", tool.Name)
		}
		for _, name := range []string{"idempotencyKey", "dryRun"} {
			if _, ok := properties[name]; ok == a.ReadOnlyHint {
				t.Errorf("%s: %s is there: %v", tool.Name, name, ok)
			}
		}
	}
}

func TestPrompts(t *testing.T) {
	t.Parallel()
	c := newPlane(t).connect(t, admin)
	list, err := c.ListPrompts(t.Context(), nil)
	check(t, err)
	for _, p := range list.Prompts {
		args := map[string]string{}
		for _, a := range p.Arguments {
			args[a.Name] = "x\u202ey"
		}
		got, err := c.GetPrompt(t.Context(), &mcp.GetPromptParams{Name: p.Name, Arguments: args})
		check(t, err)
		text := got.Messages[0].Content.(*mcp.TextContent).Text
		if words := len(strings.Fields(text)); words > 150 || !strings.Contains(text, "pending_approval") || strings.Contains(text, "\u202e") {
			t.Errorf("%s has %d words: %s", p.Name, words, text)
		}
	}
	diff(t, "prompts", 3, len(list.Prompts))
}
