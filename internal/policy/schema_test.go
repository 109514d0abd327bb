package policy_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/lockflight/lockflight/internal/policy"
)

// TestSchema holds api/access-policy.schema.json to what Parse reads: the same
// fields, and no others.
func TestSchema(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../api/access-policy.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	type object struct {
		Properties map[string]json.RawMessage
		Items      *struct{ Properties map[string]json.RawMessage }
	}
	at := func(raw json.RawMessage) (out object) {
		t.Helper()
		if err := json.Unmarshal(raw, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	root := at(raw)
	rule := at(root.Properties["rules"]).Items.Properties
	require := at(rule["require"])
	for document, fields := range map[string]map[string]json.RawMessage{
		"none: 1":                        root.Properties,
		"version: 1\nrules: [{none: 1}]": rule,
		"version: 1\nrules: [{name: a, when: 'true', require: {none: 1}}]": require.Properties,
	} {
		_, err := policy.Parse("p", []byte(document))
		_, rest, _ := strings.Cut(fmt.Sprint(err), `"none" here; known are [`)
		known, _, _ := strings.Cut(rest, "]")
		got := strings.Fields(known)
		slices.Sort(got)
		if want := slices.Sorted(maps.Keys(fields)); !slices.Equal(got, want) {
			t.Errorf("%q: the schema has %v, Parse knows %v (%v)", document, want, got, err)
		}
	}
}
