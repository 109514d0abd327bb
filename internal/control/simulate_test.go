package control_test

import (
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/policy"
)

// TestSimulatePolicy asks a stricter policy about what was done: what increased
// production's exposure would have needed approvals, what reduced it would not.
func TestSimulatePolicy(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.pass(time.Minute)
	since := o.now()
	must(o.SetEnabled(t.Context(), root, production, true))(t)
	o.pass(time.Minute)
	must(o.AddStrategy(t.Context(), root, production, rollout("60")))(t)
	o.pass(time.Minute)
	must(o.SetEnabled(t.Context(), root, production, false))(t)
	o.pass(time.Minute)
	c := o.approved(t)
	o.pass(time.Minute)
	must(o.ApplyRequest(t.Context(), o.bob, c.ID))(t)
	strict := must(policy.Parse("p.yaml", []byte(`version: 1
rules:
- {name: two-eyes, when: env.class == "prod" && change.increases_exposure, require: {approvals: 1}}
- {name: yes, when: 'true', allow: true}
`)))(t)
	got := must(o.SimulatePolicy(t.Context(), root, strict, since))(t)
	lines := []string{}
	for _, d := range got.Differs {
		lines = append(lines, d.Event+" "+string(d.Was)+" "+string(d.Is)+" "+d.Rule1)
	}
	diff(t, "looked at", 4, got.Changes)
	diff(t, "what differs", []string{"flag.env.enable allow require two-eyes", "rule.create allow require two-eyes"}, lines)
	_, err := o.SimulatePolicy(t.Context(), may(control.Scope{}, control.PermRead), strict, since)
	wantErr(t, err, control.Denied, "")
}
