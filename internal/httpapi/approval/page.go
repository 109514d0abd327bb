// Package approval is the page on which people decide on one change request:
// /approvals/ID. It is a form and no application, and is not the console.
package approval

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// People signs people in by a password.
type People interface {
	SignIn(ctx context.Context, login, password string, from netip.Addr) (control.Account, string, error)
}

// Register adds the page to mux.
func Register(mux *http.ServeMux, service *control.Service, people People, log *slog.Logger) {
	p := page{service, people, log}
	mux.Handle("GET /approvals/{id}", httpapi.Serve(log, p.render, httpapi.Authenticate(service, p.show)))
	mux.Handle("POST /approvals/{id}", httpapi.Serve(log, p.render, httpapi.Authenticate(service, p.decide)))
	mux.Handle("POST /approvals/{id}/signin", httpapi.Serve(log, p.render, p.signIn))
}

type page struct {
	service *control.Service
	people  People
	log     *slog.Logger
}

//go:embed style.css
var style string

//go:embed page.html
var document string

var layout = template.Must(template.New("page").Funcs(template.FuncMap{
	"style": func() template.CSS { return template.CSS(style) }, //nolint:gosec // it is ours
	"json":  asJSON,
	"time":  func(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04:05 UTC") },
}).Parse(document))

// policyHeader lets the page load nothing, run nothing, be framed by nobody, and
// send its forms here alone.
var policyHeader = "default-src 'none'; style-src 'sha256-" + styleSum() + "'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

func styleSum() string {
	sum := sha256.Sum256([]byte(style))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// asJSON shows a value of a document, as text.
func asJSON(v any) string {
	if v == nil {
		return "nothing"
	}
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// view is what the page shows: a request, or a form to sign in.
type view struct {
	ID      string
	Request *control.RequestView
	Who     string
	Problem string
	SignIn  bool
}

// maxForm bounds a form, in bytes.
const maxForm = 64 << 10

func (p page) write(w http.ResponseWriter, status int, v view) error {
	h := w.Header()
	h.Set("Content-Security-Policy", policyHeader)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	return layout.Execute(w, v)
}

// render shows what went wrong, and a form to sign in where nobody is.
func (p page) render(w http.ResponseWriter, r *http.Request, err *control.Error) {
	v := view{ID: r.PathValue("id"), Problem: err.Error(), SignIn: err.Kind == control.Unauthenticated}
	if err.Code == "no_token" {
		v.Problem = ""
	}
	if failed := p.write(w, httpapi.Status(err), v); failed != nil {
		p.log.LogAttrs(r.Context(), slog.LevelDebug, "writing a page", slog.Any("error", failed))
	}
}

func (p page) show(w http.ResponseWriter, r *http.Request) error {
	who := httpapi.CallerOf(r.Context()).Principal
	c, err := p.service.Request(r.Context(), who, r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.write(w, http.StatusOK, view{ID: c.ID, Request: &c, Who: who.ID})
}

// decide does what a button says, to the request as it was shown.
func (p page) decide(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	who, id := httpapi.CallerOf(r.Context()).Principal, r.PathValue("id")
	digest, comment := r.PostForm.Get("digest"), r.PostForm.Get("comment")
	var err error
	switch verb := r.PostForm.Get("do"); verb {
	case "approve":
		_, err = p.service.ApproveRequest(r.Context(), who, id, digest, comment)
	case "reject":
		_, err = p.service.RejectRequest(r.Context(), who, id, digest, comment)
	case "apply":
		_, err = p.service.ApplyRequest(r.Context(), who, id)
	default:
		err = control.Invalidf("do", "%q is not approve, reject or apply", verb)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/approvals/"+id, http.StatusSeeOther)
	return nil
}

func (p page) signIn(w http.ResponseWriter, r *http.Request) error {
	if err := errors.Join(httpapi.SameOrigin(r), readForm(w, r)); err != nil {
		return err
	}
	from, _ := netip.ParseAddrPort(r.RemoteAddr)
	_, secret, err := p.people.SignIn(r.Context(), r.PostForm.Get("username"), r.PostForm.Get("password"), from.Addr())
	if err != nil {
		return err
	}
	httpapi.SetSession(w, secret)
	http.Redirect(w, r, "/approvals/"+r.PathValue("id"), http.StatusSeeOther)
	return nil
}

func readForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return control.Invalidf("body", "is not a form: %v", err)
	}
	return nil
}
