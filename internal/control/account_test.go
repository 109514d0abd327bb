package control_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/policy"
)

// person makes an account with a role that counts everywhere.
func (w *world) person(t testing.TB, name string, role int) control.Account {
	t.Helper()
	return must(w.CreateAccount(t.Context(), root, control.Account{Kind: control.KindHuman, Username: name, Role: role}))(t)
}

// signedIn is the principal of an account in a session.
func (w *world) signedIn(t testing.TB, a control.Account) control.Principal {
	t.Helper()
	_, secret, err := w.OpenSession(t.Context(), a.ID, "password", "")
	check(t, err)
	p, _, err := w.Authenticate(t.Context(), secret)
	check(t, err)
	return p
}

// member gives an account its roles in a project, none to end its membership.
func (w *world) member(t testing.TB, project string, a control.Account, roles ...int) {
	t.Helper()
	check(t, w.SetMember(t.Context(), root, project, control.Member{Account: a.ID, Roles: roles}))
}

func TestPredefinedRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	def := control.Scope{Project: "default", Environment: "production"}
	admin, editor, viewer := w.person(t, "admin", control.RoleAdmin), w.person(t, "editor", control.RoleEditor), w.person(t, "viewer", control.RoleViewer)
	owner, member := w.person(t, "owner", control.RoleViewer), w.person(t, "member", control.RoleViewer)
	w.member(t, "blue", owner, control.RoleOwner)
	w.member(t, "blue", member, control.RoleMember)
	for _, tc := range []struct {
		a    control.Account
		perm control.Permission
		at   control.Scope
		ok   bool
	}{
		{admin, control.PermUserWrite, anywhere, true},
		{admin, control.PermToggleOn, inProd, true},
		{editor, control.PermToggleOn, def, true},
		{editor, control.PermToggleOn, inProd, false},
		{editor, control.PermRead, inProd, true},
		{editor, control.PermProjectCreate, anywhere, true},
		{editor, control.PermContextCreate, anywhere, true},
		{editor, control.PermUserWrite, anywhere, false},
		{viewer, control.PermRead, inProd, true},
		{viewer, control.PermToggleOff, inProd, false},
		{owner, control.PermAccessWrite, blue, true},
		{owner, control.PermTokenCreate, inProd, true},
		{owner, control.PermToggleOn, def, false},
		{owner, control.PermSegmentCreate, blue, true},
		{member, control.PermRuleDelete, inProd, true},
		{member, control.PermToggleOff, inProd, true},
		{member, control.PermAccessWrite, blue, false},
		{member, control.PermTokenCreate, inProd, false},
	} {
		if err := w.signedIn(t, tc.a).May(tc.perm, tc.at); (err == nil) != tc.ok {
			t.Errorf("%s may %s at %+v: %v, want allowed %v", tc.a.Username, tc.perm, tc.at, err, tc.ok)
		}
	}
}

// TestPrivateProjects are read by their members and by Admins alone.
func TestPrivateProjects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	viewer, reader, admin := w.person(t, "viewer", control.RoleViewer), w.person(t, "reader", control.RoleViewer), w.person(t, "admin", control.RoleAdmin)
	w.member(t, "blue", reader, control.RoleReader)
	for _, mode := range []string{"open", "protected", "private"} {
		check(t, w.EditProject(ctx, root, "blue", control.ProjectEdit{Mode: &mode}))
		for who, sees := range map[*control.Account]bool{&viewer: mode != "private", &reader: true, &admin: true} {
			p := w.signedIn(t, *who)
			_, flag := w.Flag(ctx, p, "blue", "blue-flag")
			_, project := w.Project(ctx, p, "blue")
			flags := len(must(w.Flags(ctx, p, ""))(t))
			projects := len(must(w.Projects(ctx, p))(t))
			if (flag == nil) != sees || (project == nil) != sees || (flags == 2) != sees || (projects == 2) != sees {
				t.Errorf("%s project, %s: flag %v, project %v, %d flags, %d projects", mode, who.Username, flag, project, flags, projects)
			}
			if n := len(must(w.Environments(ctx, p))(t)); n != 2 {
				t.Errorf("%s sees %d environments", who.Username, n)
			}
		}
	}
}

