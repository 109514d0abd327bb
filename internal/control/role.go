package control

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// KindRole is the resource of a Role that was made here.
const KindRole ResourceKind = "role"

// Role is a set of permissions under a name. Where they count is said by what
// gives the role: an account or a group everywhere, a project in it.
type Role struct {
	ID          int              `json:"id"`
	Name        string           `json:"name"`
	Description string           `json:"description,omitempty"`
	Type        string           `json:"type"` // root or project, root-custom or custom where made here
	Permissions []RolePermission `json:"permissions"`
}

// RolePermission is one of a role: a Permission, or one of Unleash's names,
// which may stand for several. Environment narrows it, empty for all.
type RolePermission struct {
	Name        string `json:"name"`
	Environment string `json:"environment,omitempty"`
}

// The types of role.
const (
	RoleRoot       = "root"
	RoleProject    = "project"
	RoleRootCustom = "root-custom"
	RoleCustom     = "custom"
)

// The roles that every installation has, under the names and numbers that
// Unleash's clients know.
const (
	RoleAdmin  = 1
	RoleEditor = 2
	RoleViewer = 3
	RoleOwner  = 4
	RoleMember = 5
	RoleReader = 6
)

// firstCustomRole is the id of the first role that is made.
const firstCustomRole = 101

// memberPermissions are what works on flags, switching on and off included.
var memberPermissions = []Permission{
	PermRead, PermFlagCreate, PermFlagUpdate, PermFlagArchive, PermFlagRestore, PermFlagDelete,
	PermToggleOn, PermToggleOff, PermRuleWrite, PermReleaseStart, PermReleasePromote, PermReleaseStop,
	PermSegmentWrite, PermEvidenceWrite, PermTokenRead, PermChangePropose, PermChangeApply,
}

// ownerPermissions are everything within a project.
var ownerPermissions = append(slices.Clone(memberPermissions),
	PermProjectUpdate, PermProjectArchive, PermProjectDelete, PermAccessRead, PermAccessWrite,
	PermTokenCreate, PermTokenRevoke, PermClientRead, PermClientWrite, PermReleaseApprove, PermChangeApprove, PermChangeBypass,
	PermAgentKill, PermAgentUnkill)

// editorPermissions are what belongs to no project, but people and roles.
var editorPermissions = []Permission{
	PermRead, PermProjectCreate, PermSegmentWrite, PermContextWrite, PermTagWrite, PermPlanWrite,
	PermTokenRead, PermTokenCreate, PermTokenRevoke,
}

var predefined = []Role{
	{RoleAdmin, "Admin", "May do everything.", RoleRoot, named(PermAny)},
	{RoleEditor, "Editor", "Works on the default project and on those that it makes, and on what belongs to none.", RoleRoot, named(editorPermissions...)},
	{RoleViewer, "Viewer", "Reads what is not private, and what it is a member of.", RoleRoot, named(PermRead)},
	{RoleOwner, "Owner", "May do everything in the project, its members and tokens included.", RoleProject, named(ownerPermissions...)},
	{RoleMember, "Member", "Works on the project's flags.", RoleProject, named(memberPermissions...)},
	{RoleReader, "Reader", "Reads the project, a private one too.", RoleProject, named(PermRead)},
}

func named(perms ...Permission) []RolePermission {
	out := make([]RolePermission, 0, len(perms))
	for _, p := range perms {
		out = append(out, RolePermission{Name: string(p)})
	}
	return out
}

// everywhere reports whether the role is one for accounts and groups.
func (r Role) everywhere() bool { return r.Type == RoleRoot || r.Type == RoleRootCustom }

// grants are what a role allows in projects, one for each environment that it
// names.
func (r Role) grants(projects, except []string) []Grant {
	by := map[string]*Grant{}
	var out []*Grant
	for _, p := range r.Permissions {
		env := p.Environment
		if env == "" {
			env = All
		}
		if by[env] == nil {
			by[env] = &Grant{Projects: projects, Environments: []string{env}, Except: except}
			out = append(out, by[env])
		}
		by[env].Permissions = append(by[env].Permissions, meaning(p.Name)...)
	}
	grants := make([]Grant, 0, len(out))
	for _, g := range out {
		grants = append(grants, *g)
	}
	return grants
}

// roles are all that there are, by id.
func roles(tx ReadTx) (map[int]Role, error) {
	custom, err := list[Role](tx, KindRole, "")
	out := make(map[int]Role, len(custom)+len(predefined))
	for _, r := range slices.Concat(predefined, custom) {
		out[r.ID] = r
	}
	return out, err
}

func roleOf(tx ReadTx, id int) (Role, error) {
	for _, r := range predefined {
		if r.ID == id {
			return r, nil
		}
	}
	r, err := get[Role](tx, KindRole, strconv.Itoa(id))
	return r, asMissing(err, "role", strconv.Itoa(id))
}

// Roles lists the roles, by id. What they allow is no secret.
func (s *Service) Roles(ctx context.Context, p Principal) ([]Role, error) {
	if err := p.readsAnything(); err != nil {
		return nil, err
	}
	var out []Role
	err := s.store.View(ctx, func(tx ReadTx) error {
		custom, err := list[Role](tx, KindRole, "")
		slices.SortFunc(custom, func(a, b Role) int { return a.ID - b.ID })
		out = slices.Concat(predefined, custom)
		return err
	})
	return out, err
}

