package unleash

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// routeRoles adds what roles are made of.
func (a *API) routeRoles(mux *http.ServeMux) {
	const roles = adminPath + "/roles"
	a.addAdmin(mux, routes{
		"GET " + adminPath + "/permissions": a.permissions,
		"GET " + roles:                      a.roles,
		"POST " + roles:                     a.createRole,
		"POST " + roles + "/validate":       a.validateRole,
		"GET " + roles + "/{id}":            a.role,
		"PUT " + roles + "/{id}":            a.updateRole,
		"DELETE " + roles + "/{id}":         a.deleteRole,
	})
}

// roleDoc is Unleash's roleSchema.
type roleDoc struct {
	ID          int     `json:"id"`
	Type        string  `json:"type"`
	Name        string  `json:"name"`
	Description string  `json:"description"`
	Project     *string `json:"project"`
}

func toRole(r control.Role) roleDoc {
	return roleDoc{ID: r.ID, Type: r.Type, Name: r.Name, Description: r.Description}
}

type roleList struct {
	Version int       `json:"version"`
	Roles   []roleDoc `json:"roles"`
}

// roleWithPermissions is what Unleash tells of one role.
type roleWithPermissions struct {
	roleDoc
	Permissions []permissionDoc `json:"permissions"`
}

func toRoleWithPermissions(r control.Role) roleWithPermissions {
	return roleWithPermissions{toRole(r), each(r.Permissions, func(p control.RolePermission) permissionDoc {
		out := permissionDoc{Name: p.Name, DisplayName: p.Name, Type: string(control.LevelRoot), Environment: p.Environment}
		all := control.NamedPermissions()
		if i := slices.IndexFunc(all, func(n control.NamedPermission) bool { return n.Name == p.Name }); i >= 0 {
			out = toPermission(i, all[i], p.Environment)
		}
		return out
	})}
}

// permissionDoc is one of Unleash's permissions. Its number is its place here.
type permissionDoc struct {
	ID          int    `json:"id"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Type        string `json:"type"`
	Environment string `json:"environment,omitempty"`
}

func toPermission(i int, n control.NamedPermission, env string) permissionDoc {
	return permissionDoc{i + 1, n.Name, n.Title, string(n.Level), env}
}

// permissions answers GET /api/admin/permissions.
func (a *API) permissions(w http.ResponseWriter, r *http.Request) error {
	envs, err := a.service.Environments(r.Context(), caller(r))
	if err != nil {
		return err
	}
	type environment struct {
		Name        string          `json:"name"`
		Permissions []permissionDoc `json:"permissions"`
	}
	var out struct {
		Version     int `json:"version"`
		Permissions struct {
			Root         []permissionDoc `json:"root"`
			Project      []permissionDoc `json:"project"`
			Environments []environment   `json:"environments"`
		} `json:"permissions"`
	}
	out.Version = 2
	at := func(level control.Level, env string) []permissionDoc {
		docs := []permissionDoc{}
		for i, n := range control.NamedPermissions() {
			if n.Level == level {
				docs = append(docs, toPermission(i, n, env))
			}
		}
		return docs
	}
	out.Permissions.Root = at(control.LevelRoot, "")
	out.Permissions.Project = at(control.LevelProject, "")
	out.Permissions.Environments = each(envs, func(e control.Environment) environment {
		return environment{e.Name, at(control.LevelEnvironment, e.Name)}
	})
	return httpapi.WriteJSON(w, http.StatusOK, out)
}

func (a *API) roles(w http.ResponseWriter, r *http.Request) error {
	all, err := a.service.Roles(r.Context(), caller(r))
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, roleList{1, each(all, toRole)})
}

func (a *API) role(w http.ResponseWriter, r *http.Request) error {
	id, err := pathNumber(r, "id")
	if err != nil {
		return err
	}
	found, err := a.service.Role(r.Context(), caller(r), id)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, toRoleWithPermissions(found))
}

// readRole reads Unleash's createRoleWithPermissionsSchema.
func readRole(w http.ResponseWriter, r *http.Request) (control.Role, error) {
	var in struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Type        string `json:"type"`
		Permissions []struct {
			ID          *int   `json:"id"`
			Name        string `json:"name"`
			Environment string `json:"environment"`
		} `json:"permissions"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return control.Role{}, err
	}
	out := control.Role{Name: in.Name, Description: in.Description, Type: in.Type, Permissions: []control.RolePermission{}}
	for _, p := range in.Permissions {
		out.Permissions = append(out.Permissions, control.RolePermission{Name: p.Name, Environment: p.Environment})
	}
	if out.Type == "" {
		out.Type = control.RoleCustom
	}
	return out, nil
}

