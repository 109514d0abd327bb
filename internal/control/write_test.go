package control_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/sdk/eval"
)

var (
	anywhere = control.Scope{}
	blue     = control.Scope{Project: "blue"}
	inProd   = control.Scope{Project: "blue", Environment: "production"}
)

// write is one method of Service that changes something. setUp makes what the
// change needs, and returns what the change is told, such as an id.
type write struct {
	name   string
	at     control.Scope
	perms  []control.Permission // each of them is enough
	setUp  func(t *testing.T, w *world) string
	do     func(ctx context.Context, w *world, p control.Principal, id string) error
	events []string
	// again is what repeating the change comes to: nil where it changes
	// nothing, and its kind of error otherwise.
	again *control.Kind
}

func nothing(*testing.T, *world) string { return "" }

// noRole makes a role that allows nothing, which anybody may give.
func noRole(t *testing.T, w *world) string {
	in := control.Role{Name: "Nobody", Type: control.RoleRootCustom}
	return strconv.Itoa(must(w.CreateRole(t.Context(), root, in))(t).ID)
}

func anAccount(t *testing.T, w *world) string { return w.person(t, "bob", roleID(noRole(t, w))).ID }

func roleID(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

func aStrategy(t *testing.T, w *world) string {
	return must(w.AddStrategy(t.Context(), root, production, rollout("20")))(t).ID
}

func switchedOn(t *testing.T, w *world) string {
	id := aStrategy(t, w)
	must(w.SetEnabled(t.Context(), root, production, true))(t)
	return id
}

func aRelease(t *testing.T, w *world) string { return w.started(t).ID }

func aWaitingRelease(t *testing.T, w *world) string {
	return w.apply(t, w.started(t), gate.Hold, gate.MinDuration).ID
}

var writes = []write{
	{
		name: "CreateProject", at: anywhere, perms: []control.Permission{control.PermProjectCreate}, setUp: nothing,
		do: func(ctx context.Context, w *world, p control.Principal, _ string) error {
			_, err := w.CreateProject(ctx, p, control.Project{ID: "red"})
			return err
		},
		events: []string{"project.create"}, again: new(control.Exists),
	},
	{
		name: "CreateEnvironment", at: anywhere, perms: []control.Permission{control.PermEnvCreate}, setUp: nothing,
		do: func(ctx context.Context, w *world, p control.Principal, _ string) error {
			_, err := w.CreateEnvironment(ctx, p, control.Environment{Name: "staging", Type: "test"})
			return err
		},
		events: []string{"env.create"}, again: new(control.Exists),
	},
	{
		name: "CreateSegment", at: anywhere, perms: []control.Permission{control.PermSegmentWrite}, setUp: nothing,
		do: func(ctx context.Context, w *world, p control.Principal, _ string) error {
			_, err := w.CreateSegment(ctx, p, control.Segment{Segment: eval.Segment{Name: "beta"}})
			return err
		},
		events: []string{"segment.create"}, again: new(control.Exists),
	},
	{
		name: "CreateFlag", at: blue, perms: []control.Permission{control.PermFlagCreate}, setUp: nothing,
		do: func(ctx context.Context, w *world, p control.Principal, _ string) error {
			_, err := w.CreateFlag(ctx, p, control.Flag{Name: "new", Project: "blue"})
			return err
		},
		events: []string{"flag.create"}, again: new(control.Exists),
	},
	{
		name: "SetEnabled on", at: inProd, perms: []control.Permission{control.PermToggleOn}, setUp: nothing,
		do: func(ctx context.Context, w *world, p control.Principal, _ string) error {
			_, err := w.SetEnabled(ctx, p, production, true)
			return err
		},
		events: []string{"flag.env.enable"},
	},
	{
		name: "SetEnabled off", at: inProd, perms: []control.Permission{control.PermToggleOff}, setUp: switchedOn,
		do: func(ctx context.Context, w *world, p control.Principal, _ string) error {
			_, err := w.SetEnabled(ctx, p, production, false)
			return err
		},
		events: []string{"flag.env.disable"},
	},
	{
		name: "SetEnabled off in a release", at: inProd, perms: []control.Permission{control.PermToggleOff}, setUp: aRelease,
		do: func(ctx context.Context, w *world, p control.Principal, _ string) error {
			_, err := w.SetEnabled(ctx, p, production, false)
			return err
		},
		events: []string{"release.milestone.rollback"},
	},
	{
		name: "KillFlag", at: inProd, perms: []control.Permission{control.PermToggleOff}, setUp: switchedOn,
		do: func(ctx context.Context, w *world, p control.Principal, _ string) error {
			_, err := w.KillFlag(ctx, p, production.Flag)
			return err
		},
		events: []string{"flag.env.disable"},
	},
	{
		name: "AddStrategy", at: inProd, perms: []control.Permission{control.PermRuleWrite}, setUp: nothing,
		do: func(ctx context.Context, w *world, p control.Principal, _ string) error {
			_, err := w.AddStrategy(ctx, p, production, rollout("5"))
			return err
		},
		events: []string{"rule.create"}, again: new(control.Kind(-1)), // another one
	},
	{
		name: "UpdateStrategy", at: inProd, perms: []control.Permission{control.PermRuleWrite}, setUp: aStrategy,
		do: func(ctx context.Context, w *world, p control.Principal, id string) error {
			st := rollout("30")
			st.ID = id
			_, err := w.UpdateStrategy(ctx, p, production, st)
			return err
		},
		events: []string{"rule.update"},
	},
	{
		name: "DeleteStrategy", at: inProd, perms: []control.Permission{control.PermRuleWrite}, setUp: aStrategy,
		do: func(ctx context.Context, w *world, p control.Principal, id string) error {
			return w.DeleteStrategy(ctx, p, production, id)
		},
		events: []string{"rule.delete"}, again: new(control.NotFound),
	},
	{
		name: "CreateToken", at: inProd, perms: []control.Permission{control.PermTokenCreate}, setUp: nothing,
		do: func(ctx context.Context, w *world, p control.Principal, _ string) error {
			_, _, err := w.CreateToken(ctx, p, control.Token{Name: "ci", Type: control.TokenBackend, Projects: []string{"blue"}, Environment: "production"})
			return err
		},
		events: []string{"token.create"}, again: new(control.Kind(-1)),
	},
	{
		name: "AddToken", at: inProd, perms: []control.Permission{control.PermTokenCreate}, setUp: nothing,
		do: func(ctx context.Context, w *world, p control.Principal, _ string) error {
			_, err := w.AddToken(ctx, p, control.TokenFrontend, "blue:production.chosen")
			return err
		},
		events: []string{"token.create"},
	},
	{
		name: "RevokeToken", at: anywhere, perms: []control.Permission{control.PermTokenRevoke},
		setUp: func(t *testing.T, w *world) string {
			return must(w.AddToken(t.Context(), root, control.TokenBackend, "*:production.chosen"))(t).ID
		},
		do: func(ctx context.Context, w *world, p control.Principal, id string) error {
			return w.RevokeToken(ctx, p, id)
		},
		events: []string{"token.revoke"}, again: new(control.NotFound),
	},
	{
		name: "CreateContextField of a project", at: blue, perms: []control.Permission{control.PermProjectUpdate}, setUp: nothing,
		do: func(ctx context.Context, w *world, p control.Principal, _ string) error {
			_, err := w.CreateContextField(ctx, p, control.ContextField{Name: "tier", Project: "blue"})
			return err
		},
		events: []string{"context.create"}, again: new(control.Exists),
	},
	{
		name: "DeleteContextField of a project", at: blue, perms: []control.Permission{control.PermProjectUpdate},
		setUp: func(t *testing.T, w *world) string {
			must(w.CreateContextField(t.Context(), root, control.ContextField{Name: "tier", Project: "blue"}))(t)
			return ""
		},
		do: func(ctx context.Context, w *world, p control.Principal, _ string) error {
			return w.DeleteContextField(ctx, p, "tier")
		},
		events: []string{"context.delete"}, again: new(control.NotFound),
	},
	{
		name: "CreateTag", at: anywhere, perms: []control.Permission{control.PermTagWrite, control.PermTagCreate}, setUp: nothing,
		do: func(ctx context.Context, w *world, p control.Principal, _ string) error {
			_, err := w.CreateTag(ctx, p, control.StandingTag{Tag: control.Tag{Type: "simple", Value: "web"}})
			return err
		},
		events: []string{"tag.create"}, again: new(control.Exists),
	},
	{
		name: "DeleteTag", at: anywhere, perms: []control.Permission{control.PermTagWrite, control.PermTagDelete},
		setUp: func(t *testing.T, w *world) string {
			must(w.CreateTag(t.Context(), root, control.StandingTag{Tag: control.Tag{Type: "simple", Value: "web"}}))(t)
			return ""
		},
		do: func(ctx context.Context, w *world, p control.Principal, _ string) error {
			return w.DeleteTag(ctx, p, control.Tag{Type: "simple", Value: "web"})
		},
		events: []string{"tag.delete"}, again: new(control.NotFound),
	},
	{
		name: "CreateStrategyType", at: anywhere, perms: []control.Permission{control.PermStrategyWrite}, setUp: nothing,
		do: func(ctx context.Context, w *world, p control.Principal, _ string) error {
			return w.CreateStrategyType(ctx, p, lottery)
		},
		events: []string{"strategy.create"}, again: new(control.Exists),
	},
	{
		name: "UpdateStrategyType", at: anywhere, perms: []control.Permission{control.PermStrategyWrite}, setUp: aLottery,
		do: func(ctx context.Context, w *world, p control.Principal, _ string) error {
			changed := lottery
			changed.Description = "Luck"
			return w.UpdateStrategyType(ctx, p, changed)
		},
		events: []string{"strategy.update"},
	},
	{
		name: "DeprecateStrategyType", at: anywhere, perms: []control.Permission{control.PermStrategyWrite}, setUp: aLottery,
		do: func(ctx context.Context, w *world, p control.Principal, _ string) error {
			return w.DeprecateStrategyType(ctx, p, lottery.Name, true)
		},
		events: []string{"strategy.deprecate"},
	},
	{
		name: "DeprecateStrategyType, built in", at: anywhere, perms: []control.Permission{control.PermStrategyWrite}, setUp: nothing,
		do: func(ctx context.Context, w *world, p control.Principal, _ string) error {
			return w.DeprecateStrategyType(ctx, p, "userWithId", false)
		},
		events: []string{"strategy.reactivate"},
	},
	{
		name: "DeleteStrategyType", at: anywhere, perms: []control.Permission{control.PermStrategyWrite}, setUp: aLottery,
		do: func(ctx context.Context, w *world, p control.Principal, _ string) error {
			return w.DeleteStrategyType(ctx, p, lottery.Name)
		},
		events: []string{"strategy.delete"}, again: new(control.NotFound),
	},
	{
		name: "PutPlan", at: anywhere, perms: []control.Permission{control.PermPlanWrite}, setUp: nothing,
		do: func(ctx context.Context, w *world, p control.Principal, _ string) error {
			_, err := w.PutPlan(ctx, p, "careful", careful(5))
			return err
		},
		events: []string{"plan.create"},
	},
	{
		name: "PutPlan, again", at: anywhere, perms: []control.Permission{control.PermPlanWrite}, setUp: aPlan,
		do: func(ctx context.Context, w *world, p control.Principal, _ string) error {
			_, err := w.PutPlan(ctx, p, "careful", careful(10))
			return err
		},
		events: []string{"plan.update"},
	},
	{
		name: "DeletePlan", at: anywhere, perms: []control.Permission{control.PermPlanWrite}, setUp: aPlan,
		do: func(ctx context.Context, w *world, p control.Principal, _ string) error {
			return w.DeletePlan(ctx, p, "careful")
		},
		events: []string{"plan.delete"}, again: new(control.NotFound),
	},
	{
		name: "StartRelease", at: inProd, perms: []control.Permission{control.PermReleaseStart}, setUp: nothing,
		do: func(ctx context.Context, w *world, p control.Principal, _ string) error {
			_, err := w.StartRelease(ctx, p, starting())
			return err
		},
		events: []string{"release.milestone.enter"}, again: new(control.Conflict),
	},
	{
		name: "Apply HOLD", at: inProd, perms: []control.Permission{control.PermReleasePromote}, setUp: aRelease,
		do:     applies(gate.Hold, gate.MinDuration),
		events: []string{"release.milestone.hold"}, again: new(control.Conflict),
	},
	{
		name: "Apply PROMOTE", at: inProd, perms: []control.Permission{control.PermReleasePromote}, setUp: aRelease,
		do:     applies(gate.Promote, gate.AllPass),
		events: []string{"release.milestone.promote"}, again: new(control.Conflict),
	},
	{
		name: "Apply ROLLBACK", at: inProd, perms: []control.Permission{control.PermReleasePromote}, setUp: aRelease,
		do:     applies(gate.Rollback, "P5_SEVERE:evidence_coverage"),
		events: []string{"release.milestone.rollback"}, again: new(control.Conflict),
	},
	{
		name: "RollbackRelease", at: inProd, perms: []control.Permission{control.PermReleaseStop, control.PermToggleOff}, setUp: aRelease,
		do: func(ctx context.Context, w *world, p control.Principal, id string) error {
			_, err := w.RollbackRelease(ctx, p, id, "it smells")
			return err
		},
		events: []string{"release.milestone.rollback"},
	},
	{
		name: "PauseRelease", at: inProd, perms: []control.Permission{control.PermReleaseStop, control.PermToggleOff}, setUp: aRelease,
		do: func(ctx context.Context, w *world, p control.Principal, id string) error {
			_, err := w.PauseRelease(ctx, p, id, "lunch")
			return err
		},
		events: []string{"release.pause"},
	},
	{
		name: "ResumeRelease", at: inProd, perms: []control.Permission{control.PermReleasePromote},
		setUp: func(t *testing.T, w *world) string {
			return must(w.PauseRelease(t.Context(), root, aRelease(t, w), ""))(t).ID
		},
		do: func(ctx context.Context, w *world, p control.Principal, id string) error {
			_, err := w.ResumeRelease(ctx, p, id, "")
			return err
		},
		events: []string{"release.resume"}, again: new(control.Conflict),
	},
	{
		name: "CreateAccount", perms: []control.Permission{control.PermUserWrite}, setUp: noRole,
		do: func(ctx context.Context, w *world, p control.Principal, id string) error {
			_, err := w.CreateAccount(ctx, p, control.Account{Kind: control.KindHuman, Email: "ann@example.com", Role: roleID(id)})
			return err
		},
		events: []string{"user.create"}, again: new(control.Exists),
	},
	{
		name: "EditAccount", perms: []control.Permission{control.PermUserWrite}, setUp: anAccount,
		do: func(ctx context.Context, w *world, p control.Principal, id string) error {
			_, err := w.EditAccount(ctx, p, id, control.AccountEdit{Name: new("Ann")})
			return err
		},
		events: []string{"user.update"},
	},
	{
		name: "SetPassword", perms: []control.Permission{control.PermUserWrite}, setUp: anAccount,
		do: func(ctx context.Context, w *world, p control.Principal, id string) error {
			return w.SetPassword(ctx, p, id, "$argon2id$x")
		},
		events: []string{"auth.password.set"},
	},
	{
		name: "DeleteAccount", perms: []control.Permission{control.PermUserWrite}, setUp: anAccount,
		do: func(ctx context.Context, w *world, p control.Principal, id string) error {
			return w.DeleteAccount(ctx, p, id)
		},
		events: []string{"user.delete"}, again: new(control.NotFound),
	},
	{
		name: "CreateRole", perms: []control.Permission{control.PermRoleWrite}, setUp: nothing,
		do: func(ctx context.Context, w *world, p control.Principal, _ string) error {
			_, err := w.CreateRole(ctx, p, control.Role{Name: "Nothing", Type: control.RoleCustom})
			return err
		},
		events: []string{"role.create"}, again: new(control.Exists),
	},
	{
		name: "DeleteRole", perms: []control.Permission{control.PermRoleWrite}, setUp: noRole,
		do: func(ctx context.Context, w *world, p control.Principal, id string) error {
			return w.DeleteRole(ctx, p, roleID(id))
		},
		events: []string{"role.delete"}, again: new(control.NotFound),
	},
	{
		name: "CreateGroup", perms: []control.Permission{control.PermUserWrite}, setUp: anAccount,
		do: func(ctx context.Context, w *world, p control.Principal, id string) error {
			_, err := w.CreateGroup(ctx, p, control.Group{Name: "team", Members: []control.GroupMember{{Account: id}}})
			return err
		},
		events: []string{"group.create"}, again: new(control.Exists),
	},
	{
		name: "DeleteGroup", perms: []control.Permission{control.PermUserWrite},
		setUp: func(t *testing.T, w *world) string {
			return strconv.Itoa(must(w.CreateGroup(t.Context(), root, control.Group{Name: "team"}))(t).ID)
		},
		do: func(ctx context.Context, w *world, p control.Principal, id string) error {
			return w.DeleteGroup(ctx, p, roleID(id))
		},
		events: []string{"group.delete"}, again: new(control.NotFound),
	},
	{
		name: "SetMember", at: blue, perms: []control.Permission{control.PermAccessWrite},
		setUp: func(t *testing.T, w *world) string {
			role := must(w.CreateRole(t.Context(), root, control.Role{Name: "Nothing", Type: control.RoleCustom}))(t)
			return anAccount(t, w) + " " + strconv.Itoa(role.ID)
		},
		do: func(ctx context.Context, w *world, p control.Principal, id string) error {
			account, role, _ := strings.Cut(id, " ")
			return w.SetMember(ctx, p, "blue", control.Member{Account: account, Roles: []int{roleID(role)}})
		},
		events: []string{"project.access.update"},
	},
	{
		name: "PromoteRelease", at: inProd, perms: []control.Permission{control.PermReleasePromote}, setUp: aWaitingRelease,
		do: func(ctx context.Context, w *world, p control.Principal, id string) error {
			_, err := w.PromoteRelease(ctx, p, id, "the evidence is in another system")
			return err
		},
		events: []string{"release.milestone.promote"}, again: new(control.Conflict),
	},
}

// applies carries out a verdict about the release's first revision.
func applies(v gate.Verdict, reason string) func(context.Context, *world, control.Principal, string) error {
	return func(ctx context.Context, w *world, p control.Principal, id string) error {
		r, err := w.Release(ctx, root, id)
		if err != nil {
			return err
		}
		r.Rev = 1
		_, err = w.Apply(ctx, p, w.decided(r, v, reason))
		return err
	}
}

// TestWriteIsRecorded makes each change with no more than the permission that
// it needs, and finds exactly its records.
func TestWriteIsRecorded(t *testing.T) {
	t.Parallel()
	for _, tc := range writes {
		for _, perm := range tc.perms {
			t.Run(tc.name+" by "+string(perm), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				id := tc.setUp(t, w)
				from := w.head(t).Size
				w.pass(time.Minute)
				check(t, tc.do(t.Context(), w, may(tc.at, perm), id))
				records := w.since(t, from)
				diff(t, "records", tc.events, types(records))
				w.accounted(t, records)
				for i, r := range records {
					want := audit.Record{
						V: audit.Version, Seq: from + int64(i), ID: r.ID, TS: audit.FormatTime(w.now()), Log: "test",
						Project: r.Project, Env: r.Env, Type: tc.events[i], Class: r.Class, Outcome: "success",
						Actor: audit.Actor{Kind: "service", ID: "tok_test", Via: "sat", Cred: "tok_test"},
						Req:   audit.Request{Origin: "api"}, Res: r.Res,
						Authz: audit.Authz{Decision: "allow", Perm: []string{string(perm)}}, Dec: r.Dec, Cor: r.Cor,
					}
					diff(t, "record", want, r)
				}
			})
		}
	}
}

