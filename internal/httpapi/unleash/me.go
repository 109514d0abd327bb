package unleash

import (
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// routeMe adds what people ask about themselves.
func (a *API) routeMe(mux *http.ServeMux) {
	const me = adminPath + "/user"
	a.addAdmin(mux, routes{
		"GET " + me:                       a.me,
		"GET " + me + "/profile":          a.profile,
		"GET " + me + "/roles":            a.myRoles,
		"POST " + me + "/change-password": a.changeMyPassword,
		"GET " + me + "/tokens":           a.myTokens,
		"POST " + me + "/tokens":          a.createMyToken,
		"DELETE " + me + "/tokens/{id}":   a.deleteMyToken,
	})
}

// self returns the account that asks, or says that a token of no account is
// nobody.
func (a *API) self(r *http.Request) (control.Account, error) {
	found, err := a.service.Account(r.Context(), caller(r), caller(r).ID)
	if control.KindOf(err) == control.NotFound || control.KindOf(err) == control.Denied {
		err = control.Errorf(control.NotFound, "not_found", "this token belongs to no account")
	}
	return found, err
}

// adminToken is the number that Unleash gives a user that is an admin token.
const adminToken = -42

// me answers GET /api/admin/user. The user of a token that belongs to no
// account is named after it.
func (a *API) me(w http.ResponseWriter, r *http.Request) error {
	user := userDoc{ID: adminToken, Username: new(httpapi.CallerOf(r.Context()).Token.Name)}
	found, err := a.self(r)
	switch {
	case err == nil:
		user = toUser(found)
	case control.KindOf(err) != control.NotFound:
		return err
	}
	permissions, err := a.heldBy(r, caller(r))
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		User        userDoc          `json:"user"`
		Permissions []permissionOfMe `json:"permissions"`
		Feedback    []struct{}       `json:"feedback"`
		Splash      map[string]bool  `json:"splash"`
	}{user, permissions, []struct{}{}, map[string]bool{}})
}

// profile answers GET /api/admin/user/profile.
func (a *API) profile(w http.ResponseWriter, r *http.Request) error {
	found, err := a.self(r)
	if err != nil {
		return err
	}
	role, err := a.service.Role(r.Context(), caller(r), found.Role)
	if err != nil {
		return err
	}
	out := struct {
		RootRole          roleDoc    `json:"rootRole"`
		Projects          []string   `json:"projects"`
		Groups            []groupDoc `json:"groups"`
		Subscriptions     []string   `json:"subscriptions"`
		Features          []struct{} `json:"features"`
		CanChangePassword bool       `json:"canChangePassword"`
	}{toRole(role), []string{}, []groupDoc{}, []string{}, []struct{}{}, found.Password != ""}
	groups, err := a.groupDocs(r)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if slices.ContainsFunc(g.Users, func(u groupUser) bool { return u.User.ID == found.Number }) {
			out.Groups = append(out.Groups, g)
		}
	}
	memberships, err := a.service.Memberships(r.Context(), caller(r), found.ID)
	if err != nil {
		return err
	}
	for _, m := range memberships {
		out.Projects = append(out.Projects, m.Project)
	}
	return httpapi.WriteJSON(w, http.StatusOK, out)
}

// myRoles answers GET /api/admin/user/roles?projectId=.
func (a *API) myRoles(w http.ResponseWriter, r *http.Request) error {
	project := r.URL.Query().Get("projectId")
	if project == "" {
		return control.Invalidf("projectId", "is missing")
	}
	all, err := a.service.Memberships(r.Context(), caller(r), caller(r).ID)
	if err != nil {
		return err
	}
	roles := []roleDoc{}
	for _, m := range all {
		for _, id := range m.Roles {
			if m.Project != project {
				continue
			}
			role, err := a.service.Role(r.Context(), caller(r), id)
			if err != nil {
				return err
			}
			roles = append(roles, toRole(role))
		}
	}
	return httpapi.WriteJSON(w, http.StatusOK, roleList{1, roles})
}

// changeMyPassword answers POST /api/admin/user/change-password.
func (a *API) changeMyPassword(w http.ResponseWriter, r *http.Request) error {
	var in passwordBody
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	if in.ConfirmPassword != in.Password {
		return control.Invalidf("confirmPassword", "is another password")
	}
	from, _ := netip.ParseAddrPort(r.RemoteAddr)
	return a.passwords.ChangePassword(r.Context(), caller(r), in.OldPassword, in.Password, from.Addr())
}

// patDoc is Unleash's patSchema.
type patDoc struct {
	ID          int        `json:"id"`
	Secret      string     `json:"secret,omitempty"`
	Description string     `json:"description"`
	UserID      int        `json:"userId,omitempty"`
	CreatedAt   time.Time  `json:"createdAt"`
	ExpiresAt   *time.Time `json:"expiresAt"`
	SeenAt      *time.Time `json:"seenAt"`
}

func toPAT(t control.Token) patDoc {
	return patDoc{ID: t.Number, Description: t.Description, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt, SeenAt: t.LastUsedAt}
}

func (a *API) myTokens(w http.ResponseWriter, r *http.Request) error {
	found, err := a.self(r)
	if err != nil {
		return err
	}
	return a.ownTokens(w, r, found.ID)
}

func (a *API) createMyToken(w http.ResponseWriter, r *http.Request) error {
	found, err := a.self(r)
	if err != nil {
		return err
	}
	return a.createOwnToken(w, r, found)
}

func (a *API) deleteMyToken(_ http.ResponseWriter, r *http.Request) error {
	found, err := a.self(r)
	if err != nil {
		return err
	}
	return a.deleteOwnToken(r, found.ID, "id")
}

// ownTokens answers with the tokens of an account.
func (a *API) ownTokens(w http.ResponseWriter, r *http.Request, account string) error {
	all, err := a.service.OwnTokens(r.Context(), caller(r), account)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Pats []patDoc `json:"pats"`
	}{each(all, toPAT)})
}

// createOwnToken makes a token of an account, and answers with its secret.
func (a *API) createOwnToken(w http.ResponseWriter, r *http.Request, of control.Account) error {
	var in struct {
		Description string     `json:"description"`
		ExpiresAt   *time.Time `json:"expiresAt"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	switch {
	case in.Description == "":
		return control.Invalidf("description", "is missing")
	case in.ExpiresAt == nil:
		return control.Invalidf("expiresAt", "is missing")
	}
	t, secret, err := a.service.CreateOwnToken(r.Context(), caller(r), of.ID, in.Description, in.ExpiresAt)
	if err != nil {
		return err
	}
	out := toPAT(t)
	out.Secret, out.UserID = "user:"+secret, of.Number
	return httpapi.WriteJSON(w, http.StatusCreated, out)
}

// deleteOwnToken ends the token of an account whose number the path has.
func (a *API) deleteOwnToken(r *http.Request, account, name string) error {
	n, err := pathNumber(r, name)
	if err != nil {
		return err
	}
	all, err := a.service.OwnTokens(r.Context(), caller(r), account)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(t control.Token) bool { return t.Number == n })
	if i < 0 {
		return control.Errorf(control.NotFound, "not_found", "there is no token %s", strconv.Itoa(n))
	}
	return a.service.RevokeToken(r.Context(), caller(r), all[i].ID)
}
