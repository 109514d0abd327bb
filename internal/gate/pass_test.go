package gate

import (
	"maps"
	"testing"
	"time"
)

// TestProofless leaves a milestone that asks for no proof, and none that
// something speaks against.
func TestProofless(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	p.Evidence.MinDuration = Duration(time.Hour)
	none := NewLedger(p, LedgerOptions{}).Snapshot(time.Now(), NewProgress(time.Now()))
	good := State{Pass: ByTime, ElapsedSeconds: 3601}
	for name, tt := range map[string]struct {
		edit   func(*State, *Snapshot)
		reason string
	}{
		"its time is over":     {func(*State, *Snapshot) {}, AllPass},
		"approval":             {func(s *State, _ *Snapshot) { s.Pass = ByApproval }, AllPass},
		"too early":            {func(s *State, _ *Snapshot) { s.ElapsedSeconds = 3599 }, MinDuration},
		"not approved":         {func(s *State, _ *Snapshot) { s.AwaitsApprovals = 1 }, ApprovalMissing},
		"frozen":               {func(s *State, _ *Snapshot) { s.Operator = OperatorFreeze }, OperatorFrozen},
		"a signal is missing":  {func(_ *State, s *Snapshot) { delete(s.Signals, "safety_pass_rate") }, of(EvidenceMissing, "safety_pass_rate")},
		"a critical event":     {func(_ *State, s *Snapshot) { s.CriticalEvents = 1 }, CriticalEvent},
		"units in both arms":   {func(_ *State, s *Snapshot) { s.Exposures = Exposures{Treatment: 100, Control: 100, Multi: 50} }, MultiExposed},
		"evidence is demanded": {func(s *State, _ *Snapshot) { s.Pass = "" }, MinExposures},
	} {
		st, snapshot := good, none
		snapshot.Signals = maps.Clone(none.Signals)
		tt.edit(&st, &snapshot)
		if d := Decide(p, snapshot, st); d.Reason != tt.reason {
			t.Errorf("%s: %s, want %s", name, d.Reason, tt.reason)
		}
	}
}

func TestProoflessPlan(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ milestones, field string }{
		"no time":      {`{"percent": 5, "pass": "time", "min_duration": "0s"}, {"percent": 100}`, "milestones[0].min_duration"},
		"no approvals": {`{"percent": 5, "pass": "approval"}, {"percent": 100}`, "milestones[0].pass"},
		"fine":         {`{"percent": 5, "pass": "approval"}, {"percent": 10, "approvals": 1, "pass": "time"}, {"percent": 100}`, ""},
	} {
		p, err := parsePlan([]byte(`{"kind": "ReleasePlan", "policy": "agent-default", "milestones": [` + tt.milestones + `]}`))
		if err == nil && tt.field == "" {
			if p.MinCases(0) != 0 || p.MinCases(1) != 0 || p.PolicyAt(0).Evidence.MinDuration != 0 {
				t.Errorf("%s: asks for evidence", name)
			}
			continue
		}
		if f, ok := err.(*FieldError); !ok || f.Field != tt.field { //nolint:errorlint // not wrapped
			t.Errorf("%s: %v, want %q", name, err, tt.field)
		}
	}
}
