package unleash

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// routeAccess adds who has which roles in a project.
func (a *API) routeAccess(mux *http.ServeMux) {
	a.addAdmin(mux, routes{
		"GET " + projectPath + "/access": a.projectAccess,
		"PUT " + projectPath + "/access": a.setProjectAccess,

		"PUT " + projectPath + "/users/{user}/roles":             a.setMember,
		"DELETE " + projectPath + "/users/{user}/roles":          a.removeMember,
		"POST " + projectPath + "/users/{user}/roles/{role}":     a.addMemberRole,
		"DELETE " + projectPath + "/users/{user}/roles/{role}":   a.removeMemberRole,
		"PUT " + projectPath + "/groups/{group}/roles":           a.setMember,
		"DELETE " + projectPath + "/groups/{group}/roles":        a.removeMember,
		"POST " + projectPath + "/groups/{group}/roles/{role}":   a.addMemberRole,
		"DELETE " + projectPath + "/groups/{group}/roles/{role}": a.removeMemberRole,
	})
}

// projectAccess answers GET P/access, Unleash's projectAccessSchema.
func (a *API) projectAccess(w http.ResponseWriter, r *http.Request) error {
	members, err := a.service.Members(r.Context(), caller(r), r.PathValue("project"))
	if err != nil {
		return err
	}
	roles, err := a.service.Roles(r.Context(), caller(r))
	if err != nil {
		return err
	}
	groups, err := a.groupDocs(r)
	if err != nil {
		return err
	}
	people, err := a.service.People(r.Context(), caller(r))
	if err != nil {
		return err
	}
	type user struct {
		userDoc
		RoleID int   `json:"roleId"`
		Roles  []int `json:"roles"`
	}
	type group struct {
		groupDoc
		RoleID int   `json:"roleId"`
		Roles  []int `json:"roles"`
	}
	roles = slices.DeleteFunc(roles, func(x control.Role) bool { return x.Type != control.RoleProject && x.Type != control.RoleCustom })
	out := struct {
		Version int       `json:"version"`
		Groups  []group   `json:"groups"`
		Roles   []roleDoc `json:"roles"`
		Users   []user    `json:"users"`
	}{1, []group{}, each(roles, toRole), []user{}}
	for _, m := range members {
		for _, p := range people {
			if m.Account == p.ID {
				out.Users = append(out.Users, user{toUser(p), m.Roles[0], m.Roles})
			}
		}
		for _, g := range groups {
			if m.Group == g.ID {
				out.Groups = append(out.Groups, group{g, m.Roles[0], m.Roles})
			}
		}
	}
	return httpapi.WriteJSON(w, http.StatusOK, out)
}

// setProjectAccess answers PUT P/access: roles, each with who has it.
func (a *API) setProjectAccess(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Roles []struct {
			ID     int   `json:"id"`
			Users  []int `json:"users"`
			Groups []int `json:"groups"`
		} `json:"roles"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	var members []control.Member
	for i, role := range in.Roles {
		more, err := a.members(r, fmt.Sprintf("roles[%d].", i), role.Users, role.Groups, []int{role.ID})
		if err != nil {
			return err
		}
		for _, m := range more {
			at := slices.IndexFunc(members, func(o control.Member) bool { return o.Account == m.Account && o.Group == m.Group })
			if at >= 0 {
				members[at].Roles = append(members[at].Roles, m.Roles...)
				continue
			}
			members = append(members, m)
		}
	}
	return a.service.SetMembers(r.Context(), caller(r), r.PathValue("project"), members)
}

// members are users and groups, by number, with roles.
func (a *API) members(r *http.Request, field string, users, groups, roles []int) ([]control.Member, error) {
	people, err := a.people(r)
	if err != nil {
		return nil, err
	}
	var out []control.Member
	for i, n := range users {
		who, ok := people[n]
		if !ok {
			return nil, control.Invalidf(fmt.Sprintf("%susers[%d]", field, i), "there is no user %d", n)
		}
		out = append(out, control.Member{Account: who.ID, Roles: slices.Clone(roles)})
	}
	for _, n := range groups {
		out = append(out, control.Member{Group: n, Roles: slices.Clone(roles)})
	}
	return out, nil
}

// memberOf is who the path names.
func (a *API) memberOf(r *http.Request) (control.Member, error) {
	if r.PathValue("group") != "" {
		n, err := pathNumber(r, "group")
		return control.Member{Group: n}, err
	}
	id, err := a.accountID(r, "user", control.KindHuman, control.KindService, control.KindAgent)
	return control.Member{Account: id}, err
}

// setMember answers PUT P/users/{user}/roles, and the same of a group.
func (a *API) setMember(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Roles []int `json:"roles"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return err
	}
	m, err := a.memberOf(r)
	if err != nil {
		return err
	}
	m.Roles = in.Roles
	return a.service.SetMember(r.Context(), caller(r), r.PathValue("project"), m)
}

func (a *API) removeMember(_ http.ResponseWriter, r *http.Request) error {
	m, err := a.memberOf(r)
	if err != nil {
		return err
	}
	return a.service.SetMember(r.Context(), caller(r), r.PathValue("project"), m)
}

func (a *API) addMemberRole(_ http.ResponseWriter, r *http.Request) error {
	m, err := a.memberOf(r)
	if err != nil {
		return err
	}
	role, err := pathNumber(r, "role")
	if err != nil {
		return err
	}
	m.Roles = []int{role}
	return a.service.AddMembers(r.Context(), caller(r), r.PathValue("project"), []control.Member{m})
}

func (a *API) removeMemberRole(_ http.ResponseWriter, r *http.Request) error {
	m, err := a.memberOf(r)
	if err != nil {
		return err
	}
	role, err := pathNumber(r, "role")
	if err != nil {
		return err
	}
	m.Roles = []int{role}
	return a.service.RemoveMemberRoles(r.Context(), caller(r), r.PathValue("project"), m)
}
