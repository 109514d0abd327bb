package sdk_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

func document(t testing.TB, seq int64, flags ...eval.Flag) []byte {
	t.Helper()
	b, err := json.Marshal(eval.Snapshot{Version: 2, Features: flags, Meta: &eval.Meta{RevisionID: seq}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestLoad(t *testing.T) {
	t.Parallel()
	changed, wait := signal(t)
	c, err := sdk.New(t.Context(), sdk.Options{Bootstrap: document(t, 1, off("a")), OnChanged: changed})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	wait()
	if err := c.Load(t.Context(), document(t, 2, on("a"))); err != nil {
		t.Fatal(err)
	}
	if !c.Bool("a", nil, false) || c.Stats().Seq != 2 {
		t.Errorf("a is off, %+v", c.Stats())
	}
	wait()
	if err := c.Load(t.Context(), []byte("{")); err == nil || !c.Bool("a", nil, false) {
		t.Errorf("a broken document: error %v, a = %v", err, c.Bool("a", nil, false))
	}
	if err := open(t, newServer(t)).Load(t.Context(), document(t, 1)); err == nil {
		t.Error("no error from a client that follows a server")
	}
}

// The callbacks see exposures and outcomes without a server too.
func TestObservedOffline(t *testing.T) {
	t.Parallel()
	f := released("f", "r1", 20)
	var exposures []sdk.Exposure
	var tracked []sdk.Tracked
	c, err := sdk.New(t.Context(), sdk.Options{
		Bootstrap: document(t, 7, f), Environment: "production", AppName: "checkout", Build: "b2",
		OnExposure: func(e sdk.Exposure) { exposures = append(exposures, e) },
		OnTrack:    func(o sdk.Tracked) { tracked = append(tracked, o) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	treated, compared, rest := inArm(t, f, eval.Treatment, 0), inArm(t, f, eval.Control, 0), inArm(t, f, eval.Rest, 0)
	for range 3 {
		for _, ec := range []*eval.Context{treated, compared, rest, nil} {
			c.Bool("f", ec, false)
		}
	}
	exposure := sdk.Exposure{Flag: "f", Release: "r1", Environment: "production", Arm: "treatment", Unit: treated.UserID, Build: "b2", Seq: 7}
	other := exposure
	other.Arm, other.Unit, other.Build = "control", compared.UserID, "control"
	if diff := cmp.Diff([]sdk.Exposure{exposure, other}, exposures); diff != "" {
		t.Errorf("exposures (-want +got):\n%s", diff)
	}
	if got := c.Stats().ObservationsQueued; got != 0 {
		t.Errorf("%d observations wait for a server that there is not", got)
	}

	c.Track("task_success_rate", rest, sdk.Pass(true), sdk.Case("c1"), sdk.Flag("f"), sdk.Build("b3"))
	c.Track("task_success_rate", rest, sdk.Outcome{})
	want := []sdk.Tracked{{
		Signal: "task_success_rate", Outcome: sdk.Pass(true), Case: "c1", Flag: "f", Build: "b3",
		Context: eval.Context{UserID: rest.UserID, AppName: "checkout", Environment: "production"},
	}}
	if diff := cmp.Diff(want, tracked, cmp.Comparer(func(a, b sdk.Outcome) bool { return a == b })); diff != "" {
		t.Errorf("tracked (-want +got):\n%s", diff)
	}
	if got := c.Stats().ObservationsRejected; got != 1 {
		t.Errorf("%d outcomes rejected, want the zero one", got)
	}
}
