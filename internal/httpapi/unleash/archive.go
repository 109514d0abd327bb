package unleash

import (
	"net/http"

	"github.com/lockflight/lockflight/internal/httpapi"
)

// archiveFlag answers DELETE F with 202, as Unleash does, though it is done.
func (a *API) archiveFlag(w http.ResponseWriter, r *http.Request) error {
	at := ref(r)
	if err := a.service.ArchiveFlags(r.Context(), caller(r), at.Project, []string{at.Flag}); err != nil {
		return err
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// archiveFlags answers POST P/archive.
func (a *API) archiveFlags(w http.ResponseWriter, r *http.Request) error {
	flags, err := flagBatch(w, r)
	if err != nil {
		return err
	}
	if err := a.service.ArchiveFlags(r.Context(), caller(r), r.PathValue("project"), flags); err != nil {
		return err
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// reviveFlags answers POST P/revive.
func (a *API) reviveFlags(w http.ResponseWriter, r *http.Request) error {
	flags, err := flagBatch(w, r)
	if err != nil {
		return err
	}
	return a.service.ReviveFlags(r.Context(), caller(r), r.PathValue("project"), flags)
}

// reviveFlag answers POST /api/admin/archive/revive/{feature}.
func (a *API) reviveFlag(_ http.ResponseWriter, r *http.Request) error {
	view, err := a.view(r)
	if err != nil {
		return err
	}
	return a.service.ReviveFlags(r.Context(), caller(r), view.Project, []string{view.Name})
}

// deleteFlags answers POST P/delete.
func (a *API) deleteFlags(w http.ResponseWriter, r *http.Request) error {
	flags, err := flagBatch(w, r)
	if err != nil {
		return err
	}
	return a.service.DeleteFlags(r.Context(), caller(r), r.PathValue("project"), flags)
}

// deleteFlag answers DELETE /api/admin/archive/{feature}.
func (a *API) deleteFlag(_ http.ResponseWriter, r *http.Request) error {
	view, err := a.view(r)
	if err != nil {
		return err
	}
	return a.service.DeleteFlags(r.Context(), caller(r), view.Project, []string{view.Name})
}

// validateArchive answers POST P/archive/validate: what would keep the flags
// from being archived.
func (a *API) validateArchive(w http.ResponseWriter, r *http.Request) error {
	flags, err := flagBatch(w, r)
	if err != nil {
		return err
	}
	found, err := a.service.ArchiveObstacles(r.Context(), caller(r), r.PathValue("project"), flags)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Parents []string `json:"parentsWithChildFeatures"`
		Freed   bool     `json:"hasDeletedDependencies"`
	}{found.Parents, found.Freed})
}

// archivedFlags answers the archive of a project, or of all of them.
func (a *API) archivedFlags(w http.ResponseWriter, r *http.Request) error {
	all, err := a.service.ArchivedFlags(r.Context(), caller(r), r.PathValue("project"))
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Version  int          `json:"version"`
		Features []writtenDoc `json:"features"`
	}{2, each(all, toWritten)})
}
