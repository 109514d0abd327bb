package mcpserver_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/mcpserver"
)

// proposals are change requests that are kept here: what was proposed, and what
// became of it.
type proposals struct {
	made []string
	one  mcpserver.Proposed
}

func (p *proposals) Propose(_ context.Context, who control.Principal, title, why string, write func(control.Principal) error) (mcpserver.Proposed, error) {
	if err := write(who); err == nil {
		return mcpserver.Proposed{}, fmt.Errorf("%s was carried out", title)
	}
	p.made = append(p.made, title+": "+why)
	return p.one, nil
}

func (p *proposals) Proposed(context.Context, control.Principal, string) (mcpserver.Proposed, error) {
	return p.one, nil
}

// TestPendingApproval: what takes a person is proposed once; asking again says how
// it stands and does nothing.
func TestPendingApproval(t *testing.T) {
	t.Parallel()
	with := &proposals{one: mcpserver.Proposed{ID: "cr-1", Needs: []string{"1 more person"}}}
	p := newPlane(t, func(o *mcpserver.Options) { o.Proposals = with })
	c := p.connect(t, p.agent)
	c.ok("create_flag", checkout)
	plan := c.ok("plan_change", m{"operations": []m{{"op": "enable", "featureName": "checkout-v2", "environment": "production"}}})
	head := p.size(t)
	c.refused("denied_by_policy", "apply_change", m{"planDigest": plan["planDigest"], "dryRun": true})
	args := m{"planDigest": plan["planDigest"], "reason": "it is\u202e tested"}
	first := c.ok("apply_change", args)
	want := m{"status": "pending_approval", "changeRequest": m{
		"id": "cr-1", "url": p.url + "/approvals/cr-1", "cli": "lockflight approve cr-1", "needs": []any{"1 more person"},
	}}
	diff(t, "answer", want, first)
	for range 3 {
		diff(t, "asked again", want, c.ok("apply_change", args))
	}
	release := m{"featureName": "checkout-v2", "environment": "production", "build": "b2", "plan": "agent"}
	for range 2 {
		diff(t, "release", any("pending_approval"), c.ok("start_release", release)["status"])
	}
	diff(t, "proposed", []string{"Change of checkout-v2: it is tested", "Release of b2 behind checkout-v2 in production: "}, with.made)
	diff(t, "records", head, p.size(t))

	with.one.Applied = true
	diff(t, "applied", any("done"), c.ok("apply_change", args)["status"])
	with.one = mcpserver.Proposed{ID: "cr-1", Ended: "rejected"}
	c.refused("conflict", "apply_change", args)
	c.refused("plan_expired", "apply_change", args)
	c.refused("conflict", "start_release", release)
}
