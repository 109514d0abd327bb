package control

import "slices"

// PrincipalKind is what sort of actor a Principal is.
type PrincipalKind string

// The kinds of principal, as the audit log names them.
const (
	KindHuman   PrincipalKind = "human"
	KindService PrincipalKind = "service"
	KindAgent   PrincipalKind = "agent"
	KindSDK     PrincipalKind = "sdk"
	KindEdge    PrincipalKind = "edge"
	KindSystem  PrincipalKind = "system"
)

// Permission is one thing that a principal may do. The names are those of the
// audit log's authz.perm.
type Permission string

// The permissions. Switching off is one of its own: whoever may write a flag
// may always reduce its exposure.
const (
	PermRead           Permission = "flag.read"
	PermProjectCreate  Permission = "project.create"
	PermProjectUpdate  Permission = "project.update"
	PermProjectArchive Permission = "project.archive"
	PermProjectDelete  Permission = "project.delete"
	PermEnvCreate      Permission = "env.create"
	PermEnvUpdate      Permission = "env.update"
	PermEnvDelete      Permission = "env.delete"
	PermFlagCreate     Permission = "flag.create"
	PermFlagUpdate     Permission = "flag.update"
	PermFlagArchive    Permission = "flag.archive"
	PermFlagRestore    Permission = "flag.restore"
	PermFlagDelete     Permission = "flag.delete"
	PermSegmentWrite   Permission = "segment.write"
	PermContextWrite   Permission = "context.write"
	PermTagWrite       Permission = "tag_type.write"
	PermFlagTypeWrite  Permission = "flag_type.write"
	PermToggleOn       Permission = "flag.env.toggle_on"
	PermToggleOff      Permission = "flag.env.toggle_off"
	PermRuleWrite      Permission = "rule.write"
	PermReleaseStart   Permission = "release.start"
	PermReleasePromote Permission = "release.promote"
	PermReleaseStop    Permission = "release.rollback"
	PermTokenCreate    Permission = "token.create"
	PermTokenRevoke    Permission = "token.revoke"
	PermTokenRead      Permission = "token.read"
	PermEvidenceWrite  Permission = "evidence.write"
	PermClientRead     Permission = "client.read"
	PermClientWrite    Permission = "client.write"
	PermAuditRead      Permission = "audit.read"
	PermAny            Permission = "*"
)

// All stands for every project or every environment in a Grant.
const All = "*"

// Grant allows permissions in some projects and environments. All matches
// each of them, and PermAny each permission.
type Grant struct {
	Permissions  []Permission
	Projects     []string
	Environments []string
}

// Scope is where something is done. An empty field means that the action has
// no project, or no environment, of its own, and then only All grants it.
type Scope struct {
	Project     string
	Environment string
}

// Principal is who acts, and what it was granted. The zero Principal may do
// nothing.
type Principal struct {
	Kind   PrincipalKind
	ID     string
	Via    string // how it proved itself: sat, sdk, session, engine
	Cred   string // the token's or session's id, never the secret
	Origin string // ui, api, mcp, cli, ci, engine: set by the adapter
	Grants []Grant
}

// May returns nil where one of the grants allows perm in scope, and an Error
// of Kind Denied otherwise. Deny is the default.
func (p Principal) May(perm Permission, at Scope) error {
	for _, g := range p.Grants {
		if (slices.Contains(g.Permissions, perm) || slices.Contains(g.Permissions, PermAny)) &&
			covers(g.Projects, at.Project) && covers(g.Environments, at.Environment) {
			return nil
		}
	}
	if p.ID == "" {
		return Errorf(Unauthenticated, "unauthenticated", "no valid token was sent")
	}
	return &Error{
		Kind: Denied, Code: "denied", Field: string(perm),
		Msg: "not allowed" + at.in(),
	}
}

// Projects returns the projects that p may see with perm in environment, and
// whether it may see all of them.
func (p Principal) Projects(perm Permission, environment string) (names []string, all bool) {
	for _, g := range p.Grants {
		if !slices.Contains(g.Permissions, perm) && !slices.Contains(g.Permissions, PermAny) ||
			!covers(g.Environments, environment) {
			continue
		}
		if slices.Contains(g.Projects, All) {
			return nil, true
		}
		names = append(names, g.Projects...)
	}
	slices.Sort(names)
	return slices.Compact(names), false
}

// readsAnything refuses who may read in no project at all what belongs to none.
func (p Principal) readsAnything() error {
	for _, g := range p.Grants {
		if slices.Contains(g.Permissions, PermRead) || slices.Contains(g.Permissions, PermAny) {
			return nil
		}
	}
	return p.May(PermRead, Scope{})
}

func covers(granted []string, name string) bool {
	return slices.Contains(granted, All) || name != "" && slices.Contains(granted, name)
}

func (s Scope) in() string {
	switch {
	case s.Project != "" && s.Environment != "":
		return " in project " + s.Project + ", environment " + s.Environment
	case s.Project != "":
		return " in project " + s.Project
	case s.Environment != "":
		return " in environment " + s.Environment
	}
	return ""
}

// system is the principal of what Lockflight does by itself; id says which
// part of it acts.
func system(id string) Principal {
	return Principal{
		Kind: KindSystem, ID: "sys:" + id, Via: "engine", Origin: "engine",
		Grants: []Grant{{Permissions: []Permission{PermAny}, Projects: []string{All}, Environments: []string{All}}},
	}
}

// Engine is the principal in whose name the runner applies verdicts.
func Engine() Principal { return system("engine") }

// Setup is the principal of a first start.
func Setup() Principal { return system("setup") }
