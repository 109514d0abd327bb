package native_test

import (
	"net/http"
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi/native"
)

// TestAccounts is the life of an account, and what it is granted.
func TestAccounts(t *testing.T) {
	t.Parallel()
	p := newPlane(t, still)
	ann := get[control.Account](t, p, "POST", "/accounts", admin, `{"kind":"human","username":"ann","rootRole":3}`)
	bot := get[control.Account](t, p, "POST", "/accounts", admin, `{"kind":"agent","username":"bot","rootRole":3,"owner":"`+ann.ID+`"}`)
	if ann.ID != "u_1" || bot.ID != "ag_2" {
		t.Errorf("the accounts are %s and %s", ann.ID, bot.ID)
	}
	page := get[native.AccountList](t, p, "GET", "/accounts?limit=1", admin, "")
	rest := get[native.AccountList](t, p, "GET", "/accounts?cursor="+page.Next.Next, admin, "")
	if len(page.Accounts) != 1 || len(rest.Accounts) != 1 || rest.Next.Next != "" {
		t.Errorf("pages of %d and %d", len(page.Accounts), len(rest.Accounts))
	}
	if got := get[native.RoleList](t, p, "GET", "/roles", admin, ""); len(got.Roles) != 6 || got.Roles[0].Name != "Admin" {
		t.Errorf("the roles are %+v", got.Roles)
	}
	get[struct{}](t, p, "PUT", "/projects/default/members", admin, `{"members":[{"account":"u_1","roles":[5]}]}`)
	if got := get[native.MemberList](t, p, "GET", "/projects/default/members", admin, ""); len(got.Members) != 1 || got.Members[0].Account != ann.ID {
		t.Errorf("the members are %+v", got.Members)
	}
	token := get[native.Token](t, p, "POST", "/tokens", admin, `{"name":"bot","type":"agent","owner":"ag_2"}`)
	if token.Owner != bot.ID || token.ExpiresAt == nil {
		t.Errorf("the agent's token is %+v", token)
	}
	sees := func() int { return len(get[native.ProjectList](t, p, "GET", "/projects", token.Secret, "").Projects) }
	if n := sees(); n != 1 {
		t.Errorf("the agent sees %d projects", n)
	}
	if w := p.do(t, "POST", "/api/v1/tokens", token.Secret, `{"name":"more","type":"backend","environment":"production"}`); w.Code != http.StatusForbidden {
		t.Errorf("the agent makes a token: %d %s", w.Code, w.Body)
	}
	if got := get[control.Account](t, p, "PATCH", "/accounts/u_1", admin, `{"disabled":true}`); got.DisabledAt == nil {
		t.Error("the person is not switched off")
	}
	if n := sees(); n != 0 {
		t.Errorf("an agent for whom nobody answers sees %d projects", n)
	}
	get[struct{}](t, p, "DELETE", "/accounts/ag_2", admin, "")
	if w := p.do(t, "GET", "/api/v1/flags", token.Secret, ""); w.Code != http.StatusUnauthorized {
		t.Errorf("a deleted agent's token: %d", w.Code)
	}
	if w := p.do(t, "POST", "/api/v1/accounts", admin, `{"kind":"robot","username":"x","rootRole":3}`); w.Code != http.StatusBadRequest {
		t.Errorf("an account of no kind: %d %s", w.Code, w.Body)
	}
}
