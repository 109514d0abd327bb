package mcpserver_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/evidence"
	"github.com/lockflight/lockflight/internal/mcpserver"
	"github.com/lockflight/lockflight/internal/policy"
	"github.com/lockflight/lockflight/internal/runner"
	"github.com/lockflight/lockflight/internal/store"
)

// The tokens of every plane.
const (
	admin    = "*:*.admin"
	frontend = "*:development.frontend"
)

var root = control.Setup()

// plane is the server over a real service on a real store.
type plane struct {
	*control.Service

	url   string
	agent string // the secret of an agent's token, which acts for a person
}

func newPlane(t testing.TB, with ...func(*mcpserver.Options)) *plane {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Logger: quiet})
	check(t, err)
	t.Cleanup(func() { _ = db.Close() })
	rules, err := policy.Default()
	check(t, err)
	p := &plane{Service: control.New(control.Options{Store: db, Usage: db, Uses: db, Origin: "test", Version: "test", Policy: rules, Logger: quiet})}
	check(t, p.Init(t.Context()))
	for secret, typ := range map[string]control.TokenType{admin: control.TokenAdmin, frontend: control.TokenFrontend} {
		_, err := p.AddToken(t.Context(), root, typ, secret)
		check(t, err)
	}
	p.agent = p.newAgent(t, "bot")
	r := runner.New(runner.Options{Service: p.Service, Evidence: db, Wake: db, Logger: quiet})
	in := evidence.New(evidence.Options{Store: db, Releases: r})
	mux := http.NewServeMux()
	o := mcpserver.Options{Service: p.Service, Evidence: taken{in}, Live: r, Version: "test", Logger: quiet}
	for _, set := range with {
		set(&o)
	}
	mcpserver.New(o).Register(mux)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

// newAgent registers an agent of a person who may do everything, and returns the
// secret of a token with which it acts for them.
func (p *plane) newAgent(t testing.TB, name string) string {
	t.Helper()
	ctx := t.Context()
	ann, err := p.CreateAccount(ctx, root, control.Account{Kind: control.KindHuman, Username: "ann-" + name, Role: control.RoleAdmin})
	check(t, err)
	bot, err := p.CreateAccount(ctx, root, control.Account{Kind: control.KindAgent, Username: name, Owner: ann.ID, Purpose: "tests", Role: control.RoleAdmin})
	check(t, err)
	_, cookie, err := p.OpenSession(ctx, ann.ID, "password", "")
	check(t, err)
	signedIn, _, err := p.Authenticate(ctx, cookie)
	check(t, err)
	_, secret, err := p.CreateToken(ctx, signedIn, control.Token{Name: name, Type: control.TokenAgent, Owner: bot.ID, For: ann.ID})
	check(t, err)
	return secret
}

// taken is the evidence room, as app hands it in.
type taken struct{ in *evidence.Ingest }

func (e taken) Submit(ctx context.Context, p control.Principal, source string, n int64, lines io.Reader) (mcpserver.Submitted, error) {
	res, err := e.in.NDJSON(ctx, p, source, n, lines)
	return submitted(res), err
}

func (e taken) Check(ctx context.Context, p control.Principal, lines io.Reader) (mcpserver.Submitted, error) {
	res, err := e.in.CheckNDJSON(ctx, p, lines)
	return submitted(res), err
}

func submitted(res evidence.Result) mcpserver.Submitted {
	out := mcpserver.Submitted{Accepted: res.Accepted, Rejected: []mcpserver.Rejected{}}
	for _, one := range res.Rejected {
		out.Rejected = append(out.Rejected, mcpserver.Rejected(one))
	}
	return out
}

// bearer sends a token with each request.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

// connect is a client with a token.
func (p *plane) connect(t testing.TB, token string) *client {
	t.Helper()
	c := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	s, err := c.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint: p.url + mcpserver.Path, HTTPClient: &http.Client{Transport: bearer(token)}, DisableStandaloneSSE: true,
	}, nil)
	check(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return &client{t, s}
}

type client struct {
	t testing.TB
	*mcp.ClientSession
}

// m is a JSON object.
type m = map[string]any

// call calls a tool and returns its structured answer, and whether it is an
// error.
func (c *client) call(tool string, args m) (m, bool) {
	c.t.Helper()
	res, err := c.CallTool(c.t.Context(), &mcp.CallToolParams{Name: tool, Arguments: args})
	check(c.t, err)
	if len(res.Content) != 1 {
		c.t.Fatalf("%s answers %d contents", tool, len(res.Content))
	}
	text, ok := res.Content[0].(*mcp.TextContent)
	if !ok {
		c.t.Fatalf("%s answers a %T", tool, res.Content[0])
	}
	var out m
	check(c.t, json.Unmarshal([]byte(text.Text), &out))
	if !res.IsError {
		diff(c.t, tool+": structured content and text", any(out), res.StructuredContent)
	}
	return out, res.IsError
}

// ok is a call that must not fail.
func (c *client) ok(tool string, args m) m {
	c.t.Helper()
	out, failed := c.call(tool, args)
	if failed {
		c.t.Fatalf("%s: %v", tool, out)
	}
	return out
}

// refused is a call that must fail with a code; its problem is returned.
func (c *client) refused(code, tool string, args m) m {
	c.t.Helper()
	out, failed := c.call(tool, args)
	if !failed || out["code"] != code {
		c.t.Fatalf("%s answers %v, want code %s", tool, out, code)
	}
	for _, field := range []string{"message", "hint"} {
		if out[field] == "" || out[field] == nil {
			c.t.Errorf("%s: a problem without %s: %v", tool, field, out)
		}
	}
	return out
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func diff(t testing.TB, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// size is how many records the log has.
func (p *plane) size(t testing.TB) int64 {
	t.Helper()
	head, err := p.Head(t.Context())
	check(t, err)
	return head.Size
}
