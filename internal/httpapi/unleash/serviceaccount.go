package unleash

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// routeServiceAccounts adds what is done to machines' accounts.
func (a *API) routeServiceAccounts(mux *http.ServeMux) {
	const accounts = adminPath + "/service-account"
	a.addAdmin(mux, routes{
		"GET " + accounts:                          a.serviceAccounts,
		"POST " + accounts:                         a.createServiceAccount,
		"PUT " + accounts + "/{id}":                a.updateServiceAccount,
		"DELETE " + accounts + "/{id}":             a.deleteServiceAccount,
		"GET " + accounts + "/{id}/token":          a.serviceTokens,
		"POST " + accounts + "/{id}/token":         a.createServiceToken,
		"DELETE " + accounts + "/{id}/token/{tid}": a.deleteServiceToken,
	})
}

// serviceAccountDoc is a user with its tokens.
type serviceAccountDoc struct {
	userDoc
	Tokens []patDoc `json:"tokens"`
}

// serviceAccounts answers GET /api/admin/service-account.
func (a *API) serviceAccounts(w http.ResponseWriter, r *http.Request) error {
	all, err := a.service.Accounts(r.Context(), caller(r))
	if err != nil {
		return err
	}
	out := struct {
		ServiceAccounts []serviceAccountDoc `json:"serviceAccounts"`
		RootRoles       []roleDoc           `json:"rootRoles"`
	}{ServiceAccounts: []serviceAccountDoc{}}
	all = slices.DeleteFunc(all, func(x control.Account) bool { return x.Kind != control.KindService })
	for _, x := range all {
		tokens, err := a.service.OwnTokens(r.Context(), caller(r), x.ID)
		if err != nil {
			return err
		}
		out.ServiceAccounts = append(out.ServiceAccounts, serviceAccountDoc{toUser(x), each(tokens, toPAT)})
	}
	if out.RootRoles, err = a.rootRoles(r); err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, out)
}

// serviceAccountBody is Unleash's createServiceAccountSchema.
type serviceAccountBody struct {
	Name     *string  `json:"name"`
	Username *string  `json:"username"`
	RootRole *roleRef `json:"rootRole"`
}

func (a *API) createServiceAccount(w http.ResponseWriter, r *http.Request) error {
	var in serviceAccountBody
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	if in.Username == nil || in.RootRole == nil {
		return control.Invalidf("username", "is needed, and rootRole")
	}
	role, err := a.roleOf(r, *in.RootRole)
	if err != nil {
		return err
	}
	x := control.Account{Kind: control.KindService, Username: *in.Username, Role: role}
	if in.Name != nil {
		x.Name = *in.Name
	}
	made, err := a.service.CreateAccount(r.Context(), caller(r), x)
	if err != nil {
		return err
	}
	w.Header().Set("Location", adminPath+"/service-account/"+strconv.Itoa(made.Number))
	return httpapi.WriteJSON(w, http.StatusCreated, serviceAccountDoc{toUser(made), []patDoc{}})
}

func (a *API) updateServiceAccount(w http.ResponseWriter, r *http.Request) error {
	var in serviceAccountBody
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	id, err := a.accountID(r, "id", control.KindService)
	if err != nil {
		return err
	}
	return a.editAccount(w, r, id, control.AccountEdit{Name: in.Name, Username: in.Username}, in.RootRole)
}

func (a *API) deleteServiceAccount(_ http.ResponseWriter, r *http.Request) error {
	id, err := a.accountID(r, "id", control.KindService)
	if err != nil {
		return err
	}
	return a.service.DeleteAccount(r.Context(), caller(r), id)
}

func (a *API) serviceTokens(w http.ResponseWriter, r *http.Request) error {
	id, err := a.accountID(r, "id", control.KindService)
	if err != nil {
		return err
	}
	return a.ownTokens(w, r, id)
}

func (a *API) createServiceToken(w http.ResponseWriter, r *http.Request) error {
	found, err := a.accountOf(r, control.KindService)
	if err != nil {
		return err
	}
	return a.createOwnToken(w, r, found)
}

func (a *API) deleteServiceToken(_ http.ResponseWriter, r *http.Request) error {
	id, err := a.accountID(r, "id", control.KindService)
	if err != nil {
		return err
	}
	return a.deleteOwnToken(r, id, "tid")
}