// TestWriteIsDenied gives a principal everything but the permission, and the
// permission everywhere but where it is needed. Nothing changes.
func TestWriteIsDenied(t *testing.T) {
	t.Parallel()
	for _, tc := range writes {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := tc.setUp(t, w)
			before := w.head(t)
			refused := []control.Principal{may(tc.at, slices.DeleteFunc(allPermissions(), func(p control.Permission) bool {
				return slices.Contains(tc.perms, p)
			})...)}
			elsewhere := []control.Scope{{Project: "default", Environment: "development"}}
			if tc.at.Environment != "" {
				elsewhere = append(elsewhere, control.Scope{Project: tc.at.Project, Environment: "development"})
			}
			if tc.at.Project != "" {
				elsewhere = append(elsewhere, control.Scope{Project: "default", Environment: tc.at.Environment})
			}
			for _, at := range elsewhere {
				refused = append(refused, may(at, control.PermAny))
			}
			for _, p := range refused {
				err := tc.do(t.Context(), w, p, id)
				if control.KindOf(err) == control.NotFound && !reads(p, tc.at.Project) {
					continue // told that there is no such thing: the record is looked at below
				}
				wantErr(t, err, control.Denied, string(tc.perms[0]))
			}
			wantErr(t, tc.do(t.Context(), w, control.Principal{}, id), control.Unauthenticated, "")
			if after := w.head(t); after != before {
				t.Errorf("the log grew from %d to %d", before.Size, after.Size)
			}
			diff(t, "denials", []string{fmt.Sprintf("authz.denied %d %s", len(refused), tc.perms[0])}, denials(t, w, before.Size))
		})
	}
}

