package unleash

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/sdk/eval"
)

// FuzzToggle holds that whatever a flag and its variant are called, what is
// written reads back as the same.
func FuzzToggle(f *testing.F) {
	f.Add("checkout", "blue", "json", `{"a":"<\u00fc>"}`, true)
	f.Add("", "disabled", "", "", false)
	f.Add("é\u2028\x00\"\\", "\x7f\xff", "csv", "a,\"b\"\r\n", true)
	f.Fuzz(func(t *testing.T, name, variant, typ, value string, on bool) {
		v := eval.Variant{Name: variant, Enabled: on, FeatureEnabled: on}
		if typ != "" {
			v.Payload = &eval.Payload{Type: typ, Value: value}
		}
		type toggle struct {
			Name           string
			Enabled        bool
			ImpressionData bool
			Variant        eval.Variant
		}
		var got toggle
		if err := json.Unmarshal(appendToggle(nil, &eval.Flag{Name: name, ImpressionData: on}, &eval.Decision{Variant: v}), &got); err != nil {
			t.Fatal(err)
		}
		// JSON is UTF-8: what is not is replaced.
		want := toggle{valid(name), on, on, v}
		want.Variant.Name = valid(variant)
		if v.Payload != nil {
			want.Variant.Payload = &eval.Payload{Type: valid(typ), Value: valid(value)}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// valid replaces each byte that is not UTF-8, as encoding/json does.
func valid(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(r)
	}
	return b.String()
}
