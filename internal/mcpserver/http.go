package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// Path is where the server is found on a plane.
const Path = "/mcp"

// metadataPath is where RFC 9728, 3.1, puts the metadata of a resource.
const metadataPath = "/.well-known/oauth-protected-resource"

// scopes are the permissions that the tools use, as tokens name them.
var scopes = []string{
	string(control.PermRead), string(control.PermFlagCreate), string(control.PermFlagUpdate), string(control.PermRuleWrite),
	string(control.PermToggleOn), string(control.PermToggleOff), string(control.PermReleaseStart), string(control.PermEvidenceWrite),
}

// Register adds the server to mux: the endpoint, and the metadata that tells
// clients how to ask for a token (RFC 9728).
func (s *Server) Register(mux *http.ServeMux) {
	endpoint := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s.mcp }, &mcp.StreamableHTTPOptions{
		Stateless: true, JSONResponse: true, Logger: s.Logger, MaxRequestBodyBytes: maxArguments, PropagateRequestCancellation: true,
	})
	guarded := http.NewCrossOriginProtection().Handler(endpoint)
	mux.HandleFunc(Path, func(w http.ResponseWriter, r *http.Request) {
		auth.RequireBearerToken(s.verify, &auth.RequireBearerTokenOptions{
			ResourceMetadataURL: s.base(r) + metadataPath + Path, Scopes: []string{string(control.PermRead)}, AllowMissingExpiration: true,
		})(guarded).ServeHTTP(w, r)
	})
	for _, path := range []string{metadataPath, metadataPath + Path} {
		mux.HandleFunc("GET "+path, s.metadata)
	}
}

// base is the address of the plane, as whoever asks knows it.
func (s *Server) base(r *http.Request) string {
	if s.PublicURL != "" {
		return s.PublicURL
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// metadata names no authorization server: tokens are made by the plane itself
// (lockflight token create), and those of others are refused.
func (s *Server) metadata(w http.ResponseWriter, r *http.Request) {
	auth.ProtectedResourceMetadataHandler(&oauthex.ProtectedResourceMetadata{
		Resource: s.base(r) + Path, ResourceName: "Lockflight", ScopesSupported: scopes, BearerMethodsSupported: []string{"header"},
	}).ServeHTTP(w, r)
}

// caller is what verify hands on to the tools, in a TokenInfo's Extra.
type caller struct {
	principal control.Principal
	base      string
}

const callerKey = "caller"

// verify knows whose a bearer token is. A session's secret is none: it counts
// in a browser's cookie alone.
func (s *Server) verify(ctx context.Context, secret string, r *http.Request) (*auth.TokenInfo, error) {
	p, _, err := s.Service.Authenticate(ctx, secret)
	if err == nil && p.Via == "session" {
		err = control.Errorf(control.Unauthenticated, "unauthenticated", "a session is no bearer token")
	}
	if err != nil {
		e := httpapi.Public(ctx, s.Logger, Path, err)
		if e.Kind == control.Unauthenticated {
			return nil, fmt.Errorf("%w: %s", auth.ErrInvalidToken, e.Msg)
		}
		return nil, errors.New(e.Msg)
	}
	p.Origin = control.OriginMCP
	info := &auth.TokenInfo{UserID: p.ID, Extra: map[string]any{callerKey: caller{p, s.base(r)}}}
	if readsSomewhere(p) {
		info.Scopes = []string{string(control.PermRead)}
	}
	return info, nil
}

// readsSomewhere reports whether any grant lets a principal read.
func readsSomewhere(p control.Principal) bool {
	return slices.ContainsFunc(p.Grants, func(g control.Grant) bool {
		return slices.ContainsFunc(g.Projects, func(project string) bool {
			return slices.ContainsFunc(g.Environments, func(env string) bool {
				return p.May(control.PermRead, control.Scope{Project: named(project), Environment: named(env)}) == nil
			})
		})
	})
}

// named is a project or environment as a Scope has it, empty for all.
func named(name string) string {
	if name == control.All {
		return ""
	}
	return name
}

// callerOf returns who sent a request, as verify found out.
func callerOf(extra *mcp.RequestExtra) (control.Principal, string, error) {
	if extra != nil && extra.TokenInfo != nil {
		if c, ok := extra.TokenInfo.Extra[callerKey].(caller); ok {
			return c.principal, c.base, nil
		}
	}
	return control.Principal{}, "", control.Errorf(control.Unauthenticated, "no_token", "the request has no caller")
}
