package unleash

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// Passwords sets those of people: package signin.
type Passwords interface {
	// SetPassword gives an account a password, where p may.
	SetPassword(ctx context.Context, p control.Principal, account, password string) error
	// ChangePassword is for one's own, with the one before.
	ChangePassword(ctx context.Context, p control.Principal, old, password string, from netip.Addr) error
	// CheckPassword says what is wrong with a password.
	CheckPassword(password string) error
}

// userDoc is Unleash's userSchema, as far as it is known here.
type userDoc struct {
	ID          int        `json:"id"`
	Name        *string    `json:"name"`
	Email       string     `json:"email,omitempty"`
	Username    *string    `json:"username"`
	ImageURL    string     `json:"imageUrl"`
	RootRole    int        `json:"rootRole,omitempty"`
	SeenAt      *time.Time `json:"seenAt"`
	CreatedAt   *time.Time `json:"createdAt,omitempty"`
	AccountType string     `json:"accountType,omitempty"`
}

func toUser(a control.Account) userDoc {
	out := userDoc{
		ID: a.Number, Name: orNull(a.Name), Email: a.Email, Username: orNull(a.Username),
		RootRole: a.Role, SeenAt: a.LastUsedAt, AccountType: "User",
	}
	if !a.CreatedAt.IsZero() {
		out.CreatedAt = &a.CreatedAt
	}
	if a.Kind != control.KindHuman {
		out.AccountType = "Service Account"
	}
	return out
}

// pathNumber is the value of a path that is a number.
func pathNumber(r *http.Request, name string) (int, error) {
	n, err := strconv.Atoi(r.PathValue(name))
	if err != nil || n < 0 {
		return 0, control.Invalidf(name, "must be a number, not %q", r.PathValue(name))
	}
	return n, nil
}

// people are the accounts by number, with no more than their names.
func (a *API) people(r *http.Request) (map[int]control.Account, error) {
	all, err := a.service.People(r.Context(), caller(r))
	out := make(map[int]control.Account, len(all))
	for _, one := range all {
		out[one.Number] = one
	}
	return out, err
}

// accountID returns the id of the account whose number the path has, where it
// is of one of the kinds.
func (a *API) accountID(r *http.Request, name string, kinds ...control.PrincipalKind) (string, error) {
	n, err := pathNumber(r, name)
	if err != nil {
		return "", err
	}
	all, err := a.people(r)
	if err != nil {
		return "", err
	}
	found, ok := all[n]
	if !ok || !slices.Contains(kinds, found.Kind) {
		return "", control.Errorf(control.NotFound, "not_found", "there is no account %d", n)
	}
	return found.ID, nil
}

// accountOf is accountID with all that is known of the account.
func (a *API) accountOf(r *http.Request, kinds ...control.PrincipalKind) (control.Account, error) {
	id, err := a.accountID(r, "id", kinds...)
	if err != nil {
		return control.Account{}, err
	}
	return a.service.Account(r.Context(), caller(r), id)
}

// roleRef is a role in a body: by its number, or by its name.
type roleRef struct {
	id   int
	name string
}

// UnmarshalJSON reads either.
func (ref *roleRef) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &ref.id) == nil || json.Unmarshal(b, &ref.name) == nil {
		return nil
	}
	return control.Invalidf("rootRole", "must be the number or the name of a role")
}

// roleOf finds the role that a body names.
func (a *API) roleOf(r *http.Request, ref roleRef) (int, error) {
	if ref.name == "" {
		return ref.id, nil
	}
	all, err := a.service.Roles(r.Context(), caller(r))
	if err != nil {
		return 0, err
	}
	i := slices.IndexFunc(all, func(x control.Role) bool { return strings.EqualFold(x.Name, ref.name) })
	if i < 0 {
		return 0, control.Invalidf("rootRole", "there is no role %q", ref.name)
	}
	return all[i].ID, nil
}

// routeUsers adds what is done to people's accounts.
func (a *API) routeUsers(mux *http.ServeMux) {
	const users = adminPath + "/user-admin"
	a.addAdmin(mux, routes{
		"GET " + users:                            a.users,
		"POST " + users:                           a.createUser,
		"GET " + users + "/search":                a.searchUsers,
		"GET " + users + "/access":                a.usersAndGroups,
		"GET " + users + "/admin-count":           a.adminCount,
		"POST " + users + "/validate-password":    a.validatePassword,
		"GET " + users + "/{id}":                  a.user,
		"PUT " + users + "/{id}":                  a.updateUser,
		"DELETE " + users + "/{id}":               a.deleteUser,
		"GET " + users + "/{id}/permissions":      a.userPermissions,
		"POST " + users + "/{id}/change-password": a.changeUserPassword,
	})
}

// users answers GET /api/admin/user-admin.
func (a *API) users(w http.ResponseWriter, r *http.Request) error {
	all, err := a.service.Accounts(r.Context(), caller(r))
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(x control.Account) bool { return x.Kind != control.KindHuman })
	roles, err := a.rootRoles(r)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Users     []userDoc `json:"users"`
		RootRoles []roleDoc `json:"rootRoles"`
	}{each(all, toUser), roles})
}

func (a *API) rootRoles(r *http.Request) ([]roleDoc, error) {
	all, err := a.service.Roles(r.Context(), caller(r))
	all = slices.DeleteFunc(all, func(x control.Role) bool { return x.Type != control.RoleRoot && x.Type != control.RoleRootCustom })
	return each(all, toRole), err
}

