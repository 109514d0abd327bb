package control_test

import (
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/policy"
)

// office is a world under a policy, with people in it.
type office struct {
	*world
	*control.Service
	ann, bob, eve control.Principal // Admins, signed in
	bot           control.Principal // an agent that acts on behalf of ann
}

func newOffice(t *testing.T, document string) *office {
	t.Helper()
	w := newWorld(t)
	pol := must(policy.Default())(t)
	if document != "" {
		pol = must(policy.Parse("p.yaml", []byte(document)))(t)
	}
	o := &office{world: w, Service: w.under(pol)}
	o.ann, o.bob, o.eve = o.employ(t, "ann"), o.employ(t, "bob"), o.employ(t, "eve")
	a := must(w.CreateAccount(t.Context(), root, control.Account{Kind: control.KindAgent, Username: "bot", Name: "bot", Role: control.RoleAdmin, Owner: o.ann.ID, Purpose: "tuning"}))(t)
	o.bot = root
	o.bot.Kind, o.bot.ID, o.bot.Via, o.bot.OnBehalfOf = control.KindAgent, a.ID, "sat", o.ann.ID
	must(w.AddStrategy(t.Context(), root, production, rollout("10")))(t)
	return o
}

// employ makes an account with the role of an Admin, and signs it in.
func (o *office) employ(t *testing.T, name string) control.Principal {
	t.Helper()
	a := must(o.world.CreateAccount(t.Context(), root, control.Account{
		Kind: control.KindHuman, Name: name, Email: name + "@example.com", Role: control.RoleAdmin,
	}))(t)
	p := person(a.ID)
	return p
}

// proposing is a principal that writes nothing, but proposes.
func proposing(p control.Principal) control.Principal {
	p.Proposal = &control.Proposal{Title: "switch the blue flag on"}
	return p
}

// proposed returns the request that a write became.
func (o *office) proposed(t testing.TB, _ any, err error) control.RequestView {
	t.Helper()
	e, ok := errors.AsType[*control.Error](err)
	if !ok || e.Kind != control.Proposed {
		t.Fatalf("error %v, want Proposed", err)
	}
	return must(o.Request(t.Context(), root, e.Field))(t)
}

// enabling is a request of the bot's to switch the blue flag on in production.
func (o *office) enabling(t testing.TB) control.RequestView {
	t.Helper()
	v, err := o.SetEnabled(t.Context(), proposing(o.bot), production, true)
	return o.proposed(t, v, err)
}

// approved is that request with the approvals that it needs.
func (o *office) approved(t testing.TB) control.RequestView {
	t.Helper()
	c := o.enabling(t)
	c = must(o.ApproveRequest(t.Context(), o.bob, c.ID, c.Digest, "fine"))(t)
	if c.State != control.RequestApproved {
		t.Fatalf("%s, missing %+v", c.State, c.Missing)
	}
	return c
}

func (o *office) enabled(t testing.TB) bool {
	t.Helper()
	return o.servedFlag(t, production).Enabled
}

