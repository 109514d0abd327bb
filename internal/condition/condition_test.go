package condition_test

import (
	"strings"
	"testing"

	"cel.dev/cel-go/cel"

	"github.com/lockflight/lockflight/internal/condition"
)

func TestCondition(t *testing.T) {
	t.Parallel()
	env, err := condition.NewEnv(map[string]*cel.Type{"n": cel.IntType, "names": cel.MapType(cel.StringType, cel.BoolType)})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{`n > 1.5`: true, `names.a`: true, `names.b || n == 3`: false} {
		c, err := env.Compile(text, nil)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, err := c.Holds(map[string]any{"n": 2, "names": map[string]bool{"a": true, "b": false}})
		if err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{`n >`: "Syntax error", `n + 1`: "want true or false, have int", `m > 1`: "undeclared"} {
		if _, err := env.Compile(text, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
	missing, err := env.Compile(`names.c`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := missing.Holds(map[string]any{"n": 2, "names": map[string]bool{}}); err == nil {
		t.Error("a name that is missing: no error")
	}
}
