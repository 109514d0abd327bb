package openfeature

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	of "github.com/open-feature/go-sdk/openfeature"

	"github.com/lockflight/lockflight/sdk/eval"
)

// number is the text of a payload that is a number.
type number string

// boolean reads whether a flag is on, or a payload that is a boolean. Without
// a variant there are two: on and off.
func boolean(v eval.Variant, fallback bool) (value bool, variant string, err error) {
	switch {
	case !v.FeatureEnabled:
		return false, "off", nil
	case !v.Enabled:
		return true, "on", nil
	case v.Payload == nil:
		return true, v.Name, nil
	}
	content, err := parse(v)
	if err != nil {
		return fallback, "", err
	}
	switch content {
	case true, "true":
		return true, v.Name, nil
	case false, "false":
		return false, v.Name, nil
	}
	return fallback, "", mismatch(v, content, "a boolean")
}

// reading returns a reader of payloads. A flag that is off has none: it serves
// the fallback, and no variant.
func reading[T any](convert func(v eval.Variant, content any) (T, error)) reader[T] {
	return func(v eval.Variant, fallback T) (T, string, error) {
		if !v.FeatureEnabled {
			return fallback, "", nil
		}
		content, err := parse(v)
		if err != nil {
			return fallback, "", err
		}
		value, err := convert(v, content)
		if err != nil {
			return fallback, "", err
		}
		return value, v.Name, nil
	}
}

func text(v eval.Variant, content any) (string, error) {
	if s, ok := content.(string); ok {
		return s, nil
	}
	return "", mismatch(v, content, "a string")
}

func float(v eval.Variant, content any) (float64, error) {
	n, ok := content.(number)
	if !ok {
		return 0, mismatch(v, content, "a float")
	}
	return n.float(v)
}

// integer reads a whole number, digit by digit where it is written so: beyond
// 2^53 a float64 cannot hold each.
func integer(v eval.Variant, content any) (int64, error) {
	n, ok := content.(number)
	if !ok {
		return 0, mismatch(v, content, "an integer")
	}
	if i, err := strconv.ParseInt(string(n), 10, 64); err == nil {
		return i, nil
	}
	f, err := n.float(v)
	if err != nil {
		return 0, err
	}
	// The largest float64 below 2^63 is 2^63-1024.
	if f != math.Trunc(f) || f < math.MinInt64 || f >= math.MaxInt64 {
		return 0, mismatch(v, content, "an integer")
	}
	return int64(f), nil
}

func object(v eval.Variant, content any) (any, error) {
	switch content.(type) {
	case map[string]any, []any:
		return content, nil
	}
	return nil, mismatch(v, content, "an object")
}

// float returns the number's value, which must be finite.
func (n number) float(v eval.Variant) (float64, error) {
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, of.NewParseErrorResolutionError(fmt.Sprintf("variant %s: %q is not a finite number", v.Name, string(n)))
	}
	return f, nil
}

// parse returns a variant's payload as a string, a number, a bool, what
// encoding/json makes of an object or an array, or nil where there is none.
func parse(v eval.Variant) (any, error) {
	if v.Payload == nil {
		return nil, nil
	}
	switch value := v.Payload.Value; v.Payload.Type {
	case "string", "csv":
		return value, nil
	case "number":
		return number(strings.TrimSpace(value)), nil
	case "json":
		var content any
		if err := json.Unmarshal([]byte(value), &content); err != nil {
			return nil, of.NewParseErrorResolutionError("variant "+v.Name+": its payload is not JSON", err)
		}
		if _, ok := content.(float64); ok {
			return number(strings.TrimSpace(value)), nil
		}
		return content, nil
	default:
		return nil, of.NewParseErrorResolutionError(fmt.Sprintf("variant %s: payloads of type %q are not known", v.Name, v.Payload.Type))
	}
}

// mismatch says that a variant does not carry what was asked for.
func mismatch(v eval.Variant, content any, want string) error {
	have := "no payload"
	switch content.(type) {
	case string:
		have = "a string"
	case number:
		have = "a number"
	case bool:
		have = "a boolean"
	case map[string]any, []any:
		have = "an object"
	}
	return of.NewTypeMismatchResolutionError(fmt.Sprintf("variant %s carries %s, not %s", v.Name, have, want))
}
