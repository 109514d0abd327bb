// Package oidc signs people in by a real OpenID provider, zitadel/oidc's
// example, which each test runs.
package oidc

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/signin"
	"github.com/lockflight/lockflight/internal/store"
)

// groups is the provider's storage, and says of everybody which groups they are
// in.
type groups struct {
	*storage.Storage
	mu  sync.Mutex
	all []string
}

func (g *groups) set(all ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.all = all
}

// SetUserinfoFromToken adds the claim.
func (g *groups) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, tokenID, subject, origin string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	info.AppendClaims("groups", g.all)
	return g.Storage.SetUserinfoFromToken(ctx, info, tokenID, subject, origin)
}

// world is sign-in beside a provider, and a browser.
type world struct {
	control  *control.Service
	people   *signin.Service
	app      *httptest.Server
	provider *httptest.Server
	groups   *groups
	browser  *http.Client
}

func newWorld(t *testing.T, role int) *world {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Logger: quiet})
	check(t, err)
	t.Cleanup(func() { _ = db.Close() })
	w := &world{control: control.New(control.Options{Store: db, Uses: db, Origin: "test", Logger: quiet})}
	check(t, w.control.Init(t.Context()))

	w.provider = httptest.NewServer(nil)
	t.Cleanup(w.provider.Close)
	issuer := w.provider.URL + "/"
	w.groups = &groups{Storage: storage.NewStorage(storage.NewUserStore(issuer))}
	w.provider.Config.Handler = exampleop.SetupServer(issuer, w.groups, nil, false)

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(http.ResponseWriter, *http.Request) {})
	w.app = httptest.NewTLSServer(mux)
	t.Cleanup(w.app.Close)
	client := strings.ReplaceAll(t.Name(), "/", "-")
	storage.RegisterClients(storage.WebClient(client, "secret", w.app.URL+"/auth/oidc/sso/callback"))
	w.people = signin.New(signin.Options{
		Control: w.control, Logger: quiet, Cost: signin.Cost{Memory: 64, Time: 1}, PublicURL: w.app.URL,
		Providers: []signin.Provider{{Issuer: issuer, ClientID: client, ClientSecret: "secret", Role: role}},
	})
	w.people.Register(mux)
	w.forget(t)
	return w
}

// forget gives the browser an empty jar of cookies.
func (w *world) forget(t *testing.T) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	check(t, err)
	c := *w.app.Client()
	c.Jar = jar
	w.browser = &c
}

// begin goes to the provider, and returns its form's id.
func (w *world) begin(t *testing.T) string {
	t.Helper()
	code, at := w.get(t, w.app.URL+"/auth/oidc/sso")
	id := at.Query().Get("authRequestID")
	if code != http.StatusOK || id == "" {
		t.Fatalf("the provider's form: %d at %s", code, at)
	}
	return id
}

// prove fills in the provider's form, and follows it back.
func (w *world) prove(t *testing.T, id string) (int, *url.URL) {
	t.Helper()
	host, _, _ := strings.Cut(strings.TrimPrefix(w.provider.URL, "http://"), ":")
	form := url.Values{"id": {id}, "username": {"test-user@" + host}, "password": {"verysecure"}}
	r, err := w.browser.PostForm(w.provider.URL+"/login/username", form)
	check(t, err)
	check(t, r.Body.Close())
	return r.StatusCode, r.Request.URL
}

func (w *world) get(t *testing.T, address string) (int, *url.URL) {
	t.Helper()
	r, err := w.browser.Get(address)
	check(t, err)
	check(t, r.Body.Close())
	return r.StatusCode, r.Request.URL
}

