package unleash

import (
	"net/http"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// The paths of the admin API that many routes begin with.
const (
	adminPath   = "/api/admin"
	projectPath = adminPath + "/projects/{project}"
	flagPath    = projectPath + "/features/{feature}"
	envPath     = flagPath + "/environments/{environment}"
)

// routes are handlers by method and path.
type routes map[string]httpapi.Handler

// addAdmin adds routes that take any valid token.
func (a *API) addAdmin(mux *http.ServeMux, all routes) {
	for pattern, h := range all {
		mux.Handle(pattern, a.admin(h))
	}
}

// routeFlags adds what changes flags.
func (a *API) routeFlags(mux *http.ServeMux) {
	a.addAdmin(mux, routes{
		"POST " + adminPath + "/features/validate": a.validateFlag,
		"PUT " + flagPath:                          a.replaceFlag,
		"PATCH " + flagPath:                        a.patchFlag,
		"DELETE " + flagPath:                       a.archiveFlag,
		"POST " + flagPath + "/clone":              a.cloneFlag,
		"POST " + flagPath + "/changeProject":      a.moveFlag,
		"POST " + envPath + "/on":                  a.switchFlag(true),
		"POST " + envPath + "/off":                 a.switchFlag(false),

		"POST " + projectPath + "/bulk_features/environments/{environment}/on":  a.switchFlags(true),
		"POST " + projectPath + "/bulk_features/environments/{environment}/off": a.switchFlags(false),

		"POST " + projectPath + "/{action}":               a.projectAction,
		"POST " + projectPath + "/archive/validate":       a.validateArchive,
		"GET " + projectPath + "/archive/features":        a.archivedFlags,
		"GET " + adminPath + "/archive/features":          a.archivedFlags,
		"DELETE " + adminPath + "/archive/{feature}":      a.deleteFlag,
		"POST " + adminPath + "/archive/revive/{feature}": a.reviveFlag,
	})
}

// projectAction answers POST P/{action}: what is done to many flags of a
// project, or to the project. It is one route because
// POST /projects/archive/{project} and POST /projects/{project}/archive cannot
// be two. No project is called archive or revive, for the same reason.
func (a *API) projectAction(w http.ResponseWriter, r *http.Request) error {
	action := r.PathValue("action")
	switch r.PathValue("project") {
	case "archive":
		return a.archiveProject(w, r, action)
	case "revive":
		return a.reviveProject(w, r, action)
	}
	switch action {
	case "stale":
		return a.staleFlags(w, r)
	case "archive":
		return a.archiveFlags(w, r)
	case "revive":
		return a.reviveFlags(w, r)
	case "delete":
		return a.deleteFlags(w, r)
	}
	return noSuchPath(w, r)
}

// caller returns who sent the request.
func caller(r *http.Request) control.Principal { return httpapi.CallerOf(r.Context()).Principal }
