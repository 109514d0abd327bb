package control_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// TestCR07SecondAccount: the second account of whoever proposed a request, by an
// identity at the same provider or by e-mail, is theirs, whatever it is called.
func TestCR07SecondAccount(t *testing.T) {
	t.Parallel()
	for name, both := range map[string]control.Account{
		"by an identity": {Identities: []control.Identity{{Issuer: "https://id.example.com", Subject: "0042"}}},
		"by e-mail":      {Email: "Robert@Example.com"},
	} {
		o := newOffice(t, "")
		ctx := t.Context()
		var people []control.Principal
		for _, username := range []string{"robert", "bob2"} {
			in := both
			in.Kind, in.Username, in.Name, in.Role = control.KindHuman, username, username, control.RoleAdmin
			a, err := o.world.CreateAccount(ctx, root, in)
			if err != nil { // an identity, or an address, may be of one account alone
				wantErr(t, err, control.Exists, "")
				break
			}
			people = append(people, person(a.ID))
		}
		if len(people) < 2 {
			continue
		}
		v, err := o.SetEnabled(ctx, proposing(people[0]), production, true)
		c := o.proposed(t, v, err)
		if err := err2(o.ApproveRequest(ctx, people[1], c.ID, c.Digest, "")); code(err) != "own_request" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCR08Delegator: nobody approves what an agent proposed on their behalf, nor
// applies it by a bypass of their own.
func TestCR08Delegator(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	c := o.enabling(t)
	wantCode(t, err2(o.ApproveRequest(t.Context(), o.ann, c.ID, c.Digest, "")), "own_request")
	wantErr(t, err2(o.BypassRequest(t.Context(), o.ann, c.ID, c.Digest, "nobody else is here tonight", "INC-1")), control.Denied, "")
	wantErr(t, err2(o.ApplyRequest(t.Context(), o.ann, c.ID)), control.Conflict, "")
}

// TestCR14TwoEnvironments: what touches two environments needs the approval of
// somebody who may in each.
func TestCR14TwoEnvironments(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	ctx := t.Context()
	c := o.proposed(t, nil, o.inBoth(t, proposing(o.ann)))
	first, second := o.approver(t, "development"), o.approver(t, "production")
	c = must(o.ApproveRequest(ctx, first, c.ID, c.Digest, ""))(t)
	if c.State != control.RequestInReview || len(c.Missing) != 1 || c.Missing[0].Environment != "production" {
		t.Fatalf("by one: %s, missing %+v", c.State, c.Missing)
	}
	wantErr(t, err2(o.ApplyRequest(ctx, o.bob, c.ID)), control.Conflict, "")
	c = must(o.ApproveRequest(ctx, second, c.ID, c.Digest, ""))(t)
	diff(t, "state", control.RequestApplied, must(o.ApplyRequest(ctx, o.bob, c.ID))(t).State)
}

// approver is somebody who may approve in one environment alone.
func (o *office) approver(t *testing.T, env string) control.Principal {
	t.Helper()
	role := must(o.CreateRole(t.Context(), root, control.Role{Name: "approves in " + env, Type: control.RoleCustom, Permissions: []control.RolePermission{
		{Name: string(control.PermRead)}, {Name: string(control.PermChangeApprove), Environment: env},
	}}))(t)
	a := o.person(t, "of-"+env, control.RoleViewer)
	o.member(t, "default", a, role.ID)
	return o.signedIn(t, a)
}

// inBoth switches the green flag on in development and in production, at once.
func (o *office) inBoth(t *testing.T, p control.Principal) error {
	t.Helper()
	var in control.Configuration
	check(t, json.Unmarshal([]byte(`{"flags":[{"name":"green-flag","project":"default","environments":{
		"development":{"enabled":true,"strategies":[{"name":"default"}]},
		"production":{"enabled":true,"strategies":[{"name":"default"}]}}}]}`), &in))
	_, err := o.ApplyConfiguration(t.Context(), p, in, "")
	return err
}

// TestCR15WhatYouSee: the differences that an approver is shown are those between
// the documents that the log then has before and after.
func TestCR15WhatYouSee(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	c := o.proposed(t, nil, o.inBoth(t, proposing(o.bot)))
	must(o.ApproveRequest(t.Context(), o.bob, c.ID, c.Digest, ""))(t)
	must(o.ApplyRequest(t.Context(), o.bob, c.ID))(t)
	check(t, o.db.View(t.Context(), func(tx control.ReadTx) error {
		for i, op := range c.Ops {
			docs := [2]any{}
			for j := range docs {
				r, err := tx.Revision(op.Base.Kind, op.Base.Key, op.Base.Rev+int64(j))
				if err != nil {
					if j == 0 && op.Base.Rev == 0 {
						continue
					}
					return err
				}
				docs[j] = json.RawMessage(r.Doc)
			}
			made, err := control.Differences(docs[0], docs[1])
			if err != nil {
				return err
			}
			diff(t, op.Base.Key, c.Changes[i].Differences, made)
		}
		return nil
	}))
}

// TestCR09ClockChange: a window is in local time, before and after the clocks
// change; what is due in a freeze is suspended, and a restart changes nothing.
func TestCR09ClockChange(t *testing.T) {
	t.Parallel()
	berlin := &gate.Calendar{TimeZone: "Europe/Berlin", Windows: []gate.ChangeWindow{{Days: []string{"sun"}, From: "11:00", To: "12:00"}}}
	for name, tt := range map[string]struct {
		now  time.Time
		at   time.Time
		want control.RequestState
	}{
		"in winter":           {time.Date(2026, 3, 22, 9, 0, 0, 0, time.UTC), time.Date(2026, 3, 22, 10, 30, 0, 0, time.UTC), control.RequestApplied},
		"clocks went forward": {time.Date(2026, 3, 28, 9, 0, 0, 0, time.UTC), time.Date(2026, 3, 29, 9, 30, 0, 0, time.UTC), control.RequestApplied},
		"an hour too late":    {time.Date(2026, 3, 28, 9, 0, 0, 0, time.UTC), time.Date(2026, 3, 29, 10, 30, 0, 0, time.UTC), control.RequestApproved},
		"clocks went back":    {time.Date(2026, 10, 24, 9, 0, 0, 0, time.UTC), time.Date(2026, 10, 25, 10, 30, 0, 0, time.UTC), control.RequestApplied},
	} {
		o := newOffice(t, "")
		ctx := t.Context()
		o.pass(tt.now.Sub(o.now()))
		p := proposing(o.bot)
		p.Proposal.Calendar = berlin
		v, err := o.SetEnabled(ctx, p, production, true)
		c := o.proposed(t, v, err)
		c = must(o.ApproveRequest(ctx, o.bob, c.ID, c.Digest, ""))(t)
		if _, err := o.ScheduleRequest(ctx, o.bob, c.ID, tt.at); (err == nil) != (tt.want == control.RequestApplied) {
			t.Errorf("%s: scheduled: %v", name, err)
		}
		o.pass(tt.at.Sub(o.now()))
		for range 2 { // another replica, or this one after a restart
			check(t, o.replica().SettleRequests(ctx))
		}
		if got := must(o.Request(ctx, root, c.ID))(t); got.State != tt.want {
			t.Errorf("%s: %s (%s), want %s", name, got.State, got.Note, tt.want)
		}
	}
}
