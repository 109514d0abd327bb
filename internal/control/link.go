package control

import (
	"context"
	"net/url"
	"slices"
)

// Link leads from a flag to what is written about it elsewhere.
type Link struct {
	ID    string `json:"id"`
	URL   string `json:"url"`
	Title string `json:"title,omitempty"`
}

// The limits of links: how many one flag has, and bytes of a URL.
const (
	maxLinks = 50
	maxURL   = 2048
)

// SetLink adds a link to a flag, or with an ID replaces the one that has it.
func (s *Service) SetLink(ctx context.Context, p Principal, project, flag string, in Link) error {
	if err := checkLink(in); err != nil {
		return err
	}
	return s.eachFlag(ctx, p, PermFlagUpdate, project, []string{flag}, func(w *work, f Flag) error {
		f.Links = slices.Clone(f.Links)
		if in.ID == "" {
			in.ID = newID("lnk-", w.now)
			f.Links = append(f.Links, in)
		} else if i := f.link(in.ID); i < 0 {
			return Errorf(NotFound, "not_found", "flag %q has no link %q", flag, in.ID)
		} else {
			f.Links[i] = in
		}
		if len(f.Links) > maxLinks {
			return Invalidf("url", "is one too many: a flag has at most %d links", maxLinks)
		}
		return w.putFlag("flag.link", f)
	})
}

// RemoveLink removes a link from a flag.
func (s *Service) RemoveLink(ctx context.Context, p Principal, project, flag, id string) error {
	return s.eachFlag(ctx, p, PermFlagUpdate, project, []string{flag}, func(w *work, f Flag) error {
		i := f.link(id)
		if i < 0 {
			return Errorf(NotFound, "not_found", "flag %q has no link %q", flag, id)
		}
		f.Links = slices.Delete(slices.Clone(f.Links), i, i+1)
		if len(f.Links) == 0 {
			f.Links = nil
		}
		return w.putFlag("flag.link", f)
	})
}

func (f Flag) link(id string) int {
	return slices.IndexFunc(f.Links, func(l Link) bool { return l.ID == id })
}

func checkLink(in Link) error {
	u, err := url.Parse(in.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || len(in.URL) > maxURL {
		return Invalidf("url", "%q is no address of a page: it begins with https:// or http:// and has at most %d bytes", in.URL, maxURL)
	}
	if len(in.Title) > maxName || !printable(in.Title) {
		return Invalidf("title", "must have at most %d bytes and no control characters", maxName)
	}
	return nil
}
