package openfeature_test

import (
	"math"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	of "github.com/open-feature/go-sdk/openfeature"
	"pgregory.net/rapid"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

// A boolean is whether the flag is on, whatever the default is.
func TestBooleanWithoutPayload(t *testing.T) {
	t.Parallel()
	red := eval.Strategy{Name: "default", Variants: []eval.WeightedVariant{{Name: "red", Weight: 1}}}
	p := offline(t, on("plain"), off(on("killed")), on("red", red), on("ada", where("userId", "ada", eval.Strategy{Name: "default"})))
	for _, tc := range []struct {
		flag    string
		want    bool
		variant string
		reason  of.Reason
	}{
		{"plain", true, "on", of.StaticReason},
		{"killed", false, "off", of.DisabledReason},
		{"red", true, "red", of.StaticReason},
		{"ada", false, "off", of.DefaultReason},
	} {
		for _, fallback := range []bool{true, false} {
			got := p.BooleanEvaluation(t.Context(), tc.flag, fallback, nil)
			if got.Value != tc.want || got.Variant != tc.variant || got.Reason != tc.reason || got.Error() != nil {
				t.Errorf("%s, default %v: %+v, want %+v", tc.flag, fallback, got, tc)
			}
		}
	}
}

func TestPayloads(t *testing.T) {
	t.Parallel()
	const (
		wrong = of.TypeMismatchCode
		bad   = of.ParseErrorCode
	)
	for _, tc := range []struct {
		kind, value string
		ask         any // the fallback
		want        any // nil for an error
		code        of.ErrorCode
	}{
		{"string", "true", false, true, ""},
		{"string", "false", true, false, ""},
		{"string", "TRUE", true, nil, wrong},
		{"json", "null", true, nil, wrong},
		{"json", `"true"`, false, true, ""},
		{"csv", "a,b", "", "a,b", ""},
		{"csv", "a,b", nil, nil, wrong},
		{"json", `"hi"`, "", "hi", ""},
		{"json", ` 12 `, int64(0), int64(12), ""},
		{"json", ` 12 `, "", nil, wrong},
		{"json", `[1,"a"]`, nil, []any{1.0, "a"}, ""},
		{"json", `{`, nil, nil, bad},
		{"json", `{`, true, nil, bad},
		{"number", " 12.0 ", int64(0), int64(12), ""},
		{"number", "1e3", int64(0), int64(1000), ""},
		{"number", "9223372036854775807", int64(0), int64(math.MaxInt64), ""},
		{"number", "9223372036854775808", int64(0), nil, wrong},
		{"number", "-9223372036854775808", int64(0), int64(math.MinInt64), ""},
		{"number", "12.5", int64(0), nil, wrong},
		{"number", "12.5", 0.0, 12.5, ""},
		{"number", "twelve", 0.0, nil, bad},
		{"number", "twelve", int64(0), nil, bad},
		{"number", "1e999", 0.0, nil, bad},
		{"number", "NaN", 0.0, nil, bad},
		{"xml", "<a/>", "", nil, bad},
	} {
		s := scenario{flag: "f", fallback: tc.ask, want: tc.want, variant: "v", reason: of.StaticReason, code: tc.code}
		if tc.code != "" {
			s.want, s.variant, s.reason = tc.ask, "", of.ErrorReason
		}
		value, details, _ := s.evaluate(t, client(t, offline(t, on("f", everybody("v", tc.kind, tc.value)))))
		got := scenario{"f", tc.ask, nil, value, details.Variant, details.Reason, details.ErrorCode}
		if diff := cmp.Diff(s, got, cmp.AllowUnexported(scenario{})); diff != "" {
			t.Errorf("%s %s as %T (-want +got):\n%s", tc.kind, tc.value, tc.ask, diff)
		}
	}
}

// No payload makes an evaluation panic, and an error serves the default.
func TestAnyPayload(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		kind := rapid.SampledFrom([]string{"string", "number", "json", "csv", "", "other"}).Draw(r, "kind")
		value := rapid.OneOf(
			rapid.String(), rapid.SampledFrom([]string{"{}", "[]", "null", "true", "1e400", "-0", "0x1p-2", `{"a":[1]}`}),
			rapid.Map(rapid.Float64(), func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }),
		).Draw(r, "value")
		p := offline(t, on("f", everybody("v", kind, value)))
		defer p.Shutdown()
		if got := p.IntEvaluation(t.Context(), "f", 13, nil); got.Error() != nil && got.Value != 13 {
			r.Fatalf("int: %+v", got)
		}
		if got := p.FloatEvaluation(t.Context(), "f", 13, nil); math.IsNaN(got.Value) || math.IsInf(got.Value, 0) || got.Error() != nil && got.Value != 13 {
			r.Fatalf("float: %+v", got)
		}
		if got := p.StringEvaluation(t.Context(), "f", "13", nil); got.Error() != nil && got.Value != "13" {
			r.Fatalf("string: %+v", got)
		}
		if got := p.BooleanEvaluation(t.Context(), "f", true, nil); got.Error() != nil && !got.Value {
			r.Fatalf("boolean: %+v", got)
		}
		if got := p.ObjectEvaluation(t.Context(), "f", 13, nil); got.Error() != nil && got.Value != 13 {
			r.Fatalf("object: %+v", got)
		}
	})
}

func TestFaults(t *testing.T) {
	t.Parallel()
	p := offline(t, on("broken", eval.Strategy{Name: "default", Segments: []int{9}}), on("fine"))
	for _, tc := range []struct {
		flag string
		flat of.FlattenedContext
		want of.ErrorCode
	}{
		{"broken", nil, of.ParseErrorCode},
		{"gone", nil, of.FlagNotFoundCode},
		{"fine", of.FlattenedContext{"currentTime": "yesterday"}, of.InvalidContextCode},
	} {
		got := p.BooleanEvaluation(t.Context(), tc.flag, true, tc.flat)
		if got.ResolutionDetail().ErrorCode != tc.want || got.Reason != of.ErrorReason || !got.Value {
			t.Errorf("%s = %+v, want %s", tc.flag, got, tc.want)
		}
	}
}

// Both arms of a release are split, and their metadata say which is which.
func TestReleaseMetadata(t *testing.T) {
	t.Parallel()
	st := rollout("20")
	st.Parameters["release"], st.Parameters["build"] = "r1", "b2"
	p := offline(t, on("f", st))
	arms := map[string]of.FlagMetadata{}
	for i := range 200 {
		user := "u" + strconv.Itoa(i)
		got := p.BooleanEvaluation(t.Context(), "f", false, of.FlattenedContext{of.TargetingKey: user})
		arm, _ := got.FlagMetadata["arm"].(string)
		if got.Reason != of.SplitReason || got.Value != (arm == eval.Treatment) || got.FlagMetadata["contextId"] != user {
			t.Fatalf("%s: %+v", user, got)
		}
		delete(got.FlagMetadata, "contextId")
		arms[arm] = got.FlagMetadata
	}
	metadata := func(arm, build string) of.FlagMetadata {
		return of.FlagMetadata{
			"source": string(sdk.SourceBootstrap), "seq": int64(7), "version": "7", "flagSetId": "production",
			"release": "r1", "arm": arm, "build": build,
		}
	}
	want := map[string]any{"treatment": metadata("treatment", "b2"), "control": metadata("control", "control"), "rest": metadata("rest", "control")}
	got := map[string]any{}
	for arm, m := range arms {
		got[arm] = m
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
