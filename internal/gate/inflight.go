package gate

import (
	"strings"
	"time"
)

// The values of InFlight.OnRollback.
const (
	PinOrCut = "auto" // cut by what is severe, pin by the rest; "" is the same
	Pin      = "pin"  // conversations that began before the rollback finish on the build
	Cut      = "cut"  // they switch with their next turn
)

// InFlight says what becomes of the conversations that are under way when a
// release is rolled back.
type InFlight struct {
	OnRollback string   `json:"on_rollback"` // PinOrCut, Pin or Cut
	For        Duration `json:"for"`         // how long one may go on; 0 is 30 minutes
}

// PinnedFor is how long conversations that are under way may finish on the build
// after a rollback for a reason, 0 where they switch at once. A person's kill
// always cuts. Where the policy leaves it open, so do critical events, what is
// below its floor, and whatever concerns safety.
func (p *Policy) PinnedFor(reason string) time.Duration {
	severe := isRule(reason, "P2", "P5") || strings.Contains(reason, ":"+safetySignal)
	switch {
	case isRule(reason, "P1"), p.InFlight.OnRollback == Cut, p.InFlight.OnRollback != Pin && severe:
		return 0
	case p.InFlight.For == 0:
		return 30 * time.Minute
	}
	return time.Duration(p.InFlight.For)
}
