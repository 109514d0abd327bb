package unleash_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// browser is a person who is signed in.
type browser struct {
	*plane
	cookie *http.Cookie
}

// signIn signs a new person in, with Unleash's request for that.
func (p *plane) signIn(t *testing.T, name string, role int) browser {
	t.Helper()
	a, err := p.service.CreateAccount(t.Context(), control.Setup(), control.Account{Kind: control.KindHuman, Username: name, Role: role})
	if err != nil {
		t.Fatal(err)
	}
	const password = "a long enough password"
	if err := p.people.SetPassword(t.Context(), control.Setup(), a.ID, password); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/auth/simple/login", strings.NewReader(`{"username":"`+name+`","password":"`+password+`"}`))
	r.Header.Set("Content-Type", "application/json")
	p.mux.ServeHTTP(w, r)
	cookies := w.Result().Cookies()
	if w.Code != http.StatusOK || len(cookies) != 1 {
		t.Fatalf("sign-in: %d %s", w.Code, w.Body)
	}
	return browser{p, cookies[0]}
}

func (b browser) do(t *testing.T, method, path, body string, into any) int {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.AddCookie(b.cookie)
	b.mux.ServeHTTP(w, r)
	if into != nil {
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
			t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
	}
	return w.Code
}

// TestMe is what a signed-in person asks of themselves, and a personal token's
// whole life.
func TestMe(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	ann := p.signIn(t, "ann", control.RoleEditor)
	var me struct {
		User        struct{ ID int }
		Permissions []struct{ Permission, Project, Environment string }
	}
	if code := ann.do(t, "GET", "/api/admin/user", "", &me); code != http.StatusOK || me.User.ID != 1 {
		t.Fatalf("GET /user: %d %+v", code, me)
	}
	has := map[string]bool{}
	for _, x := range me.Permissions {
		has[x.Permission+" "+x.Project+" "+x.Environment] = true
	}
	for _, want := range []string{"CREATE_PROJECT  ", "CREATE_FEATURE default ", "UPDATE_FEATURE_ENVIRONMENT default production"} {
		if !has[want] {
			t.Errorf("%q is not among the permissions", want)
		}
	}
	if has["ADMIN  "] || has["READ_LOGS  "] {
		t.Error("an Editor is told of an Admin's permissions")
	}
	var profile struct {
		RootRole          struct{ Name string }
		CanChangePassword bool
	}
	if ann.do(t, "GET", "/api/admin/user/profile", "", &profile); profile.RootRole.Name != "Editor" || !profile.CanChangePassword {
		t.Errorf("the profile: %+v", profile)
	}

	var made struct {
		ID     int
		Secret string
	}
	body := `{"description":"scripts","expiresAt":"` + today.Add(24*time.Hour).Format(time.RFC3339) + `"}`
	if code := ann.do(t, "POST", "/api/admin/user/tokens", body, &made); code != http.StatusCreated || !strings.HasPrefix(made.Secret, "user:lf_pat_") {
		t.Fatalf("POST /user/tokens: %d %+v", code, made)
	}
	p.want(t, http.StatusOK, "GET", "/api/admin/user", made.Secret, "")
	p.want(t, http.StatusForbidden, "POST", "/api/admin/user/tokens", made.Secret, body)
	p.want(t, http.StatusForbidden, "POST", "/api/admin/api-tokens", made.Secret, `{"tokenName":"x","type":"backend"}`)
	p.want(t, http.StatusForbidden, "GET", "/api/client/features", made.Secret, "")
	var listed struct{ Pats []struct{ ID int } }
	if ann.do(t, "GET", "/api/admin/user/tokens", "", &listed); len(listed.Pats) != 1 {
		t.Errorf("GET /user/tokens: %+v", listed)
	}
	if code := ann.do(t, "DELETE", "/api/admin/user/tokens/1", "", nil); code != http.StatusOK {
		t.Errorf("DELETE /user/tokens/1: %d", code)
	}
	p.want(t, http.StatusUnauthorized, "GET", "/api/admin/user", made.Secret, "")

	change := `{"password":"quite another password","confirmPassword":"quite another password","oldPassword":"wrong"}`
	if code := ann.do(t, "POST", "/api/admin/user/change-password", change, nil); code != http.StatusBadRequest {
		t.Errorf("a password was changed with a wrong one: %d", code)
	}
	change = strings.Replace(change, "wrong", "a long enough password", 1)
	if code := ann.do(t, "POST", "/api/admin/user/change-password", change, nil); code != http.StatusOK {
		t.Errorf("change-password: %d", code)
	}
}

// TestServiceToken is the credential that Terraform is given.
func TestServiceToken(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.want(t, http.StatusCreated, "POST", "/api/admin/service-account", admin, `{"name":"CI","username":"ci","rootRole":1}`)
	w := p.do(t, "POST", "/api/admin/service-account/1/token", admin, `{"description":"tf","expiresAt":"`+today.Add(time.Hour).Format(time.RFC3339)+`"}`)
	var made struct{ Secret string }
	if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil || w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	p.want(t, http.StatusCreated, "POST", "/api/admin/api-tokens", made.Secret, `{"tokenName":"x","type":"backend","environment":"production"}`)
	p.want(t, http.StatusOK, "DELETE", "/api/admin/service-account/1", admin, "")
	p.want(t, http.StatusUnauthorized, "GET", "/api/admin/projects", made.Secret, "")
}
