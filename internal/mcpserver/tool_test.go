package mcpserver_test

import (
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

var checkout = m{"name": "checkout-v2", "type": "release", "description": "the new checkout with one page"}

func TestFlagThroughDevelopment(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	c := p.connect(t, p.agent)
	before := p.size(t)
	planned := c.ok("create_flag", m{"name": "checkout-v2", "type": "release", "description": "x", "dryRun": true})
	diff(t, "status", any("planned"), planned["status"])
	diff(t, "records of a rehearsal", before, p.size(t))

	made := c.ok("create_flag", checkout)
	diff(t, "status", any("done"), made["status"])
	again := c.ok("create_flag", checkout)
	diff(t, "the same again", made, again)
	c.refused("invalid_argument", "create_flag", m{"name": "checkout-v2", "type": "experiment", "description": "another"})

	day := time.Now().AddDate(0, 0, 20).UTC().Format(time.DateOnly)
	lasting := c.ok("create_flag", m{"name": "lasting", "type": "release", "description": "x", "expires": day, "riskScore": 70})
	diff(t, "expires", any(day), lasting["expires"])
	f, err := p.Flag(t.Context(), root, "", "lasting")
	check(t, err)
	if f.Risk != control.RiskHigh || f.Owner == "" {
		t.Errorf("it is made with risk %q, owner %q", f.Risk, f.Owner)
	}
	c.refused("invalid_argument", "create_flag", m{"name": "late", "type": "release", "description": "x", "expires": "2020-01-01"})

	plan := c.ok("plan_change", m{"operations": []m{{"op": "enable", "featureName": "checkout-v2", "environment": "development"}}})
	diff(t, "allowed", any(true), plan["allowed"])
	diff(t, "exposure", any(100.0), plan["exposureDelta"])
	before = p.size(t)
	diff(t, "rehearsed", any("planned"), c.ok("apply_change", m{"planDigest": plan["planDigest"], "dryRun": true})["status"])
	diff(t, "records of a rehearsal", before, p.size(t))
	done := c.ok("apply_change", m{"planDigest": plan["planDigest"]})
	diff(t, "status", any("done"), done["status"])
	diff(t, "applied twice", done, c.ok("apply_change", m{"planDigest": plan["planDigest"]}))

	state := c.ok("get_flag_state", m{"featureName": "checkout-v2", "environment": "development"})
	dev := state["environments"].([]any)[0].(m)
	diff(t, "enabled", any(true), dev["enabled"])
	diff(t, "exposure", any(100.0), dev["exposurePercent"])
	diff(t, "revision", done["revision"], state["revision"])

	killed := c.ok("kill_flag", m{"featureName": "checkout-v2", "environment": "development", "reason": "it breaks"})
	diff(t, "killed", any("done"), killed["status"])
	diff(t, "after", any(0.0), killed["exposureAfter"])
	diff(t, "killed again", any("already"), c.ok("kill_flag", m{"featureName": "checkout-v2", "environment": "development", "reason": "it breaks"})["status"])
	found := c.ok("detect_flag", m{"description": "one-page checkout, second version"})
	diff(t, "found", any("checkout-v2"), found["candidates"].([]any)[0].(m)["featureName"])
	c.ok("list_stale_flags", m{})
}