// createUser answers POST /api/admin/user-admin. No e-mail is sent.
func (a *API) createUser(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Username  string  `json:"username"`
		Email     string  `json:"email"`
		Name      string  `json:"name"`
		Password  string  `json:"password"`
		RootRole  roleRef `json:"rootRole"`
		SendEmail *bool   `json:"sendEmail"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	if in.Password != "" {
		if err := a.passwords.CheckPassword(in.Password); err != nil {
			return err
		}
	}
	role, err := a.roleOf(r, in.RootRole)
	if err != nil {
		return err
	}
	made, err := a.service.CreateAccount(r.Context(), caller(r), control.Account{
		Kind: control.KindHuman, Username: in.Username, Email: in.Email, Name: in.Name, Role: role,
	})
	if err != nil {
		return err
	}
	if in.Password != "" {
		if err := a.passwords.SetPassword(r.Context(), caller(r), made.ID, in.Password); err != nil {
			return err
		}
	}
	w.Header().Set("Location", adminPath+"/user-admin/"+strconv.Itoa(made.Number))
	return httpapi.WriteJSON(w, http.StatusCreated, createdUser{toUser(made), false})
}

// createdUser is Unleash's createUserResponseSchema.
type createdUser struct {
	userDoc
	EmailSent bool `json:"emailSent"`
}

func (a *API) user(w http.ResponseWriter, r *http.Request) error {
	found, err := a.accountOf(r, control.KindHuman)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, toUser(found))
}

// updateUser answers PUT /api/admin/user-admin/{id}. What is left out stays.
func (a *API) updateUser(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Email    *string  `json:"email"`
		Name     *string  `json:"name"`
		RootRole *roleRef `json:"rootRole"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	id, err := a.accountID(r, "id", control.KindHuman)
	if err != nil {
		return err
	}
	return a.editAccount(w, r, id, control.AccountEdit{Email: in.Email, Name: in.Name}, in.RootRole)
}

// editAccount writes an edit, and answers with the account.
func (a *API) editAccount(w http.ResponseWriter, r *http.Request, id string, edit control.AccountEdit, ref *roleRef) error {
	if ref != nil {
		role, err := a.roleOf(r, *ref)
		if err != nil {
			return err
		}
		edit.Role = &role
	}
	out, err := a.service.EditAccount(r.Context(), caller(r), id, edit)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, createdUser{toUser(out), false})
}

func (a *API) deleteUser(_ http.ResponseWriter, r *http.Request) error {
	id, err := a.accountID(r, "id", control.KindHuman)
	if err != nil {
		return err
	}
	return a.service.DeleteAccount(r.Context(), caller(r), id)
}

// searchUsers answers GET /api/admin/user-admin/search?q=, for two letters or
// more.
func (a *API) searchUsers(w http.ResponseWriter, r *http.Request) error {
	all, err := a.service.People(r.Context(), caller(r))
	if err != nil {
		return err
	}
	q := strings.ToLower(r.URL.Query().Get("q"))
	all = slices.DeleteFunc(all, func(x control.Account) bool {
		return x.Kind != control.KindHuman || len(q) < 2 ||
			!strings.Contains(strings.ToLower(x.Name+"\n"+x.Username+"\n"+x.Email), q)
	})
	return httpapi.WriteJSON(w, http.StatusOK, each(all, toUser))
}

// usersAndGroups answers GET /api/admin/user-admin/access: who can be made a
// member of a project.
func (a *API) usersAndGroups(w http.ResponseWriter, r *http.Request) error {
	all, err := a.service.People(r.Context(), caller(r))
	if err != nil {
		return err
	}
	groups, err := a.groupDocs(r)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Groups []groupDoc `json:"groups"`
		Users  []userDoc  `json:"users"`
	}{groups, each(all, toUser)})
}

// adminCount answers GET /api/admin/user-admin/admin-count.
func (a *API) adminCount(w http.ResponseWriter, r *http.Request) error {
	all, err := a.service.Accounts(r.Context(), caller(r))
	if err != nil {
		return err
	}
	var out struct {
		Password   int `json:"password"`
		NoPassword int `json:"noPassword"`
		Service    int `json:"service"`
	}
	for _, x := range all {
		switch {
		case x.Role != control.RoleAdmin || x.DisabledAt != nil:
		case x.Kind != control.KindHuman:
			out.Service++
		case x.Password != "":
			out.Password++
		default:
			out.NoPassword++
		}
	}
	return httpapi.WriteJSON(w, http.StatusOK, out)
}

func (a *API) validatePassword(w http.ResponseWriter, r *http.Request) error {
	var in passwordBody
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	return a.passwords.CheckPassword(in.Password)
}

// passwordBody is Unleash's passwordSchema.
type passwordBody struct {
	Password        string `json:"password"`
	OldPassword     string `json:"oldPassword"`
	ConfirmPassword string `json:"confirmPassword"`
}

func (a *API) changeUserPassword(w http.ResponseWriter, r *http.Request) error {
	var in passwordBody
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	id, err := a.accountID(r, "id", control.KindHuman)
	if err != nil {
		return err
	}
	return a.passwords.SetPassword(r.Context(), caller(r), id, in.Password)
}
