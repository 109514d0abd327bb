package openfeature_test

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	of "github.com/open-feature/go-sdk/openfeature"

	"github.com/lockflight/lockflight/sdk/eval"
)

// The scenarios of the OpenFeature specification, as tables: those of its
// appendix B on evaluation (assets/gherkin, evaluation and evaluation_v2) and
// of its provider conformance kit (assets/provider-tck) on evaluation, errors
// and reasons, with their flags, values and variants. Lifecycle, events and
// tracking are in the files of these names. Left out is the reason CACHED,
// which a provider may use: this one caches nothing.

const (
	pictures = `{"showImages": true, "title": "Check out these pics!", "imagesPerPage": 100}`
	steve    = "ballmer@macrosoft.com"
	uuid     = "5c3d8535-f81a-4478-a6d3-afaa4d51199e"
)

// specification returns the flags of the specification's suites. Its targeted
// flags serve one variant to a rule's contexts and one to all that are left.
func specification() []eval.Flag {
	flags := []eval.Flag{
		on("context-aware", where("customer", "false", everybody("internal", "string", "INTERNAL")), everybody("external", "string", "EXTERNAL")),
		on("targeting-key-flag", where(of.TargetingKey, uuid, everybody("hit", "string", "hit")), everybody("miss", "string", "miss")),
		on("large-integer-flag", everybody("max-int32", "number", "2147483647")),
		on("huge-integer-flag", everybody("max-safe", "number", "9007199254740991")),
		on("wrong-flag", everybody("one", "string", "uno")),
	}
	for name, value := range map[string]struct{ variant, kind, value, zero string }{
		"boolean": {"on", "json", "true", "false"},
		"string":  {"greeting", "string", "hi", ""},
		"integer": {"ten", "number", "10", "0"},
		"float":   {"half", "number", "0.5", "0.0"},
		"object":  {"template", "json", pictures, "{}"},
	} {
		plain, zero := everybody(value.variant, value.kind, value.value), everybody("zero", value.kind, value.zero)
		flags = append(flags,
			on(name+"-flag", plain), off(on(name+"-disabled-flag", plain)),
			on(name+"-zero-flag", zero), on(name+"-targeted-zero-flag", where("email", steve, zero), zero))
	}
	return flags
}

// scenario is an evaluation and what it must resolve to. A value's Go type
// says which type is asked for.
type scenario struct {
	flag     string
	fallback any
	context  map[string]any
	want     any
	variant  string
	reason   of.Reason
	code     of.ErrorCode
}

