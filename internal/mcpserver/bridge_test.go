package mcpserver_test

import (
	"context"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/lockflight/lockflight/internal/mcpserver"
)

// TestBridge: what a client is answered over the bridge is what it is answered
// over HTTP.
func TestBridge(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	direct := p.connect(t, p.agent)
	ours, theirs := mcp.NewInMemoryTransports()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- mcpserver.Bridge(ctx, p.url, p.agent, "test", ours) }()
	s, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), theirs, nil)
	check(t, err)
	bridged := &client{t, s}
	diff(t, "instructions", direct.InitializeResult().Instructions, bridged.InitializeResult().Instructions)
	diff(t, "server", direct.InitializeResult().ServerInfo, bridged.InitializeResult().ServerInfo)

	bridged.ok("create_flag", checkout)
	diff(t, "flag", direct.ok("get_flag_state", m{"featureName": "checkout-v2"}), bridged.ok("get_flag_state", m{"featureName": "checkout-v2"}))
	diff(t, "problem", codes(direct.refused("not_found", "get_flag_state", m{"featureName": "none"})),
		codes(bridged.refused("not_found", "get_flag_state", m{"featureName": "none"})))
	for what, ask := range map[string]func(*client) (any, error){
		"tools":     func(c *client) (any, error) { r, err := c.ListTools(t.Context(), nil); return r.Tools, err },
		"prompts":   func(c *client) (any, error) { r, err := c.ListPrompts(t.Context(), nil); return r.Prompts, err },
		"resources": func(c *client) (any, error) { r, err := c.ListResources(t.Context(), nil); return r.Resources, err },
		"templates": func(c *client) (any, error) {
			r, err := c.ListResourceTemplates(t.Context(), nil)
			return r.ResourceTemplates, err
		},
		"prompt": func(c *client) (any, error) {
			r, err := c.GetPrompt(t.Context(), &mcp.GetPromptParams{Name: "why-on-hold", Arguments: map[string]string{"releaseId": "rel-1"}})
			return r.Messages, err
		},
		"resource": func(c *client) (any, error) {
			r, err := c.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: "lockflight://flags/default/checkout-v2"})
			return r.Contents, err
		},
	} {
		want, err := ask(direct)
		check(t, err)
		got, err := ask(bridged)
		check(t, err)
		diff(t, what, want, got)
	}
	stop()
	<-ended
}

func TestBridgeRefused(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	ours, _ := mcp.NewInMemoryTransports()
	if err := mcpserver.Bridge(t.Context(), p.url, "wrong", "test", ours); err == nil || !strings.Contains(err.Error(), "nauthorized") {
		t.Errorf("with a wrong token: %v", err)
	}
}

// codes is a problem without what is of one request.
func codes(problem m) m {
	delete(problem, "requestId")
	return problem
}