// account is who is signed in, "" for nobody.
func (w *world) account(t *testing.T) string {
	t.Helper()
	r, err := w.browser.Get(w.app.URL + "/auth/session")
	check(t, err)
	defer r.Body.Close()
	var out struct {
		User struct{ Account, Email, Name string }
	}
	check(t, json.NewDecoder(r.Body).Decode(&out))
	return out.User.Account
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestSignIn makes an account, and keeps its groups as the provider has them.
func TestSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.RoleViewer)
	ctx := t.Context()
	team, err := w.control.CreateGroup(ctx, control.Setup(), control.Group{Name: "team", Role: control.RoleEditor, Mappings: []string{"idp-team"}})
	check(t, err)
	other, err := w.control.CreateGroup(ctx, control.Setup(), control.Group{Name: "by hand"})
	check(t, err)
	members := func(id int) int {
		g, err := w.control.Group(ctx, control.Setup(), id)
		check(t, err)
		return len(g.Members)
	}
	w.groups.set("idp-team", "everybody")
	if code, at := w.prove(t, w.begin(t)); code != http.StatusOK || at.String() != w.app.URL+"/" {
		t.Fatalf("the way back ends at %s: %d", at, code)
	}
	id := w.account(t)
	a, err := w.control.Account(ctx, control.Setup(), id)
	check(t, err)
	if a.Email != "test-user@zitadel.ch" || a.Name != "Test User" || len(a.Identities) != 1 || a.Identities[0].Subject != "id1" {
		t.Errorf("the account: %+v", a)
	}
	rights, err := w.control.RightsOf(ctx, control.Setup(), id)
	check(t, err)
	check(t, rights.May(control.PermProjectCreate, control.Scope{}))
	if members(team.ID) != 1 || members(other.ID) != 0 {
		t.Error("the groups are not those of the provider")
	}
	w.groups.set("everybody")
	w.forget(t)
	w.prove(t, w.begin(t))
	if again := w.account(t); again != id || members(team.ID) != 0 {
		t.Errorf("the second time it is %q, in %d groups", again, members(team.ID))
	}
}

// TestID10Linking: an account is found by a verified address once, and a person
// without one is let in only where accounts are made.
func TestID10Linking(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	if code, _ := w.prove(t, w.begin(t)); code != http.StatusForbidden || w.account(t) != "" {
		t.Errorf("a stranger: %d", code)
	}
	a, err := w.control.CreateAccount(t.Context(), control.Setup(), control.Account{
		Kind: control.KindHuman, Email: "test-user@zitadel.ch", Role: control.RoleViewer,
	})
	check(t, err)
	w.forget(t)
	if w.prove(t, w.begin(t)); w.account(t) != a.ID {
		t.Error("a verified address does not find its account")
	}
}

// TestID10MixUp: what comes back must be what this browser has begun.
func TestID10MixUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.RoleViewer)
	callback := w.app.URL + "/auth/oidc/sso/callback"
	refused := func(what, address string) {
		t.Helper()
		if code, _ := w.get(t, address); code != http.StatusUnauthorized || w.account(t) != "" {
			t.Errorf("%s: %d", what, code)
		}
	}
	refused("nothing was begun", callback+"?code=x&state=y")
	w.begin(t)
	refused("another state", callback+"?code=x&state=y")
	refused("no state", callback+"?code=x")
	id := w.begin(t)
	victim := w.browser
	w.forget(t) // an attacker's code, in another browser
	if code, _ := w.prove(t, id); code != http.StatusUnauthorized || w.account(t) != "" {
		t.Errorf("a code that another browser asked for: %d", code)
	}
	w.browser = victim
	state := ""
	w.browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		state = r.URL.Query().Get("state")
		return http.ErrUseLastResponse
	}
	w.get(t, w.app.URL+"/auth/oidc/sso")
	refused("another issuer", fmt.Sprintf("%s?code=x&state=%s&iss=https://evil.example", callback, state))
	refused("an error", fmt.Sprintf("%s?error=access_denied&state=%s", callback, state))
	refused("a made-up code", fmt.Sprintf("%s?code=x&state=%s", callback, state))
}

// TestProviderDown keeps nobody out who has a password.
func TestProviderDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.RoleViewer)
	w.provider.Close()
	if code, _ := w.get(t, w.app.URL+"/auth/oidc/sso"); code != http.StatusServiceUnavailable {
		t.Errorf("by the provider: %d", code)
	}
	a, err := w.control.CreateAccount(t.Context(), control.Setup(), control.Account{Kind: control.KindHuman, Username: "ann", Role: control.RoleViewer})
	check(t, err)
	check(t, w.people.SetPassword(t.Context(), control.Setup(), a.ID, "a long enough password"))
	r, err := w.browser.Post(w.app.URL+"/auth/password", "application/json", strings.NewReader(`{"username":"ann","password":"a long enough password"}`))
	check(t, err)
	check(t, r.Body.Close())
	if r.StatusCode != http.StatusOK || w.account(t) != a.ID {
		t.Errorf("by password: %d", r.StatusCode)
	}
}
