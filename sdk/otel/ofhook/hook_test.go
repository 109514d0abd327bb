package ofhook_test

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	of "github.com/open-feature/go-sdk/openfeature"
	"github.com/open-feature/go-sdk/openfeature/isolated"
	"github.com/open-feature/go-sdk/openfeature/memprovider"
	"go.opentelemetry.io/otel/trace"

	"github.com/lockflight/lockflight/sdk/otel/internal/eventtest"
	"github.com/lockflight/lockflight/sdk/otel/ofhook"
)

// An evaluation of any provider makes one event, within its trace.
func TestEvaluations(t *testing.T) {
	t.Parallel()
	provider, exported := eventtest.New(t)
	api := isolated.NewAPI()
	if err := api.SetProviderAndWait(t.Context(), memprovider.NewInMemoryProvider(map[string]memprovider.InMemoryFlag{
		"color": {State: memprovider.Enabled, DefaultVariant: "warm", Variants: map[string]any{"warm": "red"}},
	})); err != nil {
		t.Fatal(err)
	}
	api.AddHooks(ofhook.New(provider))
	c, ec := api.NewClient(), of.NewEvaluationContext("u1", nil)
	ctx := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled,
	}))
	c.String(ctx, "color", "", ec)
	c.Int(t.Context(), "gone", 3, of.EvaluationContext{})

	base := eventtest.Event{Name: "feature_flag.evaluation", Scope: "github.com/lockflight/lockflight/sdk/otel", Dated: true}
	color, gone := base, base
	color.Trace = "01000000000000000000000000000000"
	color.Attributes = map[string]any{
		"feature_flag.key": "color", "feature_flag.result.variant": "warm", "feature_flag.result.reason": "static",
		"feature_flag.context.id": "u1", "feature_flag.provider.name": "InMemoryProvider",
	}
	gone.Attributes = map[string]any{
		"feature_flag.key": "gone", "feature_flag.result.value": int64(3), "feature_flag.result.reason": "error",
		"feature_flag.provider.name": "InMemoryProvider", "error.type": "flag_not_found",
	}
	got := exported.Events()
	for _, e := range got {
		delete(e.Attributes, "feature_flag.error.message") // the provider's words
	}
	if diff := cmp.Diff([]eventtest.Event{color, gone}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What Lockflight's provider says beside an evaluation is told.
func TestDetails(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		detail of.ResolutionDetail
		value  any
		want   map[string]any // beside the flag, the provider and the context
	}{
		{
			name: "a release",
			detail: of.ResolutionDetail{Variant: "treatment", Reason: of.SplitReason, FlagMetadata: of.FlagMetadata{
				"contextId": "unit-1", "flagSetId": "production", "version": "7", "build": "b2", "release": "r1", "seq": int64(7),
			}},
			value: true,
			want: map[string]any{
				"feature_flag.result.variant": "treatment", "feature_flag.result.reason": "split", "feature_flag.context.id": "unit-1",
				"feature_flag.set.id": "production", "feature_flag.version": "7", "lockflight.build.id": "b2",
			},
		},
		{name: "no reason", value: false, want: map[string]any{"feature_flag.result.value": false, "feature_flag.result.reason": "unknown"}},
		{
			name: "an error without a code", detail: of.ResolutionDetail{Reason: of.ErrorReason, ErrorMessage: "broken"}, value: "x",
			want: map[string]any{
				"feature_flag.result.value": "x", "feature_flag.result.reason": "error", "error.type": "general", "feature_flag.error.message": "broken",
			},
		},
		{name: "a float", value: 0.5, want: map[string]any{"feature_flag.result.value": 0.5, "feature_flag.result.reason": "unknown"}},
		{name: "an object", value: map[string]any{"a": 1}, want: map[string]any{"feature_flag.result.value": `{"a":1}`, "feature_flag.result.reason": "unknown"}},
		{name: "nothing", want: map[string]any{"feature_flag.result.reason": "unknown"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			provider, exported := eventtest.New(t)
			hc := of.NewHookContext("f", of.Boolean, nil, of.ClientMetadata{}, of.Metadata{Name: "lockflight"}, of.NewEvaluationContext("u1", nil))
			ofhook.New(provider).Finally(t.Context(), hc, of.InterfaceEvaluationDetails{
				Value: tc.value, EvaluationDetails: of.EvaluationDetails{ResolutionDetail: tc.detail},
			}, of.HookHints{})
			want := map[string]any{"feature_flag.key": "f", "feature_flag.provider.name": "lockflight", "feature_flag.context.id": "u1"}
			maps.Copy(want, tc.want)
			if diff := cmp.Diff(want, exported.Events()[0].Attributes); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
