package native

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
)

// TokenInput asks for a token.
type TokenInput struct {
	Name        string     `json:"name"`
	Type        string     `json:"type" doc:"admin, backend or frontend"`
	Environment string     `json:"environment,omitempty" doc:"for backend and frontend"`
	Projects    []string   `json:"projects,omitempty" doc:"all where absent"`
	ExpiresAt   *time.Time `json:"expiresAt,omitempty"`
}

// Token is a token without what would let anyone use it; Secret is there once,
// in the answer to its creation.
type Token struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	Type        string     `json:"type"`
	Environment string     `json:"environment"`
	Projects    []string   `json:"projects"`
	CreatedAt   time.Time  `json:"createdAt"`
	ExpiresAt   *time.Time `json:"expiresAt,omitempty"`
	Secret      string     `json:"secret,omitempty"`
}

// TokenList is a list of tokens.
type TokenList struct {
	Tokens []Token `json:"tokens"`
}

type tokenPath struct {
	ID string `path:"id"`
}

func (a api) tokens(h huma.API) {
	route(a, h, get("/tokens", "listTokens", "List tokens"),
		func(ctx context.Context, p control.Principal, _ *none) (TokenList, error) {
			all, err := a.Service.Tokens(ctx, p)
			out := TokenList{Tokens: []Token{}}
			for _, t := range all {
				out.Tokens = append(out.Tokens, tokenOf(t, ""))
			}
			return out, err
		})
	route(a, h, create("/tokens", "createToken", "Create a token; the answer holds its secret"),
		func(ctx context.Context, p control.Principal, in *body[TokenInput]) (Token, error) {
			t, secret, err := a.Service.CreateToken(ctx, p, control.Token{
				Name: in.Body.Name, Type: control.TokenType(in.Body.Type), Environment: in.Body.Environment,
				Projects: in.Body.Projects, ExpiresAt: in.Body.ExpiresAt,
			})
			return tokenOf(t, secret), err
		})
	revoke := act("/tokens/{id}", "revokeToken", "Revoke a token")
	revoke.Method = http.MethodDelete
	route(a, h, revoke,
		func(ctx context.Context, p control.Principal, in *tokenPath) (none, error) {
			return none{}, a.Service.RevokeToken(ctx, p, in.ID)
		})
}

func tokenOf(t control.Token, secret string) Token {
	return Token{
		ID: t.ID, Name: t.Name, Type: string(t.Type), Environment: t.Environment, Projects: t.Projects,
		CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt, Secret: secret,
	}
}
