package sdk_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

// What Decide says is of one evaluation, and is counted and reported as
// Variant's is.
func TestDecide(t *testing.T) {
	t.Parallel()
	f := released("f", "r1", 20)
	f.Strategies[0].Parameters["build"] = "b7"
	s := newServer(t, f, off("plain"))
	c := open(t, s)
	if got := c.Decide("f", nil); got.Source != sdk.SourceNone && got.Source != sdk.SourceServer {
		t.Errorf("source = %s", got.Source)
	}
	ready(t, c)
	flush(t, c)
	treated, compared := inArm(t, f, eval.Treatment, 0), inArm(t, f, eval.Control, 0)
	server := sdk.Decision{Environment: "development", Source: sdk.SourceServer, Seq: 1}
	for _, tc := range []struct {
		flag string
		ec   *eval.Context
		want func(*sdk.Decision)
	}{
		{"f", treated, func(d *sdk.Decision) {
			d.Decision = eval.Decision{
				Variant: eval.Variant{Name: "treatment", Enabled: true, FeatureEnabled: true},
				Reason:  eval.ReasonMatch, Basis: eval.BasisSplit,
			}
			d.Release, d.Build = eval.Assignment{Release: "r1", Arm: eval.Treatment, Unit: treated.UserID, Percent: 20}, "b7"
		}},
		{"f", compared, func(d *sdk.Decision) {
			d.Decision = eval.Decision{
				Variant: eval.Variant{Name: "disabled"}, Reason: eval.ReasonNoMatch, Basis: eval.BasisSplit, Strategy: -1,
			}
			d.Release, d.Build = eval.Assignment{Release: "r1", Arm: eval.Control, Unit: compared.UserID, Percent: 20}, "control"
		}},
		{"plain", nil, func(d *sdk.Decision) {
			d.Decision = eval.Decision{Variant: eval.Variant{Name: "disabled"}, Reason: eval.ReasonDisabled, Strategy: -1}
		}},
		{"nobody", nil, func(d *sdk.Decision) {
			d.Decision = eval.Decision{Variant: eval.Variant{Name: "disabled"}, Reason: eval.ReasonUnknown, Strategy: -1}
		}},
	} {
		want := server
		tc.want(&want)
		if diff := cmp.Diff(want, c.Decide(tc.flag, tc.ec)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.flag, diff)
		}
	}
	flush(t, c)
	if got := len(s.observations(t)); got != 2 {
		t.Errorf("%d exposures, want those of the two units", got)
	}
	reports := s.reports(t)
	want := map[string]sdk.Count{
		"f":      {Yes: 1, No: 1, Variants: map[string]uint64{"treatment": 1, "disabled": 1}},
		"plain":  {No: 1, Variants: map[string]uint64{"disabled": 1}},
		"nobody": {No: 1},
	}
	if diff := cmp.Diff(want, reports[len(reports)-1].Bucket.Toggles); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
}
