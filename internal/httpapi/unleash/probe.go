package unleash

import (
	"log/slog"
	"net/http"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

var good = map[string]string{"health": "GOOD"}

// health says that the process answers.
func health(w http.ResponseWriter, _ *http.Request) error {
	return httpapi.WriteJSON(w, http.StatusOK, good)
}

// ready says that the store answers too.
func (a *API) ready(w http.ResponseWriter, r *http.Request) error {
	if _, err := a.service.Environments(r.Context(), control.Engine()); err != nil {
		a.log.LogAttrs(r.Context(), slog.LevelWarn, "not ready: the store does not answer", slog.Any("error", err))
		w.WriteHeader(http.StatusServiceUnavailable)
		return nil
	}
	return httpapi.WriteJSON(w, http.StatusOK, good)
}
