package gate

import (
	"errors"
	"testing"
	"time"
)

func TestCalendarClosed(t *testing.T) {
	t.Parallel()
	berlin := time.FixedZone("CET", 3600)
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) // a Monday
	office := Calendar{Windows: []ChangeWindow{{Days: []string{"mon", "tue"}, From: "09:00", To: "17:00"}, {Days: []string{"wed"}, From: "20:00", To: "24:00"}}}
	frozen := Calendar{Freezes: []Freeze{{From: noon, To: noon.Add(time.Hour), Reason: "sales"}}}
	for name, tc := range map[string]struct {
		calendar *Calendar
		at       time.Time
		want     string
	}{
		"none":                      {nil, noon, ""},
		"empty":                     {&Calendar{}, noon, ""},
		"in a window":               {&office, noon, ""},
		"at its first minute":       {&office, time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), ""},
		"at its end":                {&office, time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC), "outside the change windows"},
		"in the other":              {&office, time.Date(2026, 11, 25, 23, 59, 59, 0, time.UTC), ""},
		"on another day":            {&office, noon.AddDate(0, 0, 3), "outside the change windows"},
		"by the clocks of the zone": {&office, time.Date(2026, 11, 23, 16, 30, 0, 0, time.UTC).In(berlin), "outside the change windows"},
		"before a freeze":           {&frozen, noon.Add(-time.Second), ""},
		"in a freeze":               {&frozen, noon, "frozen until 2026-11-23T13:00:00Z: sales"},
		"after a freeze":            {&frozen, noon.Add(time.Hour), ""},
	} {
		if got := tc.calendar.Closed(tc.at); got != tc.want {
			t.Errorf("%s: closed %q, want %q", name, got, tc.want)
		}
	}
}

func TestCalendarValidates(t *testing.T) {
	t.Parallel()
	for calendar, field := range map[string]string{
		`{}`: "",
		`{"windows": [{"from": "09:00", "to": "17:00", "days": ["mon", "sun"]}, {"from": "00:00", "to": "24:00"}]}`: "",
		`{"windows": [{"from": "9:00", "to": "17:00"}]}`:                                                            "calendar.windows[0].from",
		`{"windows": [{"from": "24:00", "to": "24:00"}]}`:                                                           "calendar.windows[0].to",
		`{"windows": [{"from": "22:00", "to": "04:00"}]}`:                                                           "calendar.windows[0].to",
		`{"windows": [{"from": "09:00", "to": "noon"}]}`:                                                            "calendar.windows[0].to",
		`{"windows": [{"from": "09:00", "to": "17:00", "days": ["mon", "Tue"]}]}`:                                   "calendar.windows[0].days[1]",
		`{"freezes": [{"to": "2026-11-23T13:00:00Z"}]}`:                                                             "calendar.freezes[0].from",
		`{"freezes": [{"from": "2026-11-23T13:00:00Z", "to": "2026-11-23T13:00:00Z"}]}`:                             "calendar.freezes[0].to",
		`{"freezes": [{"from": "2026-11-23T13:00:00Z", "to": "2026-11-23T14:00:00Z"}], "x":1}`:                      "calendar",
	} {
		_, err := ParsePlan([]byte(`{"kind": "ReleasePlan", "policy": "agent-default", "milestones": [{"percent": 10}, {"percent": 100}], "calendar": ` + calendar + `}`))
		var at string
		if f, ok := errors.AsType[*FieldError](err); ok {
			at = f.Field
		}
		if (err == nil) != (field == "") || field != "" && at[:min(len(at), len(field))] != field {
			t.Errorf("%s: %v, want a fault of %q", calendar, err, field)
		}
	}
}

// TestIncreasesWait holds what would be promoted, and nothing else.
func TestIncreasesWait(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	for name, tc := range map[string]struct {
		state   State
		verdict Verdict
		reason  string
	}{
		"frozen":              {State{Operator: OperatorFreeze}, Hold, OperatorFrozen},
		"awaits an approval":  {State{AwaitsApprovals: 1}, Hold, ApprovalMissing},
		"both":                {State{AwaitsApprovals: 1, Operator: OperatorFreeze}, Hold, OperatorFrozen},
		"neither":             {State{}, Promote, AllPass},
		"less than none":      {State{AwaitsApprovals: -1}, Hold, SnapshotInvalid},
		"awaits, and is dead": {State{AwaitsApprovals: 1, Operator: OperatorKill}, Rollback, OperatorKilled},
	} {
		tc.state.ElapsedSeconds, tc.state.PriorPasses = 1e5, 5
		d := Decide(p, healthy(900), tc.state)
		if d.Verdict != tc.verdict || d.Reason != tc.reason {
			t.Errorf("%s: %s %s, want %s %s", name, d.Verdict, d.Reason, tc.verdict, tc.reason)
		}
		if waits := tc.reason == OperatorFrozen || tc.reason == ApprovalMissing; waits && len(d.Needs) == 0 {
			t.Errorf("%s: nothing says what it waits for", name)
		}
	}
}
