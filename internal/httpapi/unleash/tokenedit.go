package unleash

import (
	"net/http"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// routeTokens adds what is done to one token.
func (a *API) routeTokens(mux *http.ServeMux) {
	a.addAdmin(mux, routes{
		"GET " + adminPath + "/api-tokens/{token}": a.tokensNamed,
		"PUT " + adminPath + "/api-tokens/{token}": a.expireToken,
	})
}

// tokensNamed answers GET /api/admin/api-tokens/{name}: all tokens of a name,
// which is not unique.
func (a *API) tokensNamed(w http.ResponseWriter, r *http.Request) error {
	all, err := a.service.Tokens(r.Context(), caller(r))
	if err != nil {
		return err
	}
	name := r.PathValue("token")
	all = slices.DeleteFunc(all, func(t control.Token) bool { return t.Name != name })
	return writeTokens(w, all)
}

// expireToken answers PUT /api/admin/api-tokens/{token}, by id or secret.
func (a *API) expireToken(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		ExpiresAt *time.Time `json:"expiresAt"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	if in.ExpiresAt == nil {
		return control.Invalidf("expiresAt", "is missing")
	}
	_, err := a.service.ExpireToken(r.Context(), caller(r), a.tokenOf(r), in.ExpiresAt)
	return err
}

// tokenOf returns the id of the token that the path names, by its id or, as
// Unleash does, by its secret.
func (a *API) tokenOf(r *http.Request) string {
	id := r.PathValue("token")
	if _, t, err := a.service.Authenticate(r.Context(), id); err == nil {
		return t.ID
	}
	return id
}