// TestCreatorOwnsProject: whoever makes a project can work in it.
func TestCreatorOwnsProject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	editor := w.person(t, "editor", control.RoleEditor)
	p := w.signedIn(t, editor)
	before := w.head(t).Size
	must(w.CreateProject(ctx, p, control.Project{ID: "red", Members: []control.Member{{Account: "u_9", Roles: []int{1}}}}))(t)
	diff(t, "records", []string{"project.create"}, types(w.since(t, before)))
	must(w.CreateFlag(ctx, p, control.Flag{Name: "red-flag", Project: "red"}))(t)
	diff(t, "members", []control.Member{{Account: editor.ID, Roles: []int{control.RoleOwner}}}, must(w.Members(ctx, w.signedIn(t, editor), "red"))(t))
}

// TestID02Intersection goes through agent x person x token x policy, each of
// them allowing what is done, something else, it elsewhere, or nothing: it is
// allowed where all four allow it.
func TestID02Intersection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sets := [][]control.Grant{
		may(blue, control.PermFlagUpdate, control.PermToggleOff).Grants,
		may(blue, control.PermRead).Grants,
		may(control.Scope{Project: "default"}, control.PermFlagUpdate).Grants,
		nil,
	}
	rules := []string{
		`perm == "flag.update" && project == "blue"`, `perm == "flag.read"`, `project == "default"`, `false`,
	}
	var services []*control.Service
	for _, when := range rules {
		p := must(policy.Parse("test", []byte("version: 1\nrules: [{name: one, when: '"+when+"', allow: true}]")))(t)
		services = append(services, control.New(control.Options{
			Store: w.db, Now: w.now, Origin: "test", Logger: slog.New(slog.DiscardHandler), Policy: p,
		}))
	}
	for cell := range 256 {
		p := control.Principal{
			Kind: control.KindAgent, ID: "ag_1", OnBehalfOf: "u_1", Grants: sets[cell&3],
			Within: [][]control.Grant{sets[cell>>4&3], sets[cell>>2&3]},
		}
		text := fmt.Sprint("cell ", cell) // so that there is a change
		err := services[cell>>6].EditFlags(t.Context(), p, "blue", []string{"blue-flag"}, control.FlagEdit{Description: &text})
		if cell == 0 {
			check(t, err)
		} else {
			wantErr(t, err, control.Denied, string(control.PermFlagUpdate))
		}
	}
}

// agentFor makes an agent with a role in blue, and a token with which it acts
// on behalf of a person who is signed in.
func (w *world) agentFor(t testing.TB, person control.Account, role int) (control.Account, string) {
	t.Helper()
	a := must(w.CreateAccount(t.Context(), root, control.Account{
		Kind: control.KindAgent, Username: "bot-of-" + person.Username, Owner: person.ID, Role: control.RoleViewer,
	}))(t)
	w.member(t, "blue", a, role)
	_, secret, err := w.CreateToken(t.Context(), w.signedIn(t, person), control.Token{
		Name: "bot", Type: control.TokenAgent, Owner: a.ID, For: person.ID,
	})
	check(t, err)
	return a, secret
}

