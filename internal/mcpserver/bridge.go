package mcpserver

import (
	"context"
	"fmt"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Bridge serves the MCP server of a plane at url (http://127.0.0.1:4242) over
// another transport, with a token, until ctx or the transport ends. It answers
// nothing by itself but how the protocol begins: both ends agree on a version
// each for itself.
func Bridge(ctx context.Context, url, token, version string, over mcp.Transport) error {
	plane, err := dial(ctx, url, token, version)
	if err != nil {
		return err
	}
	defer func() { _ = plane.Close() }() // nothing is lost: each request was answered
	about := plane.InitializeResult()
	if about == nil || about.ServerInfo == nil {
		return fmt.Errorf("%s does not say what it is: is it a Lockflight server", url)
	}
	server := mcp.NewServer(about.ServerInfo, &mcp.ServerOptions{
		Instructions: about.Instructions, Capabilities: capabilities(), SetCacheable: private,
	})
	server.AddReceivingMiddleware(func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
			if res, err, mine := forward(ctx, plane, req); mine {
				return res, err
			}
			return next(ctx, method, req)
		}
	})
	return server.Run(ctx, over)
}

// dial connects to a plane as a client.
func dial(ctx context.Context, url, token, version string) (*mcp.ClientSession, error) {
	client := mcp.NewClient(&mcp.Implementation{Name: "lockflight-mcp", Version: version}, &mcp.ClientOptions{Capabilities: &mcp.ClientCapabilities{}})
	return client.Connect(ctx, &mcp.StreamableClientTransport{
		Endpoint: url + Path, HTTPClient: &http.Client{Transport: bearerToken(token)}, DisableStandaloneSSE: true, MaxRetries: -1,
	}, nil)
}

// bearerToken sends a token with each request, and with none that follows a
// redirection elsewhere: http.Client asks for each hop, and a plane redirects
// nothing.
type bearerToken string

// RoundTrip implements http.RoundTripper.
func (t bearerToken) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Response != nil { // r follows a redirection
		return nil, fmt.Errorf("the server redirects to %s: give that address", r.URL.Redacted())
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(t))
	return http.DefaultTransport.RoundTrip(r)
}

// forward passes a request on to a plane, where it is not one of the protocol
// itself.
func forward(ctx context.Context, plane *mcp.ClientSession, req mcp.Request) (res mcp.Result, err error, mine bool) {
	switch r := req.(type) {
	case *mcp.ListToolsRequest:
		res, err = plane.ListTools(ctx, r.Params)
	case *mcp.CallToolRequest:
		res, err = plane.CallTool(ctx, &mcp.CallToolParams{Name: r.Params.Name, Arguments: r.Params.Arguments})
	case *mcp.ListResourcesRequest:
		res, err = plane.ListResources(ctx, r.Params)
	case *mcp.ListResourceTemplatesRequest:
		res, err = plane.ListResourceTemplates(ctx, r.Params)
	case *mcp.ReadResourceRequest:
		res, err = plane.ReadResource(ctx, &mcp.ReadResourceParams{URI: r.Params.URI})
	case *mcp.ListPromptsRequest:
		res, err = plane.ListPrompts(ctx, r.Params)
	case *mcp.GetPromptRequest:
		res, err = plane.GetPrompt(ctx, &mcp.GetPromptParams{Name: r.Params.Name, Arguments: r.Params.Arguments})
	default:
		return nil, nil, false
	}
	return res, err, true
}
