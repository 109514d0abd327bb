package openfeature_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	of "github.com/open-feature/go-sdk/openfeature"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

func TestTrack(t *testing.T) {
	t.Parallel()
	var got []sdk.Tracked
	c := client(t, started(t, sdk.Options{
		Bootstrap: document(t), OnTrack: func(o sdk.Tracked) { got = append(got, o) },
	}))
	ec := of.NewEvaluationContext("u1", map[string]any{"plan": "pro"})
	details := of.NewTrackingEventDetails
	for _, d := range []of.TrackingEventDetails{
		details(812.5),
		details(1).Add("pass", true).Add("case", "c1").Add("flag", "f").Add("build", "b2"),
		details(0).Add("pass", false),
		details(0).Add("pass", false).Add("severity", "critical"),
		details(0).Add("na", true),
		details(0).Add("pass", "yes"),
		{},
		details(-1), // no server would take it
	} {
		c.Track(t.Context(), "signal", ec, d)
	}
	c.Track(t.Context(), "", ec, details(1))
	c.Track(t.Context(), "signal", of.NewEvaluationContext("u1", map[string]any{"currentTime": "soon"}), details(1))

	want := []sdk.Tracked{
		{Outcome: sdk.Value(812.5)},
		{Outcome: sdk.Pass(true), Case: "c1", Flag: "f", Build: "b2"},
		{Outcome: sdk.Pass(false)},
		{Outcome: sdk.Critical()},
		{Outcome: sdk.NA()},
		{Outcome: sdk.Value(0)},
		{Outcome: sdk.Value(0)},
	}
	for i := range want {
		want[i].Signal = "signal"
		want[i].Context = eval.Context{UserID: "u1", Properties: map[string]string{"plan": "pro", of.TargetingKey: "u1"}}
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b sdk.Outcome) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
