package gate

import (
	"testing"
	"time"
)

func TestPinnedFor(t *testing.T) {
	t.Parallel()
	const half = 30 * time.Minute
	for reason, want := range map[string]map[string]time.Duration{
		OperatorKilled:                                     {PinOrCut: 0, Pin: 0, Cut: 0},
		CriticalEvent:                                      {PinOrCut: 0, Pin: half, Cut: 0},
		of(SevereFloor, "task_success_rate"):               {PinOrCut: 0, Pin: half, Cut: 0},
		of(Regression, "evidence_coverage"):                {PinOrCut: half, Pin: half, Cut: 0},
		of(Regression, safetySignal):                       {PinOrCut: 0, Pin: half, Cut: 0},
		after(HoldTimeout, of(BelowPromote, "p95")):        {PinOrCut: half, Pin: half, Cut: 0},
		after(HoldTimeout, of(BelowPromote, safetySignal)): {PinOrCut: 0, Pin: half, Cut: 0},
		of(MissingTimeout, "evidence_coverage"):            {PinOrCut: half, Pin: half, Cut: 0},
		"DRIFT:" + safetySignal:                            {PinOrCut: 0, Pin: half, Cut: 0},
		"DRIFT:evidence_coverage":                          {PinOrCut: half, Pin: half, Cut: 0},
	} {
		for mode, long := range want {
			p := DefaultPolicy()
			p.InFlight.OnRollback = mode
			if got := p.PinnedFor(reason); got != long {
				t.Errorf("%s, by %s: %v, want %v", mode, reason, got, long)
			}
		}
	}
	var none Policy
	if none.PinnedFor(MissingTimeout) != half {
		t.Error("a policy from before this was known does not pin")
	}
}
