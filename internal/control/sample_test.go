package control_test

import (
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
)

// A sample is the same for the same seed, and holds what its records name.
func TestSampleChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	prod := control.Ref{Project: "blue", Flag: "blue-flag", Environment: "production"}
	for i := range 10 {
		w.pass(time.Minute)
		_, err := w.SetEnabled(t.Context(), root, prod, i%2 == 0)
		check(t, err)
	}
	in := control.Sample{Environment: "production", Since: begin.Add(time.Second), Size: 4, Seed: "s"}
	first, of, err := w.SampleChanges(t.Context(), root, in)
	check(t, err)
	again, _, err := w.SampleChanges(t.Context(), root, in)
	check(t, err)
	diff(t, "the same seed", first, again)
	if of != 10 || len(first) != 4 {
		t.Errorf("%d of %d changes, want 4 of 10", len(first), of)
	}
	for i, c := range first {
		r := must(audit.Decode(c.Record))(t)
		if r.Seq != c.Seq || i > 0 && c.Seq <= first[i-1].Seq || r.Res.H1 != audit.Sum(c.After) || r.Res.H0 != "" && r.Res.H0 != audit.Sum(c.Before) || len(c.Differences) == 0 {
			t.Errorf("change %d is not what its record says", c.Seq)
		}
	}
	in.Until = begin.Add(3*time.Minute + time.Second)
	if _, of, err := w.SampleChanges(t.Context(), root, in); of != 3 || err != nil {
		t.Errorf("%d changes (%v) in three minutes, want 3", of, err)
	}
	for field, bad := range map[string]control.Sample{
		"environment": {Size: 1, Seed: "s"}, "sample": {Environment: "e", Size: control.MaxSample + 1, Seed: "s"}, "seed": {Environment: "e", Size: 1},
	} {
		_, _, err := w.SampleChanges(t.Context(), root, bad)
		wantErr(t, err, control.Invalid, field)
	}
	_, _, err = w.SampleChanges(t.Context(), may(control.Scope{}, control.PermRead), in)
	wantErr(t, err, control.Denied, "audit.read")
}