// TestID03RoleLostMidFlight: an agent whose person loses the role writes no
// more, not even in a request that was authenticated before.
func TestID03RoleLostMidFlight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	person := w.person(t, "ann", control.RoleViewer)
	w.member(t, "blue", person, control.RoleMember)
	agent, secret := w.agentFor(t, person, control.RoleOwner)
	p, _, err := w.Authenticate(ctx, secret)
	check(t, err)
	before := w.head(t).Size
	must(w.CreateFlag(ctx, p, control.Flag{Name: "one", Project: "blue"}))(t)
	r := w.since(t, before)[0]
	if r.Actor.ID != agent.ID || r.Actor.Kind != "agent" || r.OBO.ID != person.ID || r.Agent.ID != agent.ID {
		t.Errorf("the record names actor %+v on behalf of %+v", r.Actor, r.OBO)
	}
	w.member(t, "blue", person)
	_, err = w.CreateFlag(ctx, p, control.Flag{Name: "two", Project: "blue"})
	wantErr(t, err, control.Denied, "flag.create")
	w.member(t, "blue", person, control.RoleMember)
	must(w.CreateFlag(ctx, p, control.Flag{Name: "two", Project: "blue"}))(t)
	must(w.EditAccount(ctx, root, person.ID, control.AccountEdit{Disabled: new(true)}))(t)
	for _, edit := range []error{
		func() error { _, err := w.CreateFlag(ctx, p, control.Flag{Name: "three", Project: "blue"}); return err }(),
		func() error { _, _, err := w.Authenticate(ctx, secret); return err }(),
	} {
		wantErr(t, edit, control.Unauthenticated, "")
	}
}

// TestAgentsNever: what would widen rights is refused to an agent that was
// granted everything.
func TestAgentsNever(t *testing.T) {
	t.Parallel()
	p := root
	p.Kind, p.ID = control.KindAgent, "ag_1"
	check(t, p.May(control.PermToggleOn, inProd))
	for _, perm := range []control.Permission{
		control.PermAny, control.PermTokenCreate, control.PermTokenRevoke, control.PermUserWrite, control.PermRoleWrite,
		control.PermAccessWrite, control.PermSigninWrite,
	} {
		wantErr(t, p.May(perm, anywhere), control.Denied, string(perm))
	}
}

