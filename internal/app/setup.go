package app

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"html/template"
	"log/slog"
	"net/http"
	"sync"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
	"github.com/lockflight/lockflight/internal/signin"
)

// setup makes the first admin token of an installation that has none, and the
// first admin's account: for whoever holds the one-time code that the first
// start prints.
type setup struct {
	service *control.Service
	people  *signin.Service
	mu      sync.Mutex
	code    string // empty once used, or never needed
}

func newSetup(ctx context.Context, s *control.Service) (*setup, error) {
	out := &setup{service: s}
	tokens, err := s.Tokens(ctx, control.Setup())
	if err != nil {
		return nil, err
	}
	for _, t := range tokens {
		if t.Type == control.TokenAdmin {
			return out, nil
		}
	}
	out.code = rand.Text()
	return out, nil
}

func (s *setup) register(mux *http.ServeMux, people *signin.Service) {
	s.people = people
	mux.HandleFunc("GET /setup", s.page)
	mux.HandleFunc("POST /setup", s.use)
}

var setupPage = template.Must(template.New("setup").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Lockflight set-up</title>
<style>body{font:16px/1.5 system-ui;max-width:40rem;margin:4rem auto;padding:0 1rem}
code{display:block;padding:1rem;background:#8882;overflow-wrap:anywhere}button{font:inherit;padding:.5rem 1rem}</style>
<h1>Lockflight</h1>
{{if .Secret}}<p>This is the admin token. It is not shown again.</p><code>{{.Secret}}</code>
<p>Set it as LOCKFLIGHT_TOKEN, then <em>lockflight token create</em> makes narrower ones.</p>
{{else if .Code}}<p>This installation has no admin token yet.</p>{{with .Wrong}}<p role="alert">{{.}}</p>{{end}}
<form method="post"><input type="hidden" name="code" value="{{.Code}}">
<p>An account to sign in with, if you want one now:</p>
<p><label>Username <input name="username" autocomplete="username"></label></p>
<p><label>Password <input name="password" type="password" autocomplete="new-password"></label></p>
<button>Make the admin token</button></form>
{{else}}<p>This set-up link is not valid, or was used already.</p>{{end}}</html>`))

func (s *setup) page(w http.ResponseWriter, r *http.Request) {
	if code := r.URL.Query().Get("code"); s.valid(code) {
		s.render(w, http.StatusOK, map[string]string{"Code": code})
		return
	}
	s.render(w, http.StatusForbidden, nil)
}

func (s *setup) use(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.matches(r.PostFormValue("code")) {
		s.render(w, http.StatusForbidden, nil)
		return
	}
	if err := s.account(r); err != nil {
		s.render(w, httpapi.Status(err), map[string]string{"Code": s.code, "Wrong": err.Error()})
		return
	}
	_, secret, err := s.service.CreateToken(r.Context(), control.Setup(), control.Token{Name: "setup", Type: control.TokenAdmin})
	if err != nil {
		s.render(w, http.StatusServiceUnavailable, nil)
		return
	}
	s.code = ""
	s.render(w, http.StatusOK, map[string]string{"Secret": secret})
}

// account makes the first admin's, where the form has one.
func (s *setup) account(r *http.Request) *control.Error {
	name, password := r.PostFormValue("username"), r.PostFormValue("password")
	if name == "" && password == "" {
		return nil
	}
	err := s.people.FirstAdmin(r.Context(), name, password)
	if err == nil {
		return nil
	}
	return httpapi.Public(r.Context(), slog.Default(), "/setup", err)
}

// unused returns the code, empty where none is valid.
func (s *setup) unused() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.code
}

func (s *setup) valid(code string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.matches(code)
}

func (s *setup) matches(code string) bool {
	return s.code != "" && subtle.ConstantTimeCompare([]byte(code), []byte(s.code)) == 1
}

func (s *setup) render(w http.ResponseWriter, status int, data map[string]string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	_ = setupPage.Execute(w, data)
}
