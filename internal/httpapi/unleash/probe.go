package unleash

import (
	"log/slog"
	"net/http"

	"github.com/lockflight/lockflight/internal/httpapi"
)

var good = map[string]string{"health": "GOOD"}

// health says that the process answers.
func health(w http.ResponseWriter, _ *http.Request) error {
	return httpapi.WriteJSON(w, http.StatusOK, good)
}

// ready says that there is something to serve, too.
func (a *Clients) ready(w http.ResponseWriter, r *http.Request) error {
	if err := a.whenReady(r.Context()); err != nil {
		a.log.LogAttrs(r.Context(), slog.LevelWarn, "not ready", slog.Any("error", err))
		w.WriteHeader(http.StatusServiceUnavailable)
		return nil
	}
	return httpapi.WriteJSON(w, http.StatusOK, good)
}
