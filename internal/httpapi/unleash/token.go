package unleash

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// tokenDoc is Unleash's apiTokenSchema and an id, by which a token is revoked
// once its secret is no longer at hand. The secret is there when the token is
// made, and null ever after: only its hash is stored.
type tokenDoc struct {
	ID        string     `json:"id"`
	ExpiresAt *time.Time `json:"expiresAt"`
	SeenAt    *time.Time `json:"seenAt"`
	grantDoc
}

// grantDoc is what an apiTokenSchema has of a token at all times.
type grantDoc struct {
	Secret      *string   `json:"secret"`
	TokenName   string    `json:"tokenName"`
	Type        string    `json:"type"`
	Environment string    `json:"environment"`
	Project     string    `json:"project"`
	Projects    []string  `json:"projects"`
	CreatedAt   time.Time `json:"createdAt"`
	Alias       *string   `json:"alias"`  // of Unleash's former proxy; there are none here
	Secure      bool      `json:"secure"` // whether the secret is in Unleash's newer form
}

// newTokenDoc is a token as it is made, by which its secret names it.
type newTokenDoc struct {
	grantDoc

	ExpiresAt *time.Time `json:"expiresAt,omitempty"`
}

func toToken(t control.Token) tokenDoc {
	return tokenDoc{ID: t.ID, ExpiresAt: t.ExpiresAt, SeenAt: t.LastUsedAt, grantDoc: toGrant(t, edgeType(t.Type))}
}

func toGrant(t control.Token, typ string) grantDoc {
	return grantDoc{
		TokenName: t.Name, Type: typ, Environment: t.Environment,
		Project: strings.Join(t.Projects, ","), Projects: t.Projects, CreatedAt: t.CreatedAt,
	}
}

// tokens answers GET /api/admin/api-tokens, by name.
func (a *API) tokens(w http.ResponseWriter, r *http.Request) error {
	all, err := a.service.Tokens(r.Context(), caller(r))
	if err != nil {
		return err
	}
	return writeTokens(w, all)
}

// writeTokens answers with tokens by name.
func writeTokens(w http.ResponseWriter, all []control.Token) error {
	slices.SortFunc(all, func(a, b control.Token) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	out := struct {
		Tokens []tokenDoc `json:"tokens"`
	}{each(all, toToken)}
	return httpapi.WriteJSON(w, http.StatusOK, out)
}

// defaultEnvironment is that of a token whose request names none, in Unleash.
const defaultEnvironment = "development"

// createToken answers POST /api/admin/api-tokens, with the secret, which cannot
// be read again.
func (a *API) createToken(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		TokenName   string     `json:"tokenName"`
		Type        string     `json:"type"`
		Environment string     `json:"environment"`
		Project     string     `json:"project"`
		Projects    []string   `json:"projects"`
		ExpiresAt   *time.Time `json:"expiresAt"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	if len(in.Projects) == 0 && in.Project != "" {
		in.Projects = []string{in.Project}
	}
	return a.makeToken(w, r, in.Type, control.Token{
		Name: in.TokenName, Type: tokenType(in.Type), Environment: in.Environment, Projects: in.Projects, ExpiresAt: in.ExpiresAt,
	})
}

// makeToken answers with a new token and its secret. Its type is shown by the
// name that was sent for it.
func (a *API) makeToken(w http.ResponseWriter, r *http.Request, typ string, in control.Token) error {
	if in.Name == "" {
		return control.Invalidf("tokenName", "is missing")
	}
	if in.Environment == "" && in.Type != control.TokenAdmin {
		in.Environment = defaultEnvironment
	}
	t, secret, err := a.service.CreateToken(r.Context(), caller(r), in)
	if err != nil {
		return refield(err, func(field string) string { return strings.Replace(field, "name", "tokenName", 1) })
	}
	out := newTokenDoc{grantDoc: toGrant(t, strings.ToLower(typ)), ExpiresAt: t.ExpiresAt}
	out.Secret = &secret
	w.Header().Set("Location", "api-tokens")
	return httpapi.WriteJSON(w, http.StatusCreated, out)
}

// tokenType reads a type in any case. "client" is the old name of backend.
func tokenType(s string) control.TokenType {
	s = strings.ToLower(s)
	if s == "client" {
		return control.TokenBackend
	}
	return control.TokenType(s)
}

// revokeToken answers DELETE /api/admin/api-tokens/{token}. It takes a token's id, or its secret as Unleash does.
// One that is not there is as good as revoked.
func (a *API) revokeToken(_ http.ResponseWriter, r *http.Request) error {
	err := a.service.RevokeToken(r.Context(), caller(r), a.tokenOf(r))
	if control.KindOf(err) == control.NotFound {
		return nil
	}
	return err
}
