package openfeature

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	of "github.com/open-feature/go-sdk/openfeature"

	"github.com/lockflight/lockflight/sdk/eval"
)

func TestContext(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name string
		flat of.FlattenedContext
		want eval.Context
	}{
		{"nil", nil, eval.Context{}},
		{
			"targeting key",
			of.FlattenedContext{of.TargetingKey: "u1"},
			eval.Context{UserID: "u1", Properties: map[string]string{of.TargetingKey: "u1"}},
		},
		{
			"user beside it",
			of.FlattenedContext{of.TargetingKey: "conv-1", "userId": 42},
			eval.Context{UserID: "42", Properties: map[string]string{of.TargetingKey: "conv-1"}},
		},
		{
			"fields",
			of.FlattenedContext{
				"sessionId": "s", "remoteAddress": "10.0.0.1", "environment": "staging", "appName": "web", "currentTime": noon,
			},
			eval.Context{SessionID: "s", RemoteAddress: "10.0.0.1", Environment: "staging", AppName: "web", CurrentTime: noon},
		},
		{"time as text", of.FlattenedContext{"currentTime": "2026-11-22T12:00:00Z"}, eval.Context{CurrentTime: noon}},
		{"no time", of.FlattenedContext{"currentTime": nil}, eval.Context{}},
		{
			"properties",
			of.FlattenedContext{
				"s": "x", "b": true, "i": -3, "i64": int64(1) << 60, "u8": uint8(7), "f": 0.25, "big": 1e21, "t": noon,
				"list": []string{"a"}, "map": map[string]any{"k": 1}, "nil": nil, "none": func() {},
			},
			eval.Context{Properties: map[string]string{
				"s": "x", "b": "true", "i": "-3", "i64": "1152921504606846976", "u8": "7", "f": "0.25", "big": "1000000000000000000000",
				"t": "2026-11-22T12:00:00Z", "list": `["a"]`, "map": `{"k":1}`,
			}},
		},
	} {
		got, err := contextOf(tc.flat)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
	if _, err := contextOf(of.FlattenedContext{"currentTime": 12}); err == nil {
		t.Error("no error for a time that is none")
	}
}