// reads tells whether p may read anything in a project.
func reads(p control.Principal, project string) bool {
	for _, g := range p.Grants {
		if slices.Contains(g.Projects, project) && (slices.Contains(g.Permissions, control.PermRead) || slices.Contains(g.Permissions, control.PermAny)) {
			return true
		}
	}
	return false
}

// TestHidden tells whoever may see nothing of a project the same of a flag in
// it as of none.
func TestHidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	green := may(control.Scope{Project: "default"}, control.PermAny)
	for _, ask := range []func(control.Ref) error{
		func(r control.Ref) error { _, err := w.Flag(t.Context(), green, "", r.Flag); return err },
		func(r control.Ref) error { _, err := w.SetEnabled(t.Context(), green, r, false); return err },
		func(r control.Ref) error { _, err := w.KillFlag(t.Context(), green, r.Flag); return err },
		func(r control.Ref) error { _, err := w.FlagHistory(t.Context(), green, r, 0, 1); return err },
		func(r control.Ref) error {
			_, err := w.StartRelease(t.Context(), green, control.StartRelease{Flag: r.Flag, Environment: r.Environment, Build: "b", Plan: plan()})
			return err
		},
	} {
		there, none := ask(production), ask(control.Ref{Flag: "none", Environment: "production"})
		if there == nil || none == nil {
			t.Fatalf("allowed: %v, %v", there, none)
		}
		diff(t, "what is said", none.Error(), strings.ReplaceAll(there.Error(), production.Flag, "none"))
		diff(t, "kind", control.NotFound, control.KindOf(there))
	}
}