// TestID06Escalation (I6): nobody gives, to themselves or to others, what they do
// not hold.
func TestID06Escalation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	clerkRole := must(w.CreateRole(ctx, root, control.Role{Name: "Clerk", Type: control.RoleRootCustom, Permissions: []control.RolePermission{
		{Name: "flag.read"}, {Name: "user.write"}, {Name: "user.read"}, {Name: "role.write"}, {Name: "token.create"},
	}}))(t)
	clerk, boss, victim := w.person(t, "clerk", clerkRole.ID), w.person(t, "boss", control.RoleAdmin), w.person(t, "victim", control.RoleViewer)
	machine := must(w.CreateAccount(ctx, root, control.Account{Kind: control.KindService, Username: "ci", Role: control.RoleAdmin}))(t)
	group := must(w.CreateGroup(ctx, root, control.Group{Name: "admins", Role: control.RoleAdmin}))(t)
	owners := must(w.CreateGroup(ctx, root, control.Group{Name: "owners"}))(t)
	check(t, w.SetMember(ctx, root, "blue", control.Member{Group: owners.ID, Roles: []int{control.RoleOwner}}))
	member := w.person(t, "member", control.RoleViewer)
	keeper := must(w.CreateRole(ctx, root, control.Role{Name: "Keeper", Type: control.RoleCustom, Permissions: []control.RolePermission{
		{Name: "flag.read"}, {Name: "PROJECT_USER_ACCESS_WRITE"},
	}}))(t)
	w.member(t, "blue", member, keeper.ID)
	p, k := w.signedIn(t, clerk), w.signedIn(t, member)
	role := func(perms ...string) control.Role {
		r := control.Role{Name: "New", Type: control.RoleCustom}
		for _, name := range perms {
			r.Permissions = append(r.Permissions, control.RolePermission{Name: name})
		}
		return r
	}
	with := func(r control.Role, id int) control.Role { r.ID = id; return r }
	for name, do := range map[string]func() error{
		"an Admin's account": func() error {
			_, err := w.CreateAccount(ctx, p, control.Account{Kind: control.KindHuman, Username: "x", Role: control.RoleAdmin})
			return err
		},
		"an Editor's account": func() error {
			_, err := w.CreateAccount(ctx, p, control.Account{Kind: control.KindHuman, Username: "x", Role: control.RoleEditor})
			return err
		},
		"one's own role": func() error {
			_, err := w.EditAccount(ctx, p, clerk.ID, control.AccountEdit{Role: new(control.RoleAdmin)})
			return err
		},
		"another's role": func() error {
			_, err := w.EditAccount(ctx, p, victim.ID, control.AccountEdit{Role: new(control.RoleAdmin)})
			return err
		},
		"an Admin's e-mail": func() error {
			_, err := w.EditAccount(ctx, p, boss.ID, control.AccountEdit{Email: new("clerk@example.com")})
			return err
		},
		"an Admin's identity": func() error {
			_, err := w.EditAccount(ctx, p, boss.ID, control.AccountEdit{Identities: &[]control.Identity{{Issuer: "i", Subject: "s"}}})
			return err
		},
		"an Admin's password": func() error { return w.SetPassword(ctx, p, boss.ID, "$argon2id$") },
		"an Admin's machine": func() error {
			_, _, err := w.CreateOwnToken(ctx, p, machine.ID, "", nil)
			return err
		},
		"a wider role":          func() error { _, err := w.CreateRole(ctx, p, role("flag.env.toggle_on")); return err },
		"a wider role, by name": func() error { _, err := w.CreateRole(ctx, p, role("UPDATE_FEATURE_ENVIRONMENT")); return err },
		"everything":            func() error { _, err := w.CreateRole(ctx, p, role("ADMIN")); return err },
		"one's own role's content": func() error {
			r := clerkRole
			r.Permissions = append(r.Permissions, control.RolePermission{Name: "*"})
			return w.UpdateRole(ctx, p, r)
		},
		"another role's content": func() error { return w.UpdateRole(ctx, p, with(role("flag.delete"), keeper.ID)) },
		"a group of Admins": func() error {
			_, err := w.CreateGroup(ctx, p, control.Group{Name: "x", Role: control.RoleAdmin})
			return err
		},
		"into a group of Admins": func() error {
			g := group
			g.Members = []control.GroupMember{{Account: clerk.ID}}
			_, err := w.UpdateGroup(ctx, p, g)
			return err
		},
		"into a project's group": func() error {
			g := owners
			g.Members = []control.GroupMember{{Account: clerk.ID}}
			_, err := w.UpdateGroup(ctx, p, g)
			return err
		},
		"a provider's group into it": func() error {
			g := owners
			g.Mappings = []string{"everybody"}
			_, err := w.UpdateGroup(ctx, p, g)
			return err
		},
		"a project's role": func() error {
			return w.SetMember(ctx, k, "blue", control.Member{Account: member.ID, Roles: []int{control.RoleOwner}})
		},
		"another project's role": func() error {
			return w.SetMember(ctx, k, "default", control.Member{Account: member.ID, Roles: []int{control.RoleReader}})
		},
		"an admin's token": func() error {
			_, _, err := w.CreateToken(ctx, p, control.Token{Name: "x", Type: control.TokenAdmin})
			return err
		},
	} {
		before := w.head(t)
		t.Run(name, func(t *testing.T) { wantErr(t, do(), control.Denied, "") })
		if w.head(t) != before {
			t.Errorf("%s: it was written", name)
		}
	}
	must(w.CreateRole(ctx, p, role("flag.read")))(t)
	check(t, w.SetMember(ctx, k, "blue", control.Member{Account: victim.ID, Roles: []int{control.RoleReader}}))
	must(w.EditAccount(ctx, p, boss.ID, control.AccountEdit{Disabled: new(true)}))(t) // taking away needs no more than the permission
}

