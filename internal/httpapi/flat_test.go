package httpapi

import (
	"maps"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFlatContext(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		want     map[string]string // nil where Body has to read it
	}{
		{"texts", `{"context":{"targetingKey":"u1","plan":"team"}}`, map[string]string{"targetingKey": "u1", "plan": "team"}},
		{"scalars", ` { "context" : { "n" : 17 , "on":true,"off":false, "zero":0 } } `, map[string]string{"n": "17", "on": "true", "off": "false", "zero": "0"}},
		{"empty", `{"context":{}}`, map[string]string{}},
		{"letters of any script", `{"context":{"name":"é世"}}`, map[string]string{"name": "é世"}},
		{"an escape", `{"context":{"name":"a\"b"}}`, nil},
		{"a fraction", `{"context":{"n":1.50}}`, nil},
		{"a leading zero", `{"context":{"n":01}}`, nil},
		{"a number that is not exact", `{"context":{"n":12345678901234567}}`, nil},
		{"null", `{"context":{"n":null}}`, nil},
		{"an object", `{"context":{"o":{}}}`, nil},
		{"a key twice", `{"context":{"a":"1","a":"2"}}`, nil},
		{"another member", `{"context":{},"more":1}`, nil},
		{"something after it", `{"context":{}}{}`, nil},
		{"a comma too many", `{"context":{"a":"1",}}`, nil},
		{"not closed", `{"context":{"a":"1"}`, nil},
		{"no UTF-8", "{\"context\":{\"a\":\"\xff\"}}", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			flat, ok := FlatContext([]byte(tt.in))
			if ok != (tt.want != nil) {
				t.Fatalf("it is flat: %v", ok)
			}
			if !ok {
				return
			}
			if diff := cmp.Diff(tt.want, maps.Collect(flat)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzFlatContext: what is read so is what Body reads.
func FuzzFlatContext(f *testing.F) {
	f.Add([]byte(`{"context":{"targetingKey":"u1","n":17,"on":true}}`))
	f.Add([]byte(`{"context":{"a":"\u0041","n":1e3}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		flat, ok := FlatContext(data)
		if !ok {
			return
		}
		var body struct {
			Context map[string]any `json:"context"`
		}
		if err := SDKBody.Unmarshal(data, &body); err != nil {
			t.Fatalf("%q is refused: %v", data, err)
		}
		want := map[string]string{}
		for name, value := range body.Context {
			switch value := value.(type) {
			case string:
				want[name] = value
			case bool:
				want[name] = strconv.FormatBool(value)
			case float64:
				want[name] = strconv.FormatFloat(value, 'f', -1, 64)
			}
		}
		if diff := cmp.Diff(want, maps.Collect(flat)); diff != "" {
			t.Errorf("%q (-Body +FlatContext):\n%s", data, diff)
		}
	})
}
