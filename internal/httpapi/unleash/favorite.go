package unleash

import (
	"net/http"

	"github.com/lockflight/lockflight/internal/httpapi"
)

// routeFavorites adds what a principal wants to find first.
func (a *API) routeFavorites(mux *http.ServeMux) {
	a.addAdmin(mux, routes{
		"POST " + flagPath + "/favorites":      a.setFavorite(true),
		"DELETE " + flagPath + "/favorites":    a.setFavorite(false),
		"POST " + projectPath + "/favorites":   a.setFavorite(true),
		"DELETE " + projectPath + "/favorites": a.setFavorite(false),
	})
}

// favoriteDoc is what the event of a favourite tells of it.
type favoriteDoc struct {
	Feature string `json:"feature,omitempty"`
	Project string `json:"project"`
}

// setFavorite answers POST and DELETE of F/favorites and P/favorites.
func (a *API) setFavorite(on bool) httpapi.Handler {
	return func(_ http.ResponseWriter, r *http.Request) error {
		at := ref(r)
		return a.service.SetFavorite(r.Context(), caller(r), at.Project, at.Flag, on)
	}
}