func scenarios(t testing.TB) []scenario {
	t.Helper()
	var template any
	if err := json.Unmarshal([]byte(pictures), &template); err != nil {
		t.Fatal(err)
	}
	object := map[string]any{"a": 1}
	list := []scenario{
		{"boolean-flag", false, nil, true, "on", of.StaticReason, ""},
		{"string-flag", "bye", nil, "hi", "greeting", of.StaticReason, ""},
		{"integer-flag", int64(1), nil, int64(10), "ten", of.StaticReason, ""},
		{"float-flag", 0.1, nil, 0.5, "half", of.StaticReason, ""},
		{"object-flag", map[string]any{}, nil, template, "template", of.StaticReason, ""},
		{"large-integer-flag", int64(1), nil, int64(2147483647), "max-int32", of.StaticReason, ""},
		{"huge-integer-flag", int64(1), nil, int64(9007199254740991), "max-safe", of.StaticReason, ""},
		{"string-flag", "bye", map[string]any{of.TargetingKey: uuid}, "hi", "greeting", of.StaticReason, ""},
		{
			"context-aware", "false",
			map[string]any{"email": steve, "role": "admin", "age": 65, "customer": false},
			"INTERNAL", "internal", of.TargetingMatchReason, "",
		},
		{"context-aware", "false", nil, "EXTERNAL", "external", of.DefaultReason, ""},
		{"targeting-key-flag", "fallback", map[string]any{of.TargetingKey: uuid}, "hit", "hit", of.TargetingMatchReason, ""},
		{"targeting-key-flag", "fallback", map[string]any{of.TargetingKey: "f20bd32d"}, "miss", "miss", of.DefaultReason, ""},
		{"targeting-key-flag", "fallback", nil, "miss", "miss", of.DefaultReason, ""},
		{"boolean-disabled-flag", false, nil, false, "off", of.DisabledReason, ""},
		{"string-disabled-flag", "bye", nil, "bye", "", of.DisabledReason, ""},
		{"integer-disabled-flag", int64(1), nil, int64(1), "", of.DisabledReason, ""},
		{"float-disabled-flag", 0.1, nil, 0.1, "", of.DisabledReason, ""},
		{"object-disabled-flag", object, nil, object, "", of.DisabledReason, ""},
	}
	for _, zero := range []scenario{
		{flag: "boolean", fallback: true, want: false},
		{flag: "string", fallback: "hi", want: ""},
		{flag: "integer", fallback: int64(1), want: int64(0)},
		{flag: "float", fallback: 0.1, want: 0.0},
		{flag: "object", fallback: object, want: map[string]any{}},
	} {
		missing := zero.fallback
		list = append(list,
			scenario{zero.flag + "-zero-flag", missing, nil, zero.want, "zero", of.StaticReason, ""},
			scenario{zero.flag + "-targeted-zero-flag", missing, map[string]any{"email": steve}, zero.want, "zero", of.TargetingMatchReason, ""},
			scenario{zero.flag + "-targeted-zero-flag", missing, map[string]any{"email": "ballmer@none.com"}, zero.want, "zero", of.DefaultReason, ""},
			scenario{zero.flag + "-targeted-zero-flag", missing, map[string]any{"email": nil}, zero.want, "zero", of.DefaultReason, ""},
			scenario{zero.flag + "-targeted-zero-flag", missing, nil, zero.want, "zero", of.DefaultReason, ""},
			scenario{"missing-flag", missing, nil, missing, "", of.ErrorReason, of.FlagNotFoundCode})
	}
	// Every flag asked for as every type that it is not; a float flag's 0.5 is
	// no integer.
	for flag, fits := range map[string][]string{
		"boolean-flag": {"boolean"}, "string-flag": {"string"}, "wrong-flag": {"string"}, "integer-flag": {"integer", "float"},
		"float-flag": {"float"}, "object-flag": {"object"},
	} {
		fallbacks := map[string]any{"boolean": false, "string": "fallback", "integer": int64(13), "float": 0.1, "object": object}
		for _, kind := range fits {
			delete(fallbacks, kind)
		}
		for fallback := range maps.Values(fallbacks) {
			list = append(list, scenario{flag, fallback, nil, fallback, "", of.ErrorReason, of.TypeMismatchCode})
		}
	}
	return list
}

// evaluate asks for the type of the scenario's fallback.
func (s scenario) evaluate(t testing.TB, c *of.Client) (any, of.EvaluationDetails, error) {
	t.Helper()
	ec := of.NewTargetlessEvaluationContext(s.context)
	if key, ok := s.context[of.TargetingKey].(string); ok {
		ec = of.NewEvaluationContext(key, nil)
	}
	switch fallback := s.fallback.(type) {
	case bool:
		d, err := c.BooleanValueDetails(t.Context(), s.flag, fallback, ec)
		return d.Value, d.EvaluationDetails, err
	case string:
		d, err := c.StringValueDetails(t.Context(), s.flag, fallback, ec)
		return d.Value, d.EvaluationDetails, err
	case int64:
		d, err := c.IntValueDetails(t.Context(), s.flag, fallback, ec)
		return d.Value, d.EvaluationDetails, err
	case float64:
		d, err := c.FloatValueDetails(t.Context(), s.flag, fallback, ec)
		return d.Value, d.EvaluationDetails, err
	default:
		d, err := c.ObjectValueDetails(t.Context(), s.flag, fallback, ec)
		return d.Value, d.EvaluationDetails, err
	}
}

func TestSpecification(t *testing.T) {
	t.Parallel()
	c := client(t, offline(t, specification()...))
	for _, s := range scenarios(t) {
		value, details, err := s.evaluate(t, c)
		got := scenario{s.flag, s.fallback, s.context, value, details.Variant, details.Reason, details.ErrorCode}
		if diff := cmp.Diff(s, got, cmp.AllowUnexported(scenario{})); diff != "" {
			t.Errorf("%s as %T with %v (-want +got):\n%s", s.flag, s.fallback, s.context, diff)
		}
		failed := s.code != ""
		if (err != nil) != failed || (details.ErrorMessage != "") != failed || details.FlagKey != s.flag {
			t.Errorf("%s as %T: error %v, message %q, key %q", s.flag, s.fallback, err, details.ErrorMessage, details.FlagKey)
		}
	}
	d, err := c.BooleanValueDetails(t.Context(), "error-flag", false, of.EvaluationContext{})
	if err == nil || d.ErrorMessage != "flag error-flag not found" {
		t.Errorf("message = %q, %v", d.ErrorMessage, err)
	}
}