// TestID13TokensMintNone: a personal token acts for its person, and makes no
// token, for anybody.
func TestID13TokensMintNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	admin := w.person(t, "admin", control.RoleAdmin)
	p := w.signedIn(t, admin)
	_, secret, err := w.CreateOwnToken(ctx, p, admin.ID, "scripts", nil)
	check(t, err)
	if !strings.HasPrefix(secret, "lf_pat_") {
		t.Errorf("its secret is %.7s...", secret)
	}
	pat, token, err := w.Authenticate(ctx, secret)
	check(t, err)
	if pat.ID != admin.ID || pat.Kind != control.KindHuman || pat.Via != "pat" || token.Number != 1 {
		t.Errorf("it is %s %s by %s, number %d", pat.Kind, pat.ID, pat.Via, token.Number)
	}
	must(w.CreateFlag(ctx, pat, control.Flag{Name: "x", Project: "blue"}))(t)
	agent := must(w.CreateAccount(ctx, p, control.Account{Kind: control.KindAgent, Username: "bot", Owner: admin.ID, Role: control.RoleViewer}))(t)
	for _, in := range []control.Token{
		{Name: "x", Type: control.TokenPersonal, Owner: admin.ID},
		{Name: "x", Type: control.TokenAgent, Owner: agent.ID, For: admin.ID},
		{Name: "x", Type: control.TokenAdmin},
		backend("blue"),
		serviceToken(control.PermRead),
	} {
		_, _, err := w.CreateToken(ctx, pat, in)
		wantErr(t, err, control.Denied, "token.create")
	}
	wantErr(t, w.CloseSession(ctx, pat), control.Invalid, "")
	for range 9 {
		_, _, err := w.CreateOwnToken(ctx, p, admin.ID, "", nil)
		check(t, err)
	}
	_, _, err = w.CreateOwnToken(ctx, p, admin.ID, "", nil)
	wantErr(t, err, control.Conflict, "")
	check(t, w.RevokeToken(ctx, w.signedIn(t, admin), token.ID))
	_, _, err = w.Authenticate(ctx, secret)
	wantErr(t, err, control.Unauthenticated, "")
}

func TestSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	ann := w.person(t, "ann", control.RoleViewer)
	open := func() (control.Session, string) {
		ses, secret, err := w.OpenSession(ctx, ann.ID, "password", "")
		check(t, err)
		return ses, secret
	}
	valid := func(secret string) bool { _, _, err := w.Authenticate(ctx, secret); return err == nil }
	_, secret := open()
	for range 24 { // as long as it is used, for as long as it may last
		if !valid(secret) {
			t.Fatal("a session that is used has ended")
		}
		w.pass(control.SessionIdle - time.Minute)
	}
	w.pass(24 * time.Minute)
	if valid(secret) {
		t.Error("it outlives its absolute limit")
	}
	_, secret = open()
	w.pass(control.SessionIdle + time.Millisecond)
	if valid(secret) {
		t.Error("it outlives its idle limit")
	}
	var secrets []string
	for range 6 {
		w.pass(time.Second)
		_, s := open()
		secrets = append(secrets, s)
	}
	if valid(secrets[0]) || !valid(secrets[1]) || len(must(w.Sessions(ctx, w.signedIn(t, ann), ann.ID))(t)) != 5 {
		t.Error("six sessions live at once")
	}
	p, _, err := w.Authenticate(ctx, secrets[5])
	check(t, err)
	check(t, w.CloseSession(ctx, p))
	if valid(secrets[5]) || !valid(secrets[4]) {
		t.Error("signing out ends this session and no other")
	}
	p, _, err = w.Authenticate(ctx, secrets[4])
	check(t, err)
	check(t, w.SetPassword(ctx, p, ann.ID, "$argon2id$new"))
	if !valid(secrets[4]) || valid(secrets[3]) {
		t.Error("a new password ends every other session")
	}
	check(t, w.CloseSessions(ctx, p, ann.ID))
	if valid(secrets[4]) {
		t.Error("it outlives the end of all")
	}
	_, secret = open()
	must(w.EditAccount(ctx, root, ann.ID, control.AccountEdit{Disabled: new(true)}))(t)
	if valid(secret) {
		t.Error("it outlives its account")
	}
	_, _, err = w.OpenSession(ctx, ann.ID, "password", "")
	wantErr(t, err, control.Unauthenticated, "")
}
