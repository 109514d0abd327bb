package unleash

import (
	"net/http"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// linkDoc is a link of Unleash's featureSchema.
type linkDoc struct {
	ID      string `json:"id"`
	URL     string `json:"url"`
	Title   string `json:"title"`
	Feature string `json:"feature"`
}

func linkOf(flag string) func(control.Link) linkDoc {
	return func(l control.Link) linkDoc { return linkDoc{l.ID, l.URL, l.Title, flag} }
}

// setLink answers POST F/link and PUT F/link/{link} with 204.
func (a *API) setLink(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		URL   string `json:"url"`
		Title string `json:"title"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	at := ref(r)
	link := control.Link{ID: r.PathValue("link"), URL: in.URL, Title: in.Title}
	if err := a.service.SetLink(r.Context(), caller(r), at.Project, at.Flag, link); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// removeLink answers DELETE F/link/{link} with 204.
func (a *API) removeLink(w http.ResponseWriter, r *http.Request) error {
	at := ref(r)
	if err := a.service.RemoveLink(r.Context(), caller(r), at.Project, at.Flag, r.PathValue("link")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