// denials returns the records of denied writes, which the end of Run leaves.
func denials(t *testing.T, w *world, from int64) []string {
	t.Helper()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	check(t, w.Run(ended))
	out := []string{}
	for _, r := range w.since(t, from) {
		out = append(out, fmt.Sprintf("%s %d %s", r.Type, r.Count, r.Authz.Perm[0]))
		if r.Outcome != "denied" || r.Authz.Decision != "deny" || r.Actor.ID == "" {
			t.Errorf("the record of a denial is %+v", r)
		}
	}
	return out
}

func TestWriteAgain(t *testing.T) {
	t.Parallel()
	for _, tc := range writes {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := tc.setUp(t, w)
			check(t, tc.do(t.Context(), w, root, id))
			before := w.head(t)
			err := tc.do(t.Context(), w, root, id)
			switch {
			case tc.again == nil:
				check(t, err)
			case *tc.again < 0: // a second one of the same
				check(t, err)
				diff(t, "records", tc.events, types(w.since(t, before.Size)))
				return
			default:
				wantErr(t, err, *tc.again, "")
			}
			if after := w.head(t); after != before {
				t.Errorf("the log grew from %d to %d: %v", before.Size, after.Size, types(w.since(t, before.Size)))
			}
		})
	}
}

func allPermissions() []control.Permission {
	return []control.Permission{
		control.PermRead, control.PermProjectCreate, control.PermEnvCreate, control.PermFlagCreate, control.PermFlagUpdate,
		control.PermSegmentWrite, control.PermToggleOn, control.PermToggleOff, control.PermRuleWrite,
		control.PermReleaseStart, control.PermReleasePromote, control.PermReleaseStop,
		control.PermTokenCreate, control.PermTokenRevoke, control.PermTokenRead,
		control.PermEvidenceWrite, control.PermClientRead, control.PermClientWrite, control.PermAuditRead,
		control.PermUserRead, control.PermUserWrite, control.PermRoleWrite, control.PermAccessRead, control.PermAccessWrite,
	}
}

// TestInitIsIdempotent starts the same installation again.
func TestInitIsIdempotent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.head(t)
	for range 3 {
		check(t, w.Init(t.Context()))
	}
	if after := w.head(t); after != before {
		t.Errorf("the log grew from %d to %d", before.Size, after.Size)
	}
	diff(t, "what Init made", []string{"env.create", "env.create", "project.create"}, types(w.since(t, 0))[:3])
}
