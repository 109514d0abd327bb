package otel_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/log/noop"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
	"github.com/lockflight/lockflight/sdk/otel"
	"github.com/lockflight/lockflight/sdk/otel/internal/eventtest"
)

const scope = "github.com/lockflight/lockflight/sdk/otel"

// router is a flag behind which a release treats a fifth of the users.
const router = `{"version": 2, "meta": {"revisionId": 7}, "features": [{"name": "router", "enabled": true, "strategies": [
	{"name": "flexibleRollout", "parameters": {"rollout": "20", "stickiness": "userId", "groupId": "r1", "release": "r1"}}]}]}`

func TestExposures(t *testing.T) {
	t.Parallel()
	provider, exported := eventtest.New(t)
	c, err := sdk.New(t.Context(), sdk.Options{
		Bootstrap: []byte(router), Environment: "production", Build: "b2", OnExposure: otel.NewHook(provider).OnExposure,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var want []eventtest.Event
	for _, user := range []string{"u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8", "u1", "u2"} {
		ec := &eval.Context{UserID: user}
		arm := eval.ArmOf("r1", user, 20)
		if c.Bool("router", ec, false) != (arm == eval.Treatment) {
			t.Fatalf("%s is not in %s", user, arm)
		}
		build := map[string]string{eval.Treatment: "b2", eval.Control: "control"}[arm]
		if build == "" || len(want) > 0 && want[0].Attributes["feature_flag.context.id"] == user {
			continue
		}
		want = append(want, eventtest.Event{Name: "feature_flag.evaluation", Scope: scope, Dated: true, Attributes: map[string]any{
			"feature_flag.key":            "router",
			"feature_flag.result.variant": arm,
			"feature_flag.result.reason":  "split",
			"feature_flag.context.id":     user,
			"feature_flag.provider.name":  "lockflight",
			"feature_flag.set.id":         "production",
			"feature_flag.version":        "7",
			"lockflight.build.id":         build,
		}})
	}
	if len(want) < 2 {
		t.Fatalf("%d of the users are in an arm: the test shows nothing", len(want))
	}
	if diff := cmp.Diff(want, exported.Events()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Without a version there is none, and where nobody listens nothing is made.
func TestUnknowns(t *testing.T) {
	t.Parallel()
	provider, exported := eventtest.New(t)
	otel.NewHook(provider).OnExposure(sdk.Exposure{Flag: "f", Arm: eval.Control, Unit: "u1"})
	otel.NewHook(noop.NewLoggerProvider()).OnExposure(sdk.Exposure{Flag: "f"})
	want := []eventtest.Event{{Name: "feature_flag.evaluation", Scope: scope, Dated: true, Attributes: map[string]any{
		"feature_flag.key": "f", "feature_flag.result.variant": "control", "feature_flag.result.reason": "split",
		"feature_flag.context.id": "u1", "feature_flag.provider.name": "lockflight",
	}}}
	if diff := cmp.Diff(want, exported.Events()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
