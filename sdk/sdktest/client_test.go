package sdktest_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
	"github.com/lockflight/lockflight/sdk/sdktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// answer is what an application might do with flags.
func answer(flags *sdk.Client, user string) string {
	ec := &eval.Context{UserID: user}
	said := "old"
	if flags.Bool("router", ec, false) {
		said = "new"
	}
	flags.Track("task_success_rate", ec, sdk.Pass(said == "new"), sdk.Case("case-"+user))
	return said
}

func TestSet(t *testing.T) {
	t.Parallel()
	c := sdktest.New(t, map[string]any{"router": true, "model": "careful", "ada": eval.Flag{
		Enabled: true, Strategies: []eval.Strategy{{Name: "userWithId", Parameters: eval.Parameters{"userIds": "ada"}}},
	}})
	if got := answer(c.Client, "ada"); got != "new" {
		t.Errorf("answer = %s", got)
	}
	if v := c.Variant("model", nil); v.Name != "careful" || !v.Enabled {
		t.Errorf("model = %+v", v)
	}
	if !c.Bool("ada", &eval.Context{UserID: "ada"}, false) || c.Bool("ada", &eval.Context{UserID: "bob"}, true) {
		t.Error("the flag ada is not for ada alone")
	}
	c.Set("router", false)
	if got := answer(c.Client, "ada"); got != "old" {
		t.Errorf("answer = %s, want that of a flag that is off", got)
	}
	c.Remove("router")
	if !c.Bool("router", nil, true) {
		t.Error("a flag that is gone does not give its fallback")
	}
}

func TestSetVariant(t *testing.T) {
	t.Parallel()
	c := sdktest.New(t, nil)
	for _, tc := range []struct {
		payload any
		want    *eval.Payload
	}{
		{nil, nil},
		{"model-b", &eval.Payload{Type: "string", Value: "model-b"}},
		{3, &eval.Payload{Type: "json", Value: "3"}},
		{map[string]any{"temperature": 0.2}, &eval.Payload{Type: "json", Value: `{"temperature":0.2}`}},
	} {
		c.SetVariant("model", "careful", tc.payload)
		want := eval.Variant{Name: "careful", Enabled: true, FeatureEnabled: true, Payload: tc.want}
		if diff := cmp.Diff(want, c.Variant("model", nil)); diff != "" {
			t.Errorf("payload %v (-want +got):\n%s", tc.payload, diff)
		}
	}
}

func TestRelease(t *testing.T) {
	t.Parallel()
	c := sdktest.New(t, nil)
	c.SetRelease("router", "r1", 10)
	treated, compared, rest := c.User("router", eval.Treatment, 0), c.User("router", eval.Control, 1), c.User("router", eval.Rest, 0)
	for range 2 {
		if answer(c.Client, treated.UserID) != "new" || answer(c.Client, compared.UserID) != "old" || answer(c.Client, rest.UserID) != "old" {
			t.Error("the release does not serve its arms")
		}
	}
	exposure := sdk.Exposure{
		Flag: "router", Release: "r1", Environment: sdktest.Environment, Arm: eval.Treatment,
		Unit: treated.UserID, Build: sdktest.Build, Seq: c.Stats().Seq,
	}
	other := exposure
	other.Arm, other.Unit, other.Build = eval.Control, compared.UserID, "control"
	if diff := cmp.Diff([]sdk.Exposure{exposure, other}, c.Exposures()); diff != "" {
		t.Errorf("exposures (-want +got):\n%s", diff)
	}
	if got := c.Tracked(); len(got) != 6 || got[0].Outcome != sdk.Pass(true) || got[0].Case != "case-"+treated.UserID {
		t.Errorf("tracked = %+v", got)
	}
	c.SetRelease("router", "r1", 100)
	if answer(c.Client, rest.UserID) != "new" {
		t.Error("a release at 100 % does not treat everybody")
	}
}

// spy is a test that fails without ending this one. Calls of what it does not
// have panic.
type spy struct {
	testing.TB
	said string
}

func (s *spy) Helper() {}

func (s *spy) Fatalf(format string, args ...any) {
	s.said = fmt.Sprintf(format, args...)
	panic(s)
}

func TestMistakesFailTheTest(t *testing.T) {
	t.Parallel()
	for want, mistake := range map[string]func(testing.TB){
		"sdktest: f is a int: want a bool, the name of a variant, or an eval.Flag": func(t testing.TB) {
			sdktest.New(t, map[string]any{"f": 1})
		},
		"sdktest: flag f: is off, because it does not compile: strategy 0 (default): segment 9 is missing": func(t testing.TB) {
			sdktest.New(t, map[string]any{"f": eval.Flag{Enabled: true, Strategies: []eval.Strategy{{Name: "default", Segments: []int{9}}}}})
		},
		"sdktest: the payload of f: json: unsupported type: func()": func(t testing.TB) {
			sdktest.New(t, nil).SetVariant("f", "v", func() {})
		},
		"sdktest: no such user is in control of a release behind f": func(t testing.TB) {
			sdktest.New(t, map[string]any{"f": true}).User("f", eval.Control, 0)
		},
	} {
		s := &spy{TB: t}
		func() {
			defer func() { recover() }()
			mistake(s)
		}()
		if s.said != want {
			t.Errorf("said %q, want %q", s.said, want)
		}
	}
}
