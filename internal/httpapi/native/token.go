package native

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
)

// TokenInput asks for a token.
type TokenInput struct {
	Name         string     `json:"name"`
	Type         string     `json:"type" doc:"admin, backend, frontend, service, edge, personal or agent"`
	Environment  string     `json:"environment,omitempty" doc:"for backend and frontend"`
	Environments []string   `json:"environments,omitempty" doc:"for service and edge; all where absent"`
	Projects     []string   `json:"projects,omitempty" doc:"all where absent"`
	Permissions  []string   `json:"permissions,omitempty" doc:"for service: none that its maker does not hold"`
	Owner        string     `json:"owner,omitempty" doc:"for personal and agent: the account whose token it is"`
	For          string     `json:"for,omitempty" doc:"for agent: the person on whose behalf it acts, who makes it when signed in"`
	ExpiresAt    *time.Time `json:"expiresAt,omitempty" doc:"service and edge: in 90 days where absent, within a year; agent: in 30, within 90"`
}

// Token is a token without what would let anyone use it; Secret is there once,
// in the answer to its creation.
type Token struct {
	ID           string     `json:"id"`
	Name         string     `json:"name"`
	Type         string     `json:"type"`
	Environment  string     `json:"environment"`
	Environments []string   `json:"environments,omitempty"`
	Projects     []string   `json:"projects"`
	Permissions  []string   `json:"permissions,omitempty"`
	Owner        string     `json:"owner,omitempty" doc:"the account whose token it is"`
	For          string     `json:"for,omitempty" doc:"the person on whose behalf it acts"`
	CreatedAt    time.Time  `json:"createdAt"`
	CreatedBy    string     `json:"createdBy,omitempty" doc:"a principal's id"`
	ExpiresAt    *time.Time `json:"expiresAt,omitempty"`
	LastUsedAt   *time.Time `json:"lastUsedAt,omitempty" doc:"in lists, within a minute"`
	RotatedFrom  string     `json:"rotatedFrom,omitempty" doc:"the id of the token before it"`
	Secret       string     `json:"secret,omitempty"`
}

// TokenList is a page of tokens, by id.
type TokenList struct {
	Tokens []Token `json:"tokens"`
	Next
}

// TokenExpiry is when a token ends.
type TokenExpiry struct {
	ExpiresAt *time.Time `json:"expiresAt,omitempty" doc:"never where absent"`
}

// TokenPath is the path of one token.
type TokenPath struct {
	ID string `path:"id"`
}

type rotation struct {
	TokenPath
	Body struct {
		Overlap string `json:"overlap,omitempty" doc:"how long the old secret counts on, at most 24h: 15m, 24h; not at all where absent"`
	}
}

func (p TokenPath) entity() control.Entity {
	return control.Entity{Kind: control.KindToken, Key: p.ID}
}

type tokenExpiryRequest struct {
	TokenPath
	Body TokenExpiry
}

var tokenPages = pager[Token]{list: "tokens", key: func(t Token) string { return t.ID }}

func (a api) tokens(h huma.API) {
	route(a, h, get("/tokens", "listTokens", "List tokens"),
		func(ctx context.Context, p control.Principal, in *Page) (TokenList, error) {
			all, err := a.allTokens(ctx, p)
			if err != nil {
				return TokenList{}, err
			}
			part, next, err := tokenPages.cut(*in, all)
			return TokenList{part, next}, err
		})
	show(a, h, get("/tokens/{id}", "getToken", "Get a token, without its secret"),
		func(ctx context.Context, p control.Principal, in *TokenPath) (Token, error) {
			all, err := a.allTokens(ctx, p)
			if err != nil {
				return Token{}, err
			}
			if i := slices.IndexFunc(all, func(t Token) bool { return t.ID == in.ID }); i >= 0 {
				return all[i], nil
			}
			return Token{}, control.Errorf(control.NotFound, "not_found", "there is no token %q", in.ID)
		})
	route(a, h, create("/tokens", "createToken", "Create a token; the answer holds its secret"),
		func(ctx context.Context, p control.Principal, in *body[TokenInput]) (Token, error) {
			t, secret, err := a.Service.CreateToken(ctx, p, control.Token{
				Name: in.Body.Name, Type: control.TokenType(in.Body.Type), Environment: in.Body.Environment,
				Environments: in.Body.Environments, Projects: in.Body.Projects, ExpiresAt: in.Body.ExpiresAt,
				Permissions: permissionsOf(in.Body.Permissions), Owner: in.Body.Owner, For: in.Body.For,
			})
			return tokenOf(t, secret), err
		})
	route(a, h, post("/tokens/{id}/rotate", "rotateToken", "Replace a token's secret; the answer holds the new one"),
		func(ctx context.Context, p control.Principal, in *rotation) (Token, error) {
			overlap, err := time.ParseDuration(cmp.Or(in.Body.Overlap, "0"))
			if err != nil {
				return Token{}, control.Invalidf("overlap", "%q is not a duration such as 15m or 24h", in.Body.Overlap)
			}
			t, secret, err := a.Service.RotateToken(ctx, p, in.ID, overlap)
			return tokenOf(t, secret), err
		})
	write(a, h, patch("/tokens/{id}", "expireToken", "Give a token another end"),
		func(ctx context.Context, s *control.Service, p control.Principal, in *tokenExpiryRequest) (Token, error) {
			t, err := s.ExpireToken(ctx, p, in.ID, in.Body.ExpiresAt)
			return tokenOf(t, ""), err
		})
	// A token that may be in wrong hands is never kept by a condition.
	route(a, h, remove("/tokens/{id}", "revokeToken", "Revoke a token"),
		func(ctx context.Context, p control.Principal, in *TokenPath) (none, error) {
			return none{}, a.Service.RevokeToken(ctx, p, in.ID)
		})
}

func (a api) allTokens(ctx context.Context, p control.Principal) ([]Token, error) {
	all, err := a.Service.Tokens(ctx, p)
	out := make([]Token, 0, len(all))
	for _, t := range all {
		out = append(out, tokenOf(t, ""))
	}
	return out, err
}

func tokenOf(t control.Token, secret string) Token {
	return Token{
		ID: t.ID, Name: t.Name, Type: string(t.Type), Environment: t.Environment, Environments: t.Environments,
		Projects: t.Projects, Permissions: texts(t.Permissions), Owner: t.Owner, For: t.For, CreatedAt: t.CreatedAt, CreatedBy: t.CreatedBy,
		ExpiresAt: t.ExpiresAt, LastUsedAt: t.LastUsedAt, RotatedFrom: t.RotatedFrom, Secret: secret,
	}
}

func permissionsOf(names []string) []control.Permission {
	var out []control.Permission
	for _, name := range names {
		out = append(out, control.Permission(name))
	}
	return out
}

// texts are values of a string type as the API has them.
func texts[T ~string](values []T) []string {
	var out []string
	for _, v := range values {
		out = append(out, string(v))
	}
	return out
}
