package unleash

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/feed"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/internal/signed"
)

// features answers GET /api/client/features. The token alone decides which
// environment and projects are read: the query's project and environment are
// of older SDKs, and its tag has nothing to match here.
func (a *Clients) features(w http.ResponseWriter, r *http.Request) error {
	segments, err := namesSegments(r.Header.Get("Unleash-Client-Spec"))
	if err != nil {
		return err
	}
	env, scope, err := a.visible(r)
	if err != nil {
		return err
	}
	view := env.Snapshot(scope)
	doc := view.Inlined()
	if segments {
		doc = view.Features()
	}
	if httpapi.Matches(r.Header.Values("If-None-Match"), doc.ETag()) {
		return notModified(w)
	}
	a.sign(w, doc.Signature())
	w.Header().Add("Vary", "Accept-Encoding")
	if doc.Size() < minGzip || !acceptsGzip(r.Header.Values("Accept-Encoding")) {
		return writeDocument(w, doc.ETag(), doc.Body())
	}
	w.Header().Set("Content-Encoding", "gzip")
	return writeDocument(w, doc.ETag(), doc.Gzip()) // the same tag, as Unleash has it: what it names is the document
}

// minGzip is the size in bytes from which on a document is worth compressing:
// what goes into about one packet is not.
const minGzip = 1400

// acceptsGzip reads Accept-Encoding (RFC 9110, 12.5.3).
func acceptsGzip(header []string) bool {
	for _, line := range header {
		for part := range strings.SplitSeq(line, ",") {
			coding, weight, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(part, " ", "")), ";")
			if coding == "gzip" || coding == "x-gzip" {
				return strings.Trim(strings.TrimPrefix(weight, "q="), "0.") != "" || weight == ""
			}
		}
	}
	return false
}

// feature answers GET /api/client/features/{name}.
func (a *Clients) feature(w http.ResponseWriter, r *http.Request) error {
	env, scope, err := a.visible(r)
	if err != nil {
		return err
	}
	name := r.PathValue("name")
	doc, found := env.Snapshot(scope).Feature(name)
	if !found {
		return control.Errorf(control.NotFound, "not_found", "there is no flag %q in what this token may read", name)
	}
	return writeDocument(w, httpapi.WeakETag(doc), doc)
}

// visible returns the environment of the request's token and what the token
// may read of it.
func (a *Clients) visible(r *http.Request) (*feed.Env, feed.Scope, error) {
	env, scope, err := a.granted(r, control.PermClientRead)
	if r.URL.RawQuery != "" {
		scope.Prefix = r.URL.Query().Get("namePrefix")
	}
	return env, scope, err
}

// granted returns the environment of the request's token, and the part of it
// for which the token has a permission.
func (a *Clients) granted(r *http.Request, perm control.Permission) (*feed.Env, feed.Scope, error) {
	c := httpapi.CallerOf(r.Context())
	projects, all := c.Principal.Projects(perm, c.Token.Environment)
	env, err := a.feed.Of(r.Context(), c.Token)
	return env, feed.Scope{All: all, Projects: projects}, err
}

// sign adds the signature of what is sent, and the key that verifies it.
func (a *Clients) sign(w http.ResponseWriter, signature string) {
	if signature != "" {
		w.Header()[signed.Header] = []string{signature}
	}
	if a.verifierKey != "" {
		w.Header()[signed.KeyHeader] = []string{a.verifierKey}
	}
}

func writeDocument(w http.ResponseWriter, etag string, body []byte) error {
	if etag != "" {
		w.Header().Set("ETag", etag)
	}
	return httpapi.WriteBody(w, http.StatusOK, body)
}

// notModified answers 304 without any header, as Unleash does.
func notModified(w http.ResponseWriter) error {
	clear(w.Header())
	w.WriteHeader(http.StatusNotModified)
	return nil
}

// namesSegments reports whether a client of this Unleash-Client-Spec reads
// segments by id: from 4.2.0 on. One that says nothing does not.
func namesSegments(spec string) (bool, error) {
	if spec == "" {
		return false, nil
	}
	core, _, _ := strings.Cut(spec, "+")
	core, _, _ = strings.Cut(core, "-")
	var n [3]int
	for i := range n {
		var part string
		var more bool
		part, core, more = strings.Cut(core, ".")
		v, err := strconv.ParseUint(part, 10, 31)
		if err != nil || more != (i < len(n)-1) {
			return false, control.Invalidf("Unleash-Client-Spec", "%q is not a semantic version such as 5.2.0", spec)
		}
		n[i] = int(v)
	}
	return n[0] > 4 || n[0] == 4 && n[1] >= 2, nil
}
