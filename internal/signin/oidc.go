package signin

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// flow is one sign-in by a provider, between its two halves. It waits in a
// cookie, so that the browser that comes back is the one that went, and any
// replica can go on.
type flow struct {
	provider, state, nonce, verifier string
}

// flowCookie holds a flow; flowLife is how long a person may take.
const (
	flowCookie = "__Host-lockflight-oidc"
	flowLife   = 10 * time.Minute
)

func newFlow(provider string) flow {
	return flow{provider, rand.Text(), rand.Text(), oauth2.GenerateVerifier()}
}

func (f flow) cookie() *http.Cookie {
	return &http.Cookie{
		Name: flowCookie, Value: strings.Join([]string{f.provider, f.state, f.nonce, f.verifier}, "."), Path: "/",
		MaxAge: int(flowLife.Seconds()), Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// flowOf reads the flow that a browser brings back, once, and where the state
// that came by way of the provider is the one that it left with.
func flowOf(r *http.Request, provider string) (flow, error) {
	all := r.CookiesNamed(flowCookie)
	var f flow
	if len(all) == 1 {
		if parts := strings.Split(all[0].Value, "."); len(parts) == 4 {
			f = flow{parts[0], parts[1], parts[2], parts[3]}
		}
	}
	state := r.URL.Query().Get("state")
	if f.state == "" || f.provider != provider || subtle.ConstantTimeCompare([]byte(f.state), []byte(state)) != 1 {
		return flow{}, refused("this sign-in was not begun here, or took too long: begin again", nil)
	}
	return f, nil
}

// registerProviders adds the two halves of a sign-in by a provider.
func (s *Service) registerProviders(serve func(string, httpapi.Handler)) {
	serve("GET /auth/providers", s.listProviders)
	serve("GET /auth/oidc/{provider}", s.begin)
	serve("GET /auth/oidc/{provider}/callback", s.finish)
}

// listProviders answers how one can sign in.
func (s *Service) listProviders(w http.ResponseWriter, _ *http.Request) error {
	type entry struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		Path string `json:"path"`
	}
	out := struct {
		Password  bool    `json:"password"`
		Providers []entry `json:"providers"`
	}{!s.ssoOnly, []entry{}}
	for _, p := range s.providers {
		out.Providers = append(out.Providers, entry{p.ID, p.Name, "/auth/oidc/" + p.ID})
	}
	return httpapi.WriteJSON(w, http.StatusOK, out)
}

func (s *Service) providerOf(r *http.Request) (*provider, error) {
	for _, p := range s.providers {
		if p.ID == r.PathValue("provider") {
			return p, nil
		}
	}
	return nil, control.Errorf(control.NotFound, "not_found", "there is no provider %q", r.PathValue("provider"))
}

// begin sends the browser to the provider.
func (s *Service) begin(w http.ResponseWriter, r *http.Request) error {
	p, err := s.providerOf(r)
	if err != nil {
		return err
	}
	_, config, err := p.discover(r.Context())
	if err != nil {
		return err
	}
	f := newFlow(p.ID)
	http.SetCookie(w, f.cookie())
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, config.AuthCodeURL(f.state, oidc.Nonce(f.nonce), oauth2.S256ChallengeOption(f.verifier)), http.StatusFound)
	return nil
}

// finish takes the browser back from the provider, and signs the person in.
func (s *Service) finish(w http.ResponseWriter, r *http.Request) error {
	err := s.admit(w, r)
	if control.KindOf(err) == control.Unauthenticated || control.KindOf(err) == control.Denied {
		s.control.SignInFailed("")
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

func (s *Service) admit(w http.ResponseWriter, r *http.Request) error {
	p, err := s.providerOf(r)
	if err != nil {
		return err
	}
	f, err := flowOf(r, p.ID)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	switch iss := query.Get("iss"); { // RFC 9207: an answer of another provider
	case iss != "" && iss != p.Issuer:
		return refused("the answer is another provider's", nil)
	case query.Get("code") == "":
		return refused("the provider did not sign you in", nil)
	}
	in, err := p.redeem(r.Context(), query.Get("code"), f)
	if err != nil {
		return err
	}
	a, err := s.control.Admit(r.Context(), in)
	if err != nil {
		return err
	}
	_, secret, err := s.control.OpenSession(r.Context(), a.ID, "oidc", "")
	if err != nil {
		return err
	}
	done := f.cookie()
	done.Value, done.MaxAge = "", -1
	http.SetCookie(w, done)
	httpapi.SetSession(w, secret)
	return nil
}
