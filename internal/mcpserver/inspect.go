package mcpserver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Inspection is what a client finds at a plane.
type Inspection struct {
	Protocol string   // the version that both ends speak
	Server   string   // the plane's version
	Tools    []string // by name
	// Changed are the tools whose words or schemas are not those of this program: the
	// plane is of another version, or something on the way has changed them.
	Changed []string
}

// Inspect connects to the MCP server of a plane as a client does.
func Inspect(ctx context.Context, url, token, version string) (Inspection, error) {
	plane, err := dial(ctx, url, token, version)
	if err != nil {
		return Inspection{}, err
	}
	defer func() { _ = plane.Close() }() // it was read, and nothing more
	list, err := plane.ListTools(ctx, nil)
	if err != nil {
		return Inspection{}, fmt.Errorf("listing the tools: %w", err)
	}
	out := Inspection{}
	if about := plane.InitializeResult(); about != nil && about.ServerInfo != nil {
		out.Protocol, out.Server = about.ProtocolVersion, about.ServerInfo.Version
	}
	known := map[string][]byte{}
	for _, d := range definitions() {
		if known[d.Name], err = canonical(d.tool()); err != nil {
			return out, err
		}
	}
	for _, tool := range list.Tools {
		text, err := canonical(tool)
		if err != nil {
			return out, err
		}
		out.Tools = append(out.Tools, tool.Name)
		if !bytes.Equal(text, known[tool.Name]) {
			out.Changed = append(out.Changed, tool.Name)
		}
	}
	return out, nil
}

// canonical is a tool as JSON with its keys in order.
func canonical(tool *mcp.Tool) ([]byte, error) {
	raw, err := json.Marshal(tool)
	if err != nil {
		return nil, err
	}
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return nil, err
	}
	return json.Marshal(tree)
}