// Role returns one role.
func (s *Service) Role(ctx context.Context, p Principal, id int) (Role, error) {
	if err := p.readsAnything(); err != nil {
		return Role{}, err
	}
	var out Role
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = roleOf(tx, id)
		return err
	})
	return out, err
}

// CreateRole adds a role. Nobody can make one that may do what they may not.
func (s *Service) CreateRole(ctx context.Context, p Principal, in Role) (Role, error) {
	err := s.write(ctx, p, Normal, func(w *work) (err error) {
		if in.ID, err = nextNumber(w, KindRole, firstCustomRole); err != nil {
			return err
		}
		return w.putRole("role.create", in)
	})
	return in, err
}

// UpdateRole replaces a role that was made here. What it comes to allow counts
// at once, for all who have it.
func (s *Service) UpdateRole(ctx context.Context, p Principal, in Role) error {
	return s.write(ctx, p, Normal, func(w *work) error {
		old, err := w.customRole(in.ID)
		if err != nil {
			return err
		}
		if in.Type != old.Type {
			return Invalidf("type", "is %s, and cannot change", old.Type)
		}
		return w.putRole("role.update", in)
	})
}

func (w *work) putRole(typ string, in Role) error {
	if err := w.may(Scope{}, PermRoleWrite); err != nil {
		return err
	}
	if err := in.check(w); err != nil {
		return err
	}
	// It may be given in any project, so what it allows must be held in all.
	if err := w.holds(in.grants([]string{All}, nil)); err != nil {
		return err
	}
	return w.put(event{Type: typ, Kind: KindRole, Key: strconv.Itoa(in.ID), Doc: in})
}

// DeleteRole removes a role that nobody has.
func (s *Service) DeleteRole(ctx context.Context, p Principal, id int) error {
	return s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{}, PermRoleWrite); err != nil {
			return err
		}
		r, err := w.customRole(id)
		if err != nil {
			return err
		}
		who, err := holderOf(w, id)
		if err != nil {
			return err
		}
		if who != "" {
			return Errorf(Conflict, "role_in_use", "%s has the role %q: take it away first", who, r.Name)
		}
		return w.remove(event{Type: "role.delete", Kind: KindRole, Key: strconv.Itoa(id)})
	})
}

func (w *work) customRole(id int) (Role, error) {
	r, err := roleOf(w, id)
	if err == nil && id < firstCustomRole {
		err = Errorf(Conflict, "predefined_role", "the role %q is the same in every installation: make one of your own", r.Name)
	}
	return r, err
}

// holderOf names one who has a role, "" where nobody does.
func holderOf(tx ReadTx, id int) (string, error) {
	accounts, err := list[Account](tx, KindAccount, "")
	if err != nil {
		return "", err
	}
	for _, a := range accounts {
		if a.Role == id {
			return a.String(), nil
		}
	}
	groups, err := list[Group](tx, KindGroup, "")
	if err != nil {
		return "", err
	}
	for _, g := range groups {
		if g.Role == id {
			return "group " + g.Name, nil
		}
	}
	projects, err := list[Project](tx, KindProject, "")
	for _, pr := range projects {
		if slices.ContainsFunc(pr.Members, func(m Member) bool { return slices.Contains(m.Roles, id) }) {
			return "a member of project " + pr.ID, err
		}
	}
	return "", err
}

// ValidateRoleName says whether a role of that name can be made.
func (s *Service) ValidateRoleName(ctx context.Context, name string) error {
	return s.store.View(ctx, func(tx ReadTx) error { return freeRoleName(tx, 0, name) })
}

func freeRoleName(tx ReadTx, id int, name string) error {
	if strings.TrimSpace(name) == "" || !printable(name) || len(name) > maxAccountText {
		return Invalidf("name", "must not be empty, and have at most %d bytes and no control characters", maxAccountText)
	}
	all, err := roles(tx)
	for _, r := range all {
		if r.ID != id && strings.EqualFold(r.Name, name) {
			return &Error{Kind: Exists, Code: "exists", Field: "name", Msg: fmt.Sprintf("a role %q exists already", name)}
		}
	}
	return err
}

func (r Role) check(tx ReadTx) error {
	if r.Type != RoleRootCustom && r.Type != RoleCustom {
		return Invalidf("type", "%q is not root-custom or custom", r.Type)
	}
	if err := freeRoleName(tx, r.ID, r.Name); err != nil {
		return err
	}
	for i, p := range r.Permissions {
		at := fmt.Sprintf("permissions[%d]", i)
		if !known(p.Name) {
			return Invalidf(at+".name", "there is no permission %q", p.Name)
		}
		if p.Environment == "" {
			continue
		}
		if _, err := get[Environment](tx, KindEnvironment, p.Environment); err != nil {
			return asField(err, at+".environment", "there is no environment %q", p.Environment)
		}
	}
	return nil
}

// nextNumber returns a number that no resource of a kind has had as its key.
func nextNumber(tx ReadTx, kind ResourceKind, first int) (int, error) {
	all, err := tx.Resources(kind, "")
	n := first
	for _, r := range all {
		if key, err := strconv.Atoi(r.Key); err == nil {
			n = max(n, key+1)
		}
	}
	for err == nil {
		if _, err = tx.Revision(kind, strconv.Itoa(n), 1); err == nil {
			n++
		}
	}
	if KindOf(err) == NotFound {
		return n, nil
	}
	return 0, err
}
