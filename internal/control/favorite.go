package control

import (
	"context"
	"time"
)

// KindFavorite is the kind of a Favorite; it is listed under its principal.
const KindFavorite ResourceKind = "favorite"

// Favorite is a flag or a project that a principal wants to find first.
type Favorite struct {
	Principal string    `json:"principal"` // its id
	Project   string    `json:"project"`
	Flag      string    `json:"flag,omitempty"` // empty for the project itself
	At        time.Time `json:"at"`
}

func (f Favorite) key() string {
	if f.Flag == "" {
		return f.Principal + "/project/" + f.Project
	}
	return f.Principal + "/flag/" + f.Flag
}

// SetFavorite makes a flag a favourite of p, or the project where flag is
// empty, or ends that. It changes nothing for anybody else.
func (s *Service) SetFavorite(ctx context.Context, p Principal, project, flag string, on bool) error {
	return s.write(ctx, p, Normal, func(w *work) error {
		if err := w.favorable(project, flag); err != nil {
			return err
		}
		f := Favorite{Principal: w.p.ID, Project: project, Flag: flag, At: w.now}
		what := "flag"
		if flag == "" {
			what = "project"
		}
		favorites, err := favoritesOf(w, w.p)
		if err != nil || favorites.has(f.key(), time.Time{}) == on {
			return err
		}
		ev := event{Type: what + ".favorite", Kind: KindFavorite, Key: f.key(), Project: project, Doc: f}
		if on {
			return w.put(ev)
		}
		ev.Type, ev.Doc = what+".unfavorite", nil
		return w.remove(ev)
	})
}

// favorable refuses what p may not read, or is not there.
func (w *work) favorable(project, flag string) error {
	if err := w.may(Scope{Project: project}, PermRead); err != nil {
		return err
	}
	if flag != "" {
		_, _, err := flagOf(w, project, flag)
		return err
	}
	_, err := get[Project](w, KindProject, project)
	return asMissing(err, "project", project)
}

// favorites are those of one principal, by key.
type favorites map[string]Favorite

func favoritesOf(tx ReadTx, p Principal) (favorites, error) {
	out := favorites{}
	if p.ID == "" {
		return out, nil
	}
	all, err := list[Favorite](tx, KindFavorite, p.ID)
	for _, f := range all {
		out[f.key()] = f
	}
	return out, err
}

// has reports whether there is a favourite that is not older than what it is
// about: names are used again.
func (f favorites) has(key string, since time.Time) bool {
	one, found := f[key]
	return found && !one.At.Before(since)
}

func (f favorites) flag(p Principal, of Flag) bool {
	return f.has(Favorite{Principal: p.ID, Flag: of.Name}.key(), of.CreatedAt)
}

// FavoriteProjects returns the ids of the projects that are favourites of p.
func (s *Service) FavoriteProjects(ctx context.Context, p Principal) (map[string]bool, error) {
	out := map[string]bool{}
	err := s.store.View(ctx, func(tx ReadTx) error {
		all, err := favoritesOf(tx, p)
		for _, f := range all {
			if f.Flag == "" {
				out[f.Project] = true
			}
		}
		return err
	})
	return out, err
}
