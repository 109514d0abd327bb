package control

import "slices"

// NamedPermission is a permission under Unleash's name: what its clients put
// into roles.
type NamedPermission struct {
	Name  string
	Title string
	Level Level
	means []Permission // none for what there is not here
}

// Held reports whether a principal holds all that the name stands for in a
// place; of a name that stands for nothing here, nobody does.
func (n NamedPermission) Held(p Principal, at Scope) bool {
	return len(n.means) > 0 && !slices.ContainsFunc(n.means, func(perm Permission) bool { return p.May(perm, at) != nil })
}

// NamedPermissions returns Unleash's permissions, in its order of levels.
func NamedPermissions() []NamedPermission { return slices.Clone(namedPermissions) }

// namedPermissions has what each of them means. One that is only a part of
// what a Permission allows has a Permission of its own.
var namedPermissions = []NamedPermission{
	{"ADMIN", "Admin", LevelRoot, []Permission{PermAny}},
	{"CREATE_PROJECT", "Create projects", LevelRoot, []Permission{PermProjectCreate}},
	{"CREATE_CONTEXT_FIELD", "Create context fields", LevelRoot, []Permission{PermContextCreate}},
	{"UPDATE_CONTEXT_FIELD", "Update context fields", LevelRoot, []Permission{PermContextUpdate}},
	{"DELETE_CONTEXT_FIELD", "Delete context fields", LevelRoot, []Permission{PermContextDelete}},
	{"CREATE_SEGMENT", "Create segments", LevelRoot, []Permission{PermSegmentCreate}},
	{"UPDATE_SEGMENT", "Edit segments", LevelRoot, []Permission{PermSegmentUpdate}},
	{"DELETE_SEGMENT", "Delete segments", LevelRoot, []Permission{PermSegmentDelete}},
	{"CREATE_TAG_TYPE", "Create tag types", LevelRoot, []Permission{PermTagCreate}},
	{"UPDATE_TAG_TYPE", "Update tag types", LevelRoot, []Permission{PermTagUpdate}},
	{"DELETE_TAG_TYPE", "Delete tag types", LevelRoot, []Permission{PermTagDelete}},
	{"CREATE_STRATEGY", "Create strategies", LevelRoot, nil},
	{"UPDATE_STRATEGY", "Update strategies", LevelRoot, nil},
	{"DELETE_STRATEGY", "Delete strategies", LevelRoot, nil},
	{"CREATE_ADDON", "Create integrations", LevelRoot, nil},
	{"UPDATE_ADDON", "Update integrations", LevelRoot, nil},
	{"DELETE_ADDON", "Delete integrations", LevelRoot, nil},
	{"UPDATE_APPLICATION", "Update applications", LevelRoot, nil},
	{"READ_CLIENT_API_TOKEN", "Read client API tokens", LevelRoot, []Permission{PermTokenRead}},
	{"CREATE_CLIENT_API_TOKEN", "Create client API tokens", LevelRoot, []Permission{PermTokenCreate}},
	{"UPDATE_CLIENT_API_TOKEN", "Update client API tokens", LevelRoot, []Permission{PermTokenCreate}},
	{"DELETE_CLIENT_API_TOKEN", "Delete client API tokens", LevelRoot, []Permission{PermTokenRevoke}},
	{"READ_FRONTEND_API_TOKEN", "Read frontend API tokens", LevelRoot, []Permission{PermTokenRead}},
	{"CREATE_FRONTEND_API_TOKEN", "Create frontend API tokens", LevelRoot, []Permission{PermTokenCreate}},
	{"UPDATE_FRONTEND_API_TOKEN", "Update frontend API tokens", LevelRoot, []Permission{PermTokenCreate}},
	{"DELETE_FRONTEND_API_TOKEN", "Delete frontend API tokens", LevelRoot, []Permission{PermTokenRevoke}},
	{"READ_ROLE", "Read roles", LevelRoot, []Permission{PermUserRead}},
	{"READ_LOGS", "Read instance logs", LevelRoot, []Permission{PermAuditRead}},
	{"UPDATE_MAINTENANCE_MODE", "Change maintenance mode", LevelRoot, nil},
	{"UPDATE_INSTANCE_BANNERS", "Change banners", LevelRoot, nil},
	{"UPDATE_CORS", "Change CORS settings", LevelRoot, nil},
	{"UPDATE_AUTH_CONFIGURATION", "Change sign-in settings", LevelRoot, []Permission{PermSigninWrite}},
	{"RELEASE_PLAN_TEMPLATE_CREATE", "Create release templates", LevelRoot, []Permission{PermPlanWrite}},
	{"RELEASE_PLAN_TEMPLATE_UPDATE", "Update release templates", LevelRoot, []Permission{PermPlanWrite}},
	{"RELEASE_PLAN_TEMPLATE_DELETE", "Delete release templates", LevelRoot, []Permission{PermPlanWrite}},

	{"CREATE_FEATURE", "Create feature flags", LevelProject, []Permission{PermFlagCreate}},
	{"UPDATE_FEATURE", "Update feature flags", LevelProject, []Permission{PermFlagUpdate, PermFlagRestore}},
	{"UPDATE_FEATURE_DEPENDENCY", "Update feature dependency", LevelProject, nil},
	{"DELETE_FEATURE", "Archive and delete feature flags", LevelProject, []Permission{PermFlagArchive, PermFlagDelete}},
	{"UPDATE_PROJECT", "Update project", LevelProject, []Permission{PermProjectUpdate}},
	{"DELETE_PROJECT", "Delete project", LevelProject, []Permission{PermProjectArchive, PermProjectDelete}},
	{"UPDATE_FEATURE_VARIANTS", "Edit variants", LevelProject, nil},
	{"MOVE_FEATURE_TOGGLE", "Change feature flag project", LevelProject, nil},
	{"READ_PROJECT_API_TOKEN", "Read API tokens", LevelProject, []Permission{PermTokenRead}},
	{"CREATE_PROJECT_API_TOKEN", "Create API tokens", LevelProject, []Permission{PermTokenCreate}},
	{"DELETE_PROJECT_API_TOKEN", "Delete API tokens", LevelProject, []Permission{PermTokenRevoke}},
	{"UPDATE_PROJECT_CONTEXT", "Manage project context", LevelProject, nil},
	{"UPDATE_PROJECT_SEGMENT", "Manage project segments", LevelProject, []Permission{PermSegmentWrite}},
	{"UPDATE_PROJECT_RELEASE_TEMPLATE", "Manage project release templates", LevelProject, nil},
	{"PROJECT_USER_ACCESS_READ", "View only access", LevelProject, []Permission{PermAccessRead}},
	{"PROJECT_USER_ACCESS_WRITE", "Manage access", LevelProject, []Permission{PermAccessRead, PermAccessWrite}},
	{"PROJECT_DEFAULT_STRATEGY_READ", "View default strategy", LevelProject, nil},
	{"PROJECT_DEFAULT_STRATEGY_WRITE", "Manage default strategy", LevelProject, nil},
	{"PROJECT_CHANGE_REQUEST_READ", "View change request settings", LevelProject, nil},
	{"PROJECT_CHANGE_REQUEST_WRITE", "Manage change request settings", LevelProject, nil},
	{"PROJECT_SETTINGS_READ", "View settings", LevelProject, nil},
	{"PROJECT_SETTINGS_WRITE", "Manage settings", LevelProject, nil},

	{"CREATE_FEATURE_STRATEGY", "Create activation strategies", LevelEnvironment, []Permission{PermRuleCreate}},
	{"UPDATE_FEATURE_STRATEGY", "Update activation strategies", LevelEnvironment, []Permission{PermRuleUpdate, PermRuleReorder}},
	{"DELETE_FEATURE_STRATEGY", "Delete activation strategies", LevelEnvironment, []Permission{PermRuleDelete}},
	{"UPDATE_FEATURE_ENVIRONMENT", "Switch flags on and off", LevelEnvironment, []Permission{PermToggleOn, PermToggleOff}},
	{"UPDATE_FEATURE_ENVIRONMENT_VARIANTS", "Update variants", LevelEnvironment, []Permission{PermVariantUpdate}},
	{"APPROVE_CHANGE_REQUEST", "Approve and reject change requests", LevelEnvironment, []Permission{PermChangeApprove}},
	{"APPLY_CHANGE_REQUEST", "Apply change requests", LevelEnvironment, []Permission{PermChangeApply}},
	{"SKIP_CHANGE_REQUEST", "Skip change requests", LevelEnvironment, []Permission{PermChangeBypass}},
}

// meaning returns the permissions that a name in a role stands for.
func meaning(name string) []Permission {
	if i := slices.IndexFunc(namedPermissions, func(n NamedPermission) bool { return n.Name == name }); i >= 0 {
		return namedPermissions[i].means
	}
	return []Permission{Permission(name)}
}

// known reports whether a role may have a permission of that name.
func known(name string) bool {
	return slices.ContainsFunc(namedPermissions, func(n NamedPermission) bool { return n.Name == name }) ||
		levelOf(Permission(name)) != "" || Permission(name) == PermAny
}
