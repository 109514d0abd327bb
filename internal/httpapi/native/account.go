package native

import (
	"context"
	"fmt"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
)

// AccountInput asks for an account.
type AccountInput struct {
	Kind       string `json:"kind" doc:"human, service or agent"`
	Username   string `json:"username,omitempty"`
	Email      string `json:"email,omitempty"`
	Name       string `json:"name,omitempty"`
	Role       int    `json:"rootRole" doc:"of a role that counts everywhere"`
	Owner      string `json:"owner,omitempty" doc:"the person who answers for an agent or a machine"`
	Purpose    string `json:"purpose,omitempty"`
	BreakGlass bool   `json:"breakGlass,omitempty" doc:"for emergencies: signs in by password and reason alone, for an hour"`
}

// AccountEdit changes an account. What is left out stays.
type AccountEdit struct {
	Username *string `json:"username,omitempty"`
	Email    *string `json:"email,omitempty"`
	Name     *string `json:"name,omitempty"`
	Role     *int    `json:"rootRole,omitempty"`
	Owner    *string `json:"owner,omitempty"`
	Purpose  *string `json:"purpose,omitempty"`
	Disabled *bool   `json:"disabled,omitempty"`
}

// AccountList is a page of accounts, by id.
type AccountList struct {
	Accounts []control.Account `json:"accounts"`
	Next
}

// RoleList is a page of roles, by number.
type RoleList struct {
	Roles []control.Role `json:"roles"`
	Next
}

// GroupList is a page of groups, by number.
type GroupList struct {
	Groups []control.Group `json:"groups"`
	Next
}

var (
	accountPages = pager[control.Account]{list: "accounts", key: func(a control.Account) string { return a.ID }}
	rolePages    = pager[control.Role]{list: "roles", key: func(r control.Role) string { return numbered(r.ID) }}
	groupPages   = pager[control.Group]{list: "groups", key: func(g control.Group) string { return numbered(g.ID) }}
)

// numbered is a number as a key that sorts as it does.
func numbered(n int) string { return fmt.Sprintf("%010d", n) }

// MemberList is who has which roles in a project.
type MemberList struct {
	Members []control.Member `json:"members"`
}

// AccountPath is the path of one account. It is exported for huma, which sets
// it through reflection.
type AccountPath struct {
	ID string `path:"id"`
}

type accountEditRequest struct {
	AccountPath
	Body AccountEdit
}

type membersRequest struct {
	ProjectPath
	Body MemberList
}

// accounts adds who there is, and what they were granted.
func (a api) accounts(h huma.API) {
	route(a, h, get("/accounts", "listAccounts", "List people, machines and agents"), a.listAccounts)
	route(a, h, create("/accounts", "createAccount", "Create an account"), a.createAccount)
	route(a, h, patch("/accounts/{id}", "editAccount", "Change an account, or switch it off"), a.editAccount)
	route(a, h, remove("/accounts/{id}", "deleteAccount", "Delete an account; all that it signs in with ends"),
		func(ctx context.Context, p control.Principal, in *AccountPath) (none, error) {
			return none{}, a.Service.DeleteAccount(ctx, p, in.ID)
		})
	route(a, h, get("/roles", "listRoles", "List roles"), a.listRoles)
	route(a, h, get("/groups", "listGroups", "List groups"), a.listGroups)
	route(a, h, get("/projects/{project}/members", "listMembers", "List the members of a project"),
		func(ctx context.Context, p control.Principal, in *ProjectPath) (MemberList, error) {
			all, err := a.Service.Members(ctx, p, in.Project)
			return MemberList{append([]control.Member{}, all...)}, err
		})
	route(a, h, put("/projects/{project}/members", "setMembers", "Replace the members of a project"), func(ctx context.Context, p control.Principal, in *membersRequest) (none, error) {
		return none{}, a.Service.SetMembers(ctx, p, in.Project, in.Body.Members)
	})
}

func (a api) listAccounts(ctx context.Context, p control.Principal, in *Page) (out AccountList, err error) {
	all, err := a.Service.Accounts(ctx, p)
	if err != nil {
		return out, err
	}
	for i := range all {
		all[i].Password = ""
	}
	out.Accounts, out.Next, err = accountPages.cut(*in, all)
	return out, err
}

func (a api) createAccount(ctx context.Context, p control.Principal, in *body[AccountInput]) (control.Account, error) {
	b := in.Body
	return a.Service.CreateAccount(ctx, p, control.Account{
		Kind: control.PrincipalKind(b.Kind), Username: b.Username, Email: b.Email, Name: b.Name, Role: b.Role,
		Owner: b.Owner, Purpose: b.Purpose, BreakGlass: b.BreakGlass,
	})
}

func (a api) editAccount(ctx context.Context, p control.Principal, in *accountEditRequest) (control.Account, error) {
	b := in.Body
	out, err := a.Service.EditAccount(ctx, p, in.ID, control.AccountEdit{
		Username: b.Username, Email: b.Email, Name: b.Name, Role: b.Role, Owner: b.Owner, Purpose: b.Purpose, Disabled: b.Disabled,
	})
	out.Password = ""
	return out, err
}

func (a api) listRoles(ctx context.Context, p control.Principal, in *Page) (out RoleList, err error) {
	all, err := a.Service.Roles(ctx, p)
	if err != nil {
		return out, err
	}
	out.Roles, out.Next, err = rolePages.cut(*in, all)
	return out, err
}

func (a api) listGroups(ctx context.Context, p control.Principal, in *Page) (out GroupList, err error) {
	all, err := a.Service.Groups(ctx, p)
	if err != nil {
		return out, err
	}
	out.Groups, out.Next, err = groupPages.cut(*in, all)
	return out, err
}