// TestProposeApproveApply is the whole way: an agent proposes what it may not
// do, one person approves it, and it is applied, to the letter.
func TestProposeApproveApply(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	_, err := o.SetEnabled(t.Context(), o.bot, production, true)
	wantCode(t, err, "approval_required")
	from := o.head(t).Size
	c := o.enabling(t)
	diff(t, "state", control.RequestInReview, c.State)
	diff(t, "needs", []control.ApprovalsNeeded{{Rule: "agents-propose-in-production", Approvals: 1, Project: "blue", Environment: "production"}}, c.Missing)
	if len(c.Ops) != 1 || c.Ops[0].Effect != policy.Increases || c.Ops[0].Class != policy.Production {
		t.Errorf("operations %+v", c.Ops)
	}
	diff(t, "changes", `[{"path":"enabled","before":false,"after":true}]`, text(t, c.Changes[0].Differences))
	if o.enabled(t) {
		t.Fatal("a proposal was carried out")
	}
	_, err = o.ApplyRequest(t.Context(), o.bob, c.ID)
	wantCode(t, err, "not_now")
	c = must(o.ApproveRequest(t.Context(), o.bob, c.ID, c.Digest, "fine"))(t)
	c = must(o.ApplyRequest(t.Context(), o.bob, c.ID))(t)
	diff(t, "state", control.RequestApplied, c.State)
	if !o.enabled(t) {
		t.Error("not carried out")
	}
	records := o.since(t, from)
	diff(t, "records", []string{"cr.create", "cr.approve", "flag.env.enable", "cr.apply"}, types(records))
	o.accounted(t, records)
	leaf := records[2]
	if leaf.CR.ID != c.ID || leaf.CR.Digest != c.Digest || len(leaf.CR.Appr) != 1 || leaf.CR.Appr[0].By != o.bob.ID {
		t.Errorf("the leaf says of the request %+v", leaf.CR)
	}
	_, err = o.ApplyRequest(t.Context(), o.bob, c.ID)
	wantCode(t, err, "not_now") // once
}

