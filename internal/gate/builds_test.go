package gate

import (
	"fmt"
	"testing"
	"time"
)

// TestBuilds folds what is observed of several flags into one ledger: a unit
// counts once, each flag has its own build, and other flags are foreign.
func TestBuilds(t *testing.T) {
	t.Parallel()
	l := NewLedger(DefaultPolicy(), LedgerOptions{Flag: "a", Candidate: "a2", Environment: "prod", Builds: map[string]string{"b": "b2"}})
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		flag, arm, unit, build string
		want                   Cause
	}{
		{"a", Treatment, "u1", "a2", ""},
		{"b", Treatment, "u1", "b2", ""},
		{"b", Treatment, "u2", "b2", ""},
		{"b", Treatment, "u3", "a2", ForeignBuild},
		{"b", Control, "u4", "b2", Misassigned},
		{"b", Control, "u5", "b1", ""},
		{"c", Treatment, "u6", "a2", Foreign},
	} {
		line := fmt.Sprintf(`{"at":%q,"environment":"prod","flag":%q,"arm":%q,"unit":%q,"build":%q,"signal":"exposure"}`, at.Format(time.RFC3339), tt.flag, tt.arm, tt.unit, tt.build)
		if got := l.Add([]byte(line), at); got != tt.want {
			t.Errorf("%v: %q", tt, got)
		}
	}
	if e := l.Snapshot(at, NewProgress(at)).Exposures; e.Treatment != 2 || e.Control != 1 {
		t.Errorf("exposures %+v, want 2 and 1", e)
	}
}
