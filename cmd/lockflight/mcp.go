package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/lockflight/lockflight/internal/mcpserver"
)

// mcpCmd carries the MCP server of a plane to a client on this machine.
type mcpCmd struct {
	remote
}

// Run speaks MCP on stdin and stdout until stdin ends.
func (c *mcpCmd) Run(ctx context.Context, s streams) error {
	if c.Token == "" {
		return usageError{errors.New("--token is needed\nhint: give the client's configuration LOCKFLIGHT_TOKEN, an agent's token (lockflight token create)")}
	}
	over := &mcp.IOTransport{Reader: io.NopCloser(s.in), Writer: closing{s.out}}
	err := mcpserver.Bridge(ctx, strings.TrimSuffix(c.URL, "/"), c.Token, version(), over)
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("serving MCP from %s: %w\nhint: is the server running there, and does the token count? lockflight doctor --mcp says what is wrong", c.URL, err)
	}
	return nil
}

// closing is a writer that is nobody's to close.
type closing struct{ io.Writer }

// Close implements io.Closer.
func (closing) Close() error { return nil }