// oneRole is how Unleash answers what was made of a role.
type oneRole struct {
	Version int                 `json:"version"`
	Roles   roleWithPermissions `json:"roles"`
}

func (a *API) createRole(w http.ResponseWriter, r *http.Request) error {
	in, err := readRole(w, r)
	if err != nil {
		return err
	}
	made, err := a.service.CreateRole(r.Context(), caller(r), in)
	if err != nil {
		return err
	}
	w.Header().Set("Location", adminPath+"/roles/"+strconv.Itoa(made.ID))
	return httpapi.WriteJSON(w, http.StatusCreated, oneRole{1, toRoleWithPermissions(made)})
}

func (a *API) updateRole(w http.ResponseWriter, r *http.Request) error {
	in, err := readRole(w, r)
	if err != nil {
		return err
	}
	if in.ID, err = pathNumber(r, "id"); err != nil {
		return err
	}
	if err := a.service.UpdateRole(r.Context(), caller(r), in); err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, oneRole{1, toRoleWithPermissions(in)})
}

func (a *API) deleteRole(_ http.ResponseWriter, r *http.Request) error {
	id, err := pathNumber(r, "id")
	if err != nil {
		return err
	}
	return a.service.DeleteRole(r.Context(), caller(r), id)
}

// validateRole answers POST /api/admin/roles/validate: whether the name is free.
func (a *API) validateRole(w http.ResponseWriter, r *http.Request) error {
	in, err := readRole(w, r)
	if err != nil {
		return err
	}
	return a.service.ValidateRoleName(r.Context(), in.Name)
}

// permissionOfMe is Unleash's permissionSchema.
type permissionOfMe struct {
	Permission  string `json:"permission"`
	Project     string `json:"project,omitempty"`
	Environment string `json:"environment,omitempty"`
}

// heldBy lists what a principal holds, in the projects that the caller reads,
// under Unleash's names. Who holds everything is told that alone.
func (a *API) heldBy(r *http.Request, p control.Principal) ([]permissionOfMe, error) {
	if p.May(control.PermAny, control.Scope{}) == nil {
		return []permissionOfMe{{Permission: "ADMIN"}}, nil
	}
	out := []permissionOfMe{}
	add := func(level control.Level, at control.Scope) {
		for _, n := range control.NamedPermissions() {
			if n.Level == level && n.Held(p, at) {
				out = append(out, permissionOfMe{n.Name, at.Project, at.Environment})
			}
		}
	}
	add(control.LevelRoot, control.Scope{})
	projects, err := a.service.Projects(r.Context(), caller(r))
	for _, pr := range projects {
		add(control.LevelProject, control.Scope{Project: pr.ID})
		for _, env := range pr.Environments {
			add(control.LevelEnvironment, control.Scope{Project: pr.ID, Environment: env})
		}
	}
	return out, err
}

// userPermissions answers GET /api/admin/user-admin/{id}/permissions, Unleash's
// userAccessOverviewSchema: each permission, and whether the user has it, in
// the project and environment of the query.
func (a *API) userPermissions(w http.ResponseWriter, r *http.Request) error {
	found, err := a.accountOf(r, control.KindHuman)
	if err != nil {
		return err
	}
	p, err := a.service.RightsOf(r.Context(), caller(r), found.ID)
	if err != nil {
		return err
	}
	role, err := a.service.Role(r.Context(), caller(r), found.Role)
	if err != nil {
		return err
	}
	type permission struct {
		permissionDoc
		HasPermission bool `json:"hasPermission"`
	}
	project, env := r.URL.Query().Get("project"), r.URL.Query().Get("environment")
	lists := map[string][]permission{}
	for level, at := range map[control.Level]control.Scope{
		control.LevelRoot: {}, control.LevelProject: {Project: project}, control.LevelEnvironment: {Project: project, Environment: env},
	} {
		lists[string(level)] = []permission{}
		for i, n := range control.NamedPermissions() {
			asked := level == control.LevelRoot || project != "" && (level == control.LevelProject || env != "")
			if n.Level == level && asked {
				lists[string(level)] = append(lists[string(level)], permission{toPermission(i, n, at.Environment), n.Held(p, at)})
			}
		}
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Overview map[string][]permission `json:"overview"`
		User     userDoc                 `json:"user"`
		RootRole roleDoc                 `json:"rootRole"`
	}{lists, toUser(found), toRole(role)})
}
