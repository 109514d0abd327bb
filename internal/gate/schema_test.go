package gate

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// schemaNode is what these tests read of a JSON Schema.
type schemaNode struct {
	Type        string                 `json:"type"`
	Description string                 `json:"description"`
	Ref         string                 `json:"$ref"`
	Closed      *bool                  `json:"additionalProperties"`
	Properties  map[string]*schemaNode `json:"properties"`
	Items       *schemaNode            `json:"items"`
	Default     any                    `json:"default"`
	Defs        map[string]*schemaNode `json:"$defs"`
}

// UnmarshalJSON forgives additionalProperties that is a schema.
func (n *schemaNode) UnmarshalJSON(b []byte) error {
	type plain schemaNode
	v := struct {
		*plain
		Closed any `json:"additionalProperties"`
	}{plain: (*plain)(n)}
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	if closed, ok := v.Closed.(bool); ok {
		n.Closed = &closed
	}
	return nil
}

func readSchema(t *testing.T, name string) *schemaNode {
	t.Helper()
	raw, err := os.ReadFile("../../api/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var root schemaNode
	if err := json.Unmarshal(raw, &root); err != nil {
		t.Fatal(err)
	}
	return &root
}

// checkSchema walks a schema beside the type that reads its documents.
func checkSchema(t *testing.T, path string, root, node *schemaNode, typ reflect.Type) {
	t.Helper()
	if node.Description == "" && node.Ref == "" {
		t.Errorf("%s: not described", path)
	}
	if def, ok := strings.CutPrefix(node.Ref, "#/$defs/"); ok && def != "duration" {
		node = root.Defs[def]
	}
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch {
	case typ.Kind() == reflect.Slice && typ.Elem().Kind() == reflect.Struct:
		checkSchema(t, path+"[]", root, node.Items, typ.Elem())
	case typ.Kind() == reflect.Struct && len(node.Properties) > 0:
		checkProperties(t, path, root, node, typ)
	}
}

func checkProperties(t *testing.T, path string, root, node *schemaNode, typ reflect.Type) {
	t.Helper()
	if node.Closed == nil || *node.Closed {
		t.Errorf("%s: unknown keys are not refused", path)
	}
	fields := map[string]reflect.Type{}
	for field := range typ.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		fields[name] = field.Type
	}
	if diff := cmp.Diff(sortedKeys(fields), sortedKeys(node.Properties)); diff != "" {
		t.Errorf("%s: keys (-read +schema)\n%s", path, diff)
		return
	}
	for name, field := range fields {
		checkSchema(t, join(path, name), root, node.Properties[name], field)
	}
}

func TestPolicySchema(t *testing.T) {
	t.Parallel()
	root := readSchema(t, "policy.schema.json")
	checkSchema(t, "", root, root, reflect.TypeFor[Policy]())

	raw, err := json.Marshal(DefaultPolicy())
	if err != nil {
		t.Fatal(err)
	}
	var defaults map[string]any
	if err := json.Unmarshal(raw, &defaults); err != nil {
		t.Fatal(err)
	}
	checkDefaults(t, "", root, defaults)
}

// checkDefaults compares the defaults of a schema with agent-default.
func checkDefaults(t *testing.T, path string, node *schemaNode, value any) {
	t.Helper()
	if node.Default != nil {
		if diff := cmp.Diff(value, node.Default); diff != "" {
			t.Errorf("%s: default (-agent-default +schema)\n%s", path, diff)
		}
	}
	object, _ := value.(map[string]any)
	for name, child := range node.Properties {
		checkDefaults(t, join(path, name), child, object[name])
	}
}

func TestPlanSchema(t *testing.T) {
	t.Parallel()
	root := readSchema(t, "plan.schema.json")
	checkSchema(t, "", root, root, reflect.TypeFor[Plan]())
}
