package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/mcpserver"
)

// maxSkew is how far apart the clocks of a client and a server may be: an HTTP
// date is to the second, and plans and keys last an hour and more.
const maxSkew = 30 * time.Second

// examineMCP looks at a server as a coding agent's client would, with its token.
func (c *doctorCmd) examineMCP(ctx context.Context, found *checkup) {
	c.clock(ctx, found)
	if c.Token == "" {
		found.add("token", bad, "there is none: set LOCKFLIGHT_TOKEN to an agent's")
		return
	}
	got, err := mcpserver.Inspect(ctx, strings.TrimSuffix(c.URL, "/"), c.Token, version())
	if err != nil {
		found.add("mcp", bad, "%v", err)
		return
	}
	found.add("mcp", good, "it speaks %s; server version %s", got.Protocol, got.Server)
	if len(got.Changed) > 0 {
		found.add("tools", bad, "not as in this program, version %s: %s", version(), strings.Join(got.Changed, ", "))
		return
	}
	found.add("tools", good, "%d, with the words and schemas of this program: %s", len(got.Tools), strings.Join(got.Tools, ", "))
}

// clock compares the server's with this machine's.
func (c *doctorCmd) clock(ctx context.Context, found *checkup) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(c.URL, "/")+"/health", http.NoBody)
	if err != nil {
		found.add("reachable", bad, "%v", err)
		return
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		found.add("reachable", bad, "%v", err)
		return
	}
	_ = res.Body.Close() // its head is what is looked at
	at, err := http.ParseTime(res.Header.Get("Date"))
	skew := time.Since(at).Abs()
	switch {
	case err != nil:
		found.add("clock", advice, "the server does not say what time it is")
	case skew > maxSkew:
		found.add("clock", bad, "the server's differs by %s", skew.Round(time.Second))
	default:
		found.add("clock", good, "within %s of the server's", maxSkew)
	}
}
