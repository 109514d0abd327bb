package e2e

import (
	"testing"
	"time"
)

// cuts is how often TestPowerCut cuts the power by default.
const cuts = 10

// TestPowerCut ends a server under load as a power cut does: what it had written
// and not yet synced is lost, or a part of it is. Nothing that was acknowledged
// may be missing, and the log verifies.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	d := newDisk(t, uint64(time.Now().UnixNano()))
	p := newPlane(t)
	p.data = d.path
	l := newLoad(t, p)
	l.cut = d.cut
	l.survive(t, rounds(t, cutsEnv, cuts))
	t.Logf("%d writes that were not synced were lost", d.lost)
	if d.lost == 0 {
		t.Error("no cut lost anything: every write was synced")
	}
}