// TestProposeAnything: any write of configuration can be proposed, as files or
// by itself, and a release too; nothing that decides who may do what.
func TestProposeAnything(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	ctx, bot := t.Context(), proposing(o.bot)
	apply := func(_ any, err error) {
		t.Helper()
		c := o.proposed(t, nil, err) //nolint:contextcheck // it has the test's
		must(o.ApproveRequest(ctx, o.bob, c.ID, c.Digest, ""))(t)
		must(o.ApplyRequest(ctx, o.eve, c.ID))(t)
	}
	apply(o.ApplyConfiguration(ctx, proposing(o.ann), files(), ""))
	diff(t, "plan of what was applied", []string{}, outline(must(o.PlanConfiguration(ctx, root, files()))(t)))
	apply(o.AddStrategy(ctx, bot, production, rollout("20")))
	apply(nil, o.DeleteStrategy(ctx, bot, production, must(o.Flag(ctx, root, "blue", "blue-flag"))(t).Environments[0].Strategies[0].ID))
	apply(o.StartRelease(ctx, bot, starting()))
	open := must(o.Releases(ctx, root, true))(t)
	if len(open) != 1 || open[0].StartedBy != o.bot.ID {
		t.Errorf("releases %+v", open)
	}
	for name, do := range map[string]func() error{
		"a token": func() error {
			_, _, err := o.CreateToken(ctx, proposing(o.ann), control.Token{Name: "x", Type: control.TokenBackend, Environment: "production"})
			return err
		},
		"an account": func() error {
			_, err := o.CreateAccount(ctx, proposing(o.ann), control.Account{Kind: control.KindHuman, Name: "x", Username: "x", Role: control.RoleAdmin})
			return err
		},
		"a rollback": func() error { _, err := o.RollbackRelease(ctx, bot, open[0].ID, "x"); return err },
	} {
		if err := do(); err == nil || control.KindOf(err) == control.Proposed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWhoMayPropose: the right to propose is enough, and what is proposed by
// somebody who may not do it is applied only where an approver may.
func TestWhoMayPropose(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	at := control.Scope{Project: "blue"}
	junior := may(at, control.PermRead, control.PermChangePropose)
	junior.ID = "tok_junior"
	_, err := o.SetEnabled(t.Context(), proposing(may(at, control.PermRead)), production, true)
	wantErr(t, err, control.Denied, "")
	v, err := o.SetEnabled(t.Context(), proposing(junior), production, true)
	c := o.proposed(t, v, err)
	c = must(o.ApproveRequest(t.Context(), o.bob, c.ID, c.Digest, ""))(t)
	applier := may(at, control.PermRead, control.PermChangeApply)
	applier.ID = "tok_applier"
	check(t, err2(o.ApplyRequest(t.Context(), applier, c.ID))) // bob may
	_, err = o.Request(t.Context(), may(control.Scope{Project: "default"}, control.PermRead), c.ID)
	wantErr(t, err, control.NotFound, "")
}

func err2(_ any, err error) error { return err }

// TestCR02 and CR-13: an approval is of exactly one digest. Whatever changes,
// and be it the description, leaves no approval.
func TestCR02AnEditVoidsApprovals(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(p *control.Proposal){
		"title":    func(p *control.Proposal) { p.Title += "!" },
		"body":     func(p *control.Proposal) { p.Body = "because" },
		"calendar": func(p *control.Proposal) { p.Calendar = &gate.Calendar{TimeZone: "UTC"} },
		"expiry":   func(p *control.Proposal) { p.ExpiresAt = begin.Add(time.Hour) },
		"nothing":  func(*control.Proposal) {},
	} {
		o := newOffice(t, "")
		c := o.approved(t)
		again := proposing(o.bot)
		edit(again.Proposal)
		again.Proposal.Request = c.ID
		v, err := o.SetEnabled(t.Context(), again, production, true)
		next := o.proposed(t, v, err)
		if next.ID != c.ID || next.Revision != 2 || next.Digest == c.Digest || len(next.Approvals) != 0 || next.State != control.RequestInReview {
			t.Errorf("%s: %+v after the edit", name, next.ChangeRequest)
		}
		_, err = o.ApplyRequest(t.Context(), o.bob, c.ID)
		wantCode(t, err, "not_now")
		_, err = o.ApproveRequest(t.Context(), o.bob, c.ID, c.Digest, "")
		wantCode(t, err, "digest_changed")
	}
}

// TestCR04: what takes exposure back goes on beside an approved request, and
// makes it stale; a rebase is approved anew.
func TestCR04StaleAndRebase(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	ctx := t.Context()
	c := o.approved(t)
	must(o.AddStrategy(ctx, root, production, rollout("5")))(t)
	got := must(o.Request(ctx, root, c.ID))(t)
	diff(t, "as it is shown", control.RequestStale, got.State)
	_, err := o.ApplyRequest(ctx, o.bob, c.ID)
	wantCode(t, err, "not_now")
	diff(t, "the record of it", "cr.stale", types(o.since(t, o.head(t).Size-1))[0])
	c = must(o.RebaseRequest(ctx, o.bob, c.ID))(t)
	if c.State != control.RequestInReview || c.Revision != 2 || len(c.Approvals) != 0 {
		t.Errorf("rebased: %+v", c.ChangeRequest)
	}
	_, err = o.ApproveRequest(ctx, o.bob, c.ID, c.Digest, "")
	wantCode(t, err, "own_request") // who rebased it is one of its authors
	c = must(o.ApproveRequest(ctx, o.eve, c.ID, c.Digest, ""))(t)
	must(o.ApplyRequest(ctx, o.eve, c.ID))(t)
	served := o.servedFlag(t, production)
	if !served.Enabled || len(served.Strategies) != 2 {
		t.Errorf("served %+v", served)
	}

	v, err := o.AddStrategy(ctx, proposing(o.bot), production, rollout("50"))
	c = o.proposed(t, v, err)
	must(o.AddStrategy(ctx, root, production, rollout("7")))(t)
	_, err = o.RebaseRequest(ctx, o.eve, c.ID)
	wantCode(t, err, "conflict") // the same list was changed
	check(t, err2(o.WithdrawRequest(ctx, o.bot, c.ID, "")))
}

// TestCR05: an approver who may approve no more counts no more, whatever was
// approved when they could.
func TestCR05ApproverLosesTheirRight(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(o *office) error{
		"disabled": func(o *office) error {
			_, err := o.world.EditAccount(t.Context(), root, o.bob.ID, control.AccountEdit{Disabled: new(true)})
			return err
		},
		"another role": func(o *office) error {
			_, err := o.world.EditAccount(t.Context(), root, o.bob.ID, control.AccountEdit{Role: new(control.RoleViewer)})
			return err
		},
		"removed":     func(o *office) error { return o.world.DeleteAccount(t.Context(), root, o.bob.ID) },
		"too old now": func(o *office) error { o.pass(control.ApprovalLife + time.Second); return nil },
	} {
		o := newOffice(t, "")
		c := o.approved(t)
		if err := lose(o); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, err := o.ApplyRequest(t.Context(), o.eve, c.ID)
		wantCode(t, err, "approval_missing")
		c = must(o.ApproveRequest(t.Context(), o.eve, c.ID, c.Digest, ""))(t)
		check(t, err2(o.ApplyRequest(t.Context(), o.eve, c.ID)))
	}
}

// TestCR05Group: approvals are from where the policy says.
func TestCR05Group(t *testing.T) {
	t.Parallel()
	o := newOffice(t, `version: 1
rules:
- {name: managers, when: env.class == "prod", require: {approvals: 1, from: "group:managers"}}
- {name: yes, when: 'true', allow: true}
`)
	ctx := t.Context()
	g := must(o.world.CreateGroup(ctx, root, control.Group{Name: "managers", Members: []control.GroupMember{{Account: o.bob.ID}}}))(t)
	c := o.enabling(t)
	c = must(o.ApproveRequest(ctx, o.eve, c.ID, c.Digest, ""))(t)
	diff(t, "after somebody else", control.RequestInReview, c.State)
	c = must(o.ApproveRequest(ctx, o.bob, c.ID, c.Digest, ""))(t)
	diff(t, "after a manager", control.RequestApproved, c.State)
	g.Members = nil
	must(o.world.UpdateGroup(ctx, root, g))(t)
	_, err := o.ApplyRequest(ctx, o.eve, c.ID)
	wantCode(t, err, "approval_missing")
}

// TestCR06: the policy counts that holds when a request is applied. A stricter
// one blocks it; a looser one does not make less of what was asked for.
func TestCR06PolicyChanges(t *testing.T) {
	t.Parallel()
	const rules = `version: 1
rules:
- {name: two, when: actor.kind == "agent" && env.class == "prod", require: {approvals: 2}}
- {name: yes, when: 'true', allow: true}
`
	o := newOffice(t, "")
	c := o.approved(t)
	for name, stricter := range map[string]string{
		"approval_missing": rules,
		"policy_denied":    "version: 1\nrules: [{name: no, when: 'action == \"flag.env.enable\"', deny: true}, {name: yes, when: 'true', allow: true}]",
	} {
		_, err := o.under(must(policy.Parse("p.yaml", []byte(stricter)))(t)).ApplyRequest(t.Context(), o.bob, c.ID)
		wantCode(t, err, name)
	}
	check(t, err2(o.ApplyRequest(t.Context(), o.bob, c.ID)))

	o = newOffice(t, rules)
	c = o.enabling(t)
	c = must(o.ApproveRequest(t.Context(), o.bob, c.ID, c.Digest, ""))(t)
	diff(t, "one of two", control.RequestInReview, c.State)
	looser := o.under(must(policy.Default())(t))
	_, err := looser.ApplyRequest(t.Context(), o.bob, c.ID)
	wantCode(t, err, "not_now")
}

// TestI2: neither the author, nor the person behind it, nor another account of
// theirs approves; and CR-07, CR-08.
func TestI2NobodyApprovesTheirOwn(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	ctx := t.Context()
	c := o.enabling(t)
	_, err := o.ApproveRequest(ctx, o.ann, c.ID, c.Digest, "")
	wantCode(t, err, "own_request") // the bot acts on her behalf

	v, err := o.SetEnabled(ctx, proposing(o.bob), production, true)
	own := o.proposed(t, v, err)
	_, err = o.ApproveRequest(ctx, o.bob, own.ID, own.Digest, "")
	wantCode(t, err, "own_request")
	must(o.world.EditAccount(ctx, root, o.bob.ID, control.AccountEdit{Name: new("Robert")}))(t)
	_, err = o.ApproveRequest(ctx, o.bob, own.ID, own.Digest, "")
	wantCode(t, err, "own_request")

	// A token that bob made is bob's.
	tok, _, err := o.world.CreateToken(ctx, o.bob, control.Token{
		Name: "ci", Type: control.TokenService, Projects: []string{"blue"}, Environments: []string{"production"},
		Permissions: []control.Permission{control.PermRead, control.PermToggleOn, control.PermChangePropose},
	})
	check(t, err)
	machine := may(control.Scope{Project: "blue"}, control.PermRead, control.PermToggleOn, control.PermChangePropose)
	machine.ID, machine.Cred = tok.ID, tok.ID
	v, err = o.SetEnabled(ctx, proposing(machine), production, true)
	his := o.proposed(t, v, err)
	_, err = o.ApproveRequest(ctx, o.bob, his.ID, his.Digest, "")
	wantCode(t, err, "own_request")

	// Who edits a request is one of its authors.
	edit := proposing(o.eve)
	edit.Proposal.Request = c.ID
	v, err = o.SetEnabled(ctx, edit, production, true)
	c = o.proposed(t, v, err)
	_, err = o.ApproveRequest(ctx, o.eve, c.ID, c.Digest, "")
	wantCode(t, err, "own_request")
	check(t, err2(o.ApproveRequest(ctx, o.bob, c.ID, c.Digest, "")))
}

// TestI1OnlyASessionApproves: no token does, whosever it is.
func TestI1OnlyASessionApproves(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	c := o.enabling(t)
	pat := o.bob
	pat.Via = "pat"
	machine := o.bob
	machine.Kind = control.KindService
	for name, p := range map[string]control.Principal{"the bot": o.bot, "a personal token": pat, "a machine": machine, "an admin token": root} {
		for verb, do := range map[string]func() error{
			"approves": func() error { return err2(o.ApproveRequest(t.Context(), p, c.ID, c.Digest, "")) },
			"rejects":  func() error { return err2(o.RejectRequest(t.Context(), p, c.ID, c.Digest, "no")) },
			"bypasses": func() error {
				return err2(o.BypassRequest(t.Context(), p, c.ID, c.Digest, "production is burning now", "INC-1"))
			},
		} {
			if err := do(); code(err) != "people_only" {
				t.Errorf("%s %s: %v", name, verb, err)
			}
		}
	}
}

// TestI7: what is applied is what was approved. A request whose operations were
// changed in the database behind the server's back is not.
func TestI7OnlyTheApprovedDigest(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	c := o.approved(t)
	check(t, o.db.Update(t.Context(), control.Normal, func(tx control.Tx) error {
		r, err := tx.Resource(control.KindChangeRequest, c.ID)
		if err != nil {
			return err
		}
		var doc map[string]any
		if err := json.Unmarshal(r.Doc, &doc); err != nil {
			return err
		}
		op := doc["ops"].([]any)[0].(map[string]any)
		op["doc"].(map[string]any)["strategies"] = []any{}
		raw, err := json.Marshal(doc)
		if err != nil {
			return err
		}
		_, err = tx.Put(r.Kind, r.Key, r.Parent, raw)
		return err
	}))
	if _, err := o.ApplyRequest(t.Context(), o.bob, c.ID); code(err) != "digest" {
		t.Errorf("applied: %v", err)
	}
	if o.enabled(t) {
		t.Error("something was written")
	}
}

// TestI9: what a disabled agent proposed is frozen, also where it is approved,
// until a person takes it up.
func TestI9FrozenWithItsAgent(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	ctx := t.Context()
	c := o.approved(t)
	must(o.world.EditAccount(ctx, root, o.bot.ID, control.AccountEdit{Disabled: new(true)}))(t)
	_, err := o.ApplyRequest(ctx, o.bob, c.ID)
	wantCode(t, err, "not_now")
	c = must(o.Request(ctx, root, c.ID))(t)
	diff(t, "state", control.RequestFrozen, c.State)
	c = must(o.ThawRequest(ctx, o.bob, c.ID, ""))(t)
	diff(t, "state", control.RequestInReview, c.State)
	for _, p := range []control.Principal{o.ann, o.bob} {
		_, err = o.ApproveRequest(ctx, p, c.ID, c.Digest, "")
		wantCode(t, err, "own_request")
	}
	check(t, err2(o.ApproveRequest(ctx, o.eve, c.ID, c.Digest, "")))
}

// TestCR09: what is scheduled is applied once, by whichever replica comes first,
// within its calendar, or suspended.
func TestCR09Schedule(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	ctx := t.Context()
	c := o.approved(t)
	_, err := o.ScheduleRequest(ctx, o.bob, c.ID, o.now())
	wantErr(t, err, control.Invalid, "at")
	c = must(o.ScheduleRequest(ctx, o.bob, c.ID, o.now().Add(time.Hour)))(t)
	check(t, o.SettleRequests(ctx))
	if o.enabled(t) {
		t.Fatal("applied before its time")
	}
	o.pass(time.Hour)
	from := o.head(t).Size
	for range 3 {
		check(t, o.under(must(policy.Default())(t)).SettleRequests(ctx))
	}
	diff(t, "records", []string{"flag.env.enable", "cr.apply"}, types(o.since(t, from)))
	diff(t, "by", "sys:scheduler", must(o.Request(ctx, root, c.ID))(t).AppliedBy)
}

func TestCR09SuspendedOrNothing(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	berlin := &gate.Calendar{TimeZone: "Europe/Berlin", Windows: []gate.ChangeWindow{{Days: []string{"sun"}, From: "11:00", To: "13:00"}}}
	for name, tt := range map[string]struct {
		calendar *gate.Calendar
		meddle   func(o *office) error
		want     control.RequestState
	}{
		"too late for its window": {berlin, func(o *office) error { o.pass(3 * time.Hour); return nil }, control.RequestSuspended},
		"its scheduler is gone": {nil, func(o *office) error {
			_, err := o.world.EditAccount(ctx, root, o.bob.ID, control.AccountEdit{Disabled: new(true)})
			return err
		}, control.RequestSuspended},
		"the base moved": {nil, func(o *office) error {
			_, err := o.AddStrategy(ctx, root, production, rollout("5"))
			return err
		}, control.RequestStale},
		"its time is over": {nil, func(o *office) error { o.pass(control.RequestLife); return nil }, control.RequestExpired},
	} {
		o := newOffice(t, "")
		p := proposing(o.bot)
		p.Proposal.Calendar = tt.calendar
		v, err := o.SetEnabled(ctx, p, production, true)
		c := o.proposed(t, v, err)
		c = must(o.ApproveRequest(ctx, o.bob, c.ID, c.Digest, ""))(t)
		if tt.calendar != nil { // Sunday, 10:00 UTC is 11:00 in Berlin, and 12:30 UTC is too late
			_, err := o.ScheduleRequest(ctx, o.bob, c.ID, o.now().Add(150*time.Minute))
			wantCode(t, err, "calendar_closed")
		}
		must(o.ScheduleRequest(ctx, o.bob, c.ID, o.now().Add(time.Hour)))(t)
		check(t, tt.meddle(o))
		for range 2 {
			check(t, o.SettleRequests(ctx))
		}
		if got := must(o.Request(ctx, root, c.ID))(t); got.State != tt.want || o.enabled(t) {
			t.Errorf("%s: %s (%s), on %v", name, got.State, got.Note, o.enabled(t))
		}
	}
}

// TestCR10: a bypass is loud, needs its reason, and is reviewed by another.
func TestCR10Bypass(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	ctx := t.Context()
	c := o.enabling(t)
	const reason = "production is burning and nobody answers"
	bypass := func(p control.Principal, reason, reference string) error {
		return err2(o.BypassRequest(ctx, p, c.ID, c.Digest, reason, reference))
	}
	wantErr(t, bypass(o.bob, reason, "INC-1"), control.Denied, "") // increases in production
	glass := must(o.world.CreateAccount(ctx, root, control.Account{Kind: control.KindHuman, Name: "glass", Username: "bg-1", Role: control.RoleAdmin, BreakGlass: true}))(t)
	emergency := person(glass.ID)
	wantErr(t, bypass(emergency, "hurry", "INC-1"), control.Invalid, "reason")
	wantErr(t, bypass(emergency, reason, ""), control.Invalid, "reference")
	from := o.head(t).Size
	check(t, bypass(emergency, reason, "INC-1"))
	records := o.since(t, from)
	diff(t, "records", []string{"flag.env.enable", "cr.bypass"}, types(records))
	if records[0].CR.Bypass != c.ID {
		t.Errorf("the leaf does not say that it was a bypass: %+v", records[0].CR)
	}
	c = must(o.Request(ctx, root, c.ID))(t)
	diff(t, "state", control.RequestReviewDue, c.State)
	diff(t, "due", o.now().Add(control.ReviewWithin), c.Bypass.DueAt)
	for _, p := range []control.Principal{emergency, o.ann, o.bot} {
		if _, err := o.ReviewRequest(ctx, p, c.ID, "fine"); err == nil {
			t.Errorf("%s reviewed it", p.ID)
		}
	}
	diff(t, "state", control.RequestReviewed, must(o.ReviewRequest(ctx, o.bob, c.ID, "it was right"))(t).State)
}

// TestCR03AppliedOnce: of 50 that apply it at the same time, one does.
func TestCR03AppliedOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	c := o.approved(t)
	from := o.head(t).Size
	var applied atomic.Int32
	var g errgroup.Group
	for range 50 {
		g.Go(func() error {
			_, err := o.ApplyRequest(t.Context(), o.bob, c.ID)
			if err == nil {
				applied.Add(1)
			} else if code(err) != "not_now" {
				return err
			}
			return nil
		})
	}
	check(t, g.Wait())
	diff(t, "how many have applied it", 1, int(applied.Load()))
	diff(t, "records", []string{"flag.env.enable", "cr.apply"}, types(o.since(t, from)))
}

// TestReducingNeverWaits (I5): while a request is open, and approved, whoever
// may switch the flag off does.
func TestReducingNeverWaits(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	c := o.approved(t)
	must(o.ApplyRequest(t.Context(), o.bob, c.ID))(t)
	v, err := o.AddStrategy(t.Context(), proposing(o.bot), production, rollout("50"))
	o.proposed(t, v, err)
	check(t, err2(o.SetEnabled(t.Context(), o.bot, production, false)))
}

// TestRequestTexts: drafts, comments, rejections, and what they must say.
func TestRequestTexts(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	ctx := t.Context()
	p := proposing(o.bot)
	p.Proposal.Draft = true
	v, err := o.SetEnabled(ctx, p, production, true)
	c := o.proposed(t, v, err)
	diff(t, "state", control.RequestDraft, c.State)
	_, err = o.ApproveRequest(ctx, o.bob, c.ID, c.Digest, "")
	wantCode(t, err, "not_now")
	must(o.SubmitRequest(ctx, o.bot, c.ID, ""))(t)
	_, err = o.CommentRequest(ctx, o.bob, c.ID, " ")
	wantErr(t, err, control.Invalid, "comment")
	c = must(o.CommentRequest(ctx, o.bob, c.ID, "why now?"))(t)
	diff(t, "comments", 1, len(c.Comments))
	_, err = o.RejectRequest(ctx, o.bob, c.ID, c.Digest, "")
	wantErr(t, err, control.Invalid, "comment")
	c = must(o.RejectRequest(ctx, o.bob, c.ID, c.Digest, "not before Monday"))(t)
	diff(t, "state", control.RequestRejected, c.State)
	diff(t, "open ones", 0, len(must(o.Requests(ctx, root, true))(t)))
	diff(t, "all", 1, len(must(o.Requests(ctx, root, false))(t)))

	p.Proposal.Title = ""
	_, err = o.SetEnabled(ctx, p, production, true)
	wantErr(t, err, control.Invalid, "title")
	_, err = o.ApplyConfiguration(ctx, proposing(o.bot), control.Configuration{}, "")
	wantErr(t, err, control.Invalid, "ops")
}
