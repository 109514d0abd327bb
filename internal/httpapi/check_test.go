package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/control"
)

type base struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type example struct {
	base
	Name   string           `json:"name"` // hides base's
	Count  int64            `json:"count"`
	Size   uint8            `json:"size"`
	Ratio  float64          `json:"ratio"`
	On     *bool            `json:"on"`
	At     *time.Time       `json:"at"`
	Any    any              `json:"any"`
	Raw    json.RawMessage  `json:"raw"`
	Labels map[string]int64 `json:"labels"`
	Rules  []rule           `json:"rules"`
	Secret string           `json:"-"`
}

type rule struct {
	Values []string          `json:"values"`
	Params map[string]string `json:"params"`
}

func TestDecode(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body  string
		field, says string // of the error; none where says is empty
	}{
		{"empty object", `{}`, "", ""},
		{"all", `{"id":"i","name":"n","count":-3,"size":255,"ratio":1e3,"on":true,"at":"2026-11-22T10:00:00Z","any":[{"x":1}],"raw":{"y":[2]},"labels":{"a":1},"rules":[{"values":["v"],"params":{"k":"v"}}]}`, "", ""},
		{"null is absent", `{"name":null,"count":null,"on":null,"at":null,"labels":null,"rules":[null]}`, "", ""},
		{"nothing", "", "body", "empty"},
		{"blank", " \n ", "body", "empty"},
		{"a list", `[]`, "body", "an object, not a list"},
		{"a text", `"x"`, "body", "an object, not a text"},
		{"cut off", `{"rules":[{"values":["a"`, "rules[0].values", "ends too early"},
		{"cut off after a key", `{"name":`, "name", "ends too early"},
		{"not JSON", `{"count":NaN}`, "count", "is not JSON"},
		{"infinity", `{"ratio":-Infinity}`, "ratio", "is not JSON"},
		{"two values", `{} {}`, "body", "something follows"},
		{"rubbish after", `{}x`, "body", "something follows"},
		{"unknown", `{"nam":"x"}`, "nam", "not known"},
		{"another case", `{"Name":"x"}`, "Name", "use name"},
		{"unknown, deep", `{"rules":[{},{"valus":[]}]}`, "rules[1].valus", "not known"},
		{"not for JSON", `{"Secret":"x"}`, "Secret", "not known"},
		{"twice", `{"name":"a","name":"b"}`, "name", "twice"},
		{"number for text", `{"rules":[{"params":{"rollout":50}}]}`, "rules[0].params.rollout", "must be a text, not a number"},
		{"text for number", `{"count":"5"}`, "count", "must be a whole number, not a text"},
		{"truth for text", `{"name":true}`, "name", "must be a text, not true or false"},
		{"text for truth", `{"on":"yes"}`, "on", "must be true or false, not a text"},
		{"object for list", `{"rules":{}}`, "rules", "must be a list, not an object"},
		{"list for object", `{"labels":[]}`, "labels", "must be an object, not a list"},
		{"list for text", `{"rules":[{"values":[["a"]]}]}`, "rules[0].values[0]", "must be a text, not a list"},
		{"fraction", `{"labels":{"a":1.5}}`, "labels.a", "must be a whole number"},
		{"exponent", `{"count":1e3}`, "count", "must be a whole number"},
		{"negative", `{"size":-1}`, "size", "of 0 or more"},
		{"too big", `{"size":256}`, "size", "out of range"},
		{"overflow", `{"count":9223372036854775808}`, "count", "out of range"},
		{"float overflow", `{"ratio":1e999}`, "ratio", "out of range"},
		{"not a time", `{"at":"yesterday"}`, "at", "yesterday"},
		{"odd key", `{"labels":{"a.b c":"x"}}`, `labels["a.b c"]`, "must be a whole number"},
		{"long key", `{"` + strings.Repeat("k", 500) + `":1}`, `["` + strings.Repeat("k", 100) + `..."]`, "not known"},
		{"deep", `{"any":` + strings.Repeat("[", 100_000), "any" + strings.Repeat("[0]", 64), "deeper than 64"},
		{"bad UTF-8", "{\"name\":\"\xff\"}", "body", "UTF-8"},
		{"large", `{"name":"` + strings.Repeat("x", MiB) + `"}`, "body", "larger than 1 MiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out example
			err := AdminBody.Decode(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", strings.NewReader(tt.body)), &out)
			if tt.says == "" {
				if err != nil {
					t.Errorf("Decode = %v, want nil", err)
				}
				return
			}
			var e *control.Error
			if !errors.As(err, &e) || e.Field != tt.field || !strings.Contains(e.Msg, tt.says) {
				t.Errorf("Decode = %v, want %s: ...%s...", err, tt.field, tt.says)
			}
		})
	}
}

func TestDecodeKeeps(t *testing.T) {
	t.Parallel()
	const body = `{"id":"i","name":"n","count":7,"labels":{"a":1},"rules":[{"values":["v"]}]}`
	want := example{base: base{ID: "i"}, Name: "n", Count: 7, Labels: map[string]int64{"a": 1}, Rules: []rule{{Values: []string{"v"}}}}
	var got example
	if err := AdminBody.Decode(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(example{}, base{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodeLenient(t *testing.T) {
	t.Parallel()
	decode := func(body string) error {
		var out example
		return SDKBody.Decode(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)), &out)
	}
	if err := decode(`{"name":"x","new":{"deep":[1,{"a":null}]},"rules":[{"later":true}]}`); err != nil {
		t.Errorf("unknown keys: %v", err)
	}
	if err := decode(`{"new":1,"count":"x"}`); err == nil || !strings.HasPrefix(err.Error(), "count: ") {
		t.Errorf("a wrong type beside an unknown key: %v", err)
	}
}

func TestDecodeMediaType(t *testing.T) {
	t.Parallel()
	for media, want := range map[string]int{
		"":                                  0,
		"application/json":                  0,
		"application/json; charset=utf-8":   0,
		"application/merge-patch+json":      0,
		"text/plain":                        415,
		"application/x-www-form-urlencoded": 415,
		"application/json; =":               415,
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}"))
		r.Header.Set("Content-Type", media)
		err := AdminBody.Decode(httptest.NewRecorder(), r, &example{})
		got := 0
		if e := (*control.Error)(nil); errors.As(err, &e) {
			got = Status(e)
		}
		if got != want {
			t.Errorf("Content-Type %q: status %d, want %d", media, got, want)
		}
	}
}

// FuzzCheck holds check to its law: what it lets pass, encoding/json decodes
// without an error, unknown fields refused, and nothing panics.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{
		`{"name":"n","rules":[{"values":["v"],"params":{"k":"v"}}],"at":"2026-11-22T10:00:00Z"}`,
		`{"a":[1,{"b":null}]}`, `{"any":[[[]]]}`, `{"count":1.5}`, `{"raw": [1 , 2]}`, `[`, `{"labels":{"":0}}`, `{"name":"\ud800"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var out example
		if check(data, &out, false) != nil {
			return
		}
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&out); err != nil {
			t.Errorf("check passes %q and encoding/json says %v", data, err)
		}
	})
}
