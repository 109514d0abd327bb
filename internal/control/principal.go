package control

import (
	"slices"
	"strings"
)

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

// OriginMCP is the Origin of what coding agents do through the MCP server.
const OriginMCP = "mcp"

// All stands for every project or every environment in a Grant.
const All = "*"

// Grant allows permissions in some projects and environments. All matches
// each of them, and PermAny each permission.
type Grant struct {
	Permissions  []Permission
	Projects     []string
	Environments []string

	// Except are projects that All does not stand for: the private ones, for
	// whoever is no member.
	Except []string
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
	Via    string // how it proved itself: sat, pat, sdk, session, engine
	Cred   string // the token's or session's id, never the secret
	Origin string // ui, api, mcp, cli, ci, engine: set by the adapter
	Grants []Grant

	// Within are further sets of grants, each of which must allow what is done
	// too: the scopes of the token, and the rights of the person on whose
	// behalf an agent acts.
	Within [][]Grant

	// OnBehalfOf is the id of that person.
	OnBehalfOf string

	// agent is the account of an agent that a credential stands behind.
	agent *Account

	// Proposal makes every write of the principal a change request in place of
	// a change: nil where it writes.
	Proposal *Proposal

	// size is how many records the log had when a credential was read as this
	// principal; 0 where none was.
	size int64
}

// May returns nil where one of the grants allows perm in scope, and one in each
// set of Within does, and an Error of Kind Denied otherwise. Deny is the
// default.
func (p Principal) May(perm Permission, at Scope) error {
	if p.Kind == KindAgent && slices.Contains(neverAgents, perm) {
		return &Error{Kind: Denied, Code: "agents_never", Field: string(perm), Msg: "no agent may do this, whatever it was granted"}
	}
	if p.all(func(g Grant) bool { return g.allows(perm, at) }) {
		return nil
	}
	if p.ID == "" {
		return Errorf(Unauthenticated, "unauthenticated", "no valid token was sent")
	}
	return &Error{
		Kind: Denied, Code: "denied", Field: string(perm),
		Msg: "not allowed" + at.in(),
	}
}

// isAccount reports whether the principal is an Account.
func (p Principal) isAccount() bool {
	prefix := accountPrefixes[p.Kind]
	return prefix != "" && strings.HasPrefix(p.ID, prefix)
}

// all reports whether each set of grants has one that fits.
func (p Principal) all(fits func(Grant) bool) bool {
	return slices.ContainsFunc(p.Grants, fits) &&
		!slices.ContainsFunc(p.Within, func(set []Grant) bool { return !slices.ContainsFunc(set, fits) })
}

// Projects returns the projects that p may see with perm in environment, and
// whether it may see all of them. It is for tokens, which name their projects:
// all projects except some, which people may be granted, are not counted.
func (p Principal) Projects(perm Permission, environment string) (names []string, all bool) {
	fits := func(g Grant) bool { return g.has(perm) && covers(g.Environments, environment) }
	if p.all(func(g Grant) bool {
		return fits(g) && len(g.Except) == 0 && slices.Contains(g.Projects, All)
	}) {
		return nil, true
	}
	for _, set := range append([][]Grant{p.Grants}, p.Within...) {
		for _, g := range set {
			if fits(g) {
				names = append(names, g.Projects...)
			}
		}
	}
	names = slices.DeleteFunc(names, func(project string) bool {
		return project == All || len(p.Within) > 0 && p.May(perm, Scope{project, environment}) != nil
	})
	slices.Sort(names)
	return slices.Compact(names), false
}

// readsAnything refuses who may read in no project at all what belongs to none.
func (p Principal) readsAnything() error {
	if p.all(func(g Grant) bool { return g.has(PermRead) }) {
		return nil
	}
	return p.May(PermRead, Scope{})
}

// readsIn reports whether p may read anything in an environment.
func (p Principal) readsIn(environment string) bool {
	return p.all(func(g Grant) bool { return g.has(PermRead) && covers(g.Environments, environment) })
}

// has reports whether the grant holds a permission, alone or as a part of one.
func (g Grant) has(perm Permission) bool {
	if slices.Contains(g.Permissions, perm) || slices.Contains(g.Permissions, PermAny) {
		return true
	}
	whole, ok := parts[perm]
	return ok && slices.Contains(g.Permissions, whole)
}

func (g Grant) allows(perm Permission, at Scope) bool {
	return g.has(perm) && covers(g.Projects, at.Project) && covers(g.Environments, at.Environment) &&
		(at.Project == "" || !slices.Contains(g.Except, at.Project))
}

// scopes are the places that a grant names.
func (g Grant) scopes() []Scope {
	var out []Scope
	for _, project := range g.Projects {
		for _, env := range g.Environments {
			at := Scope{Project: project, Environment: env}
			if project == All {
				at.Project = ""
			}
			if env == All {
				at.Environment = ""
			}
			out = append(out, at)
		}
	}
	return out
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
