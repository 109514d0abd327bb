package audit

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestCanonical(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		in   any
		want string
	}{
		{"null", nil, `null`},
		{"nested", map[string]any{"b": []any{1, true, nil, "x"}, "a": map[string]int{}}, `{"a":{},"b":[1,true,null,"x"]}`},
		{"struct", struct {
			B int `json:"b"`
			A int `json:"a,omitempty"`
		}{B: 1}, `{"b":1}`},
		{"html is text", "<a&b>", `"<a&b>"`},
		{"separators are text", "\u2028\u2029\u007f", "\"\u2028\u2029\u007f\""},
		{"replacement character", "\ufffd", "\"\ufffd\""},
		{"escapes", "\b\t\n\f\r\"\\/\x00\x1f", `"\b\t\n\f\r\"\\/\u0000\u001f"`},
		{"integer", int64(1) << 53, `9007199254740992`},
		{"rfc 8785 section 3.2.2", json.RawMessage(`{
			"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
			"string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
			"literals": [null, true, false]
		}`), `{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`},
		{"rfc 8785 section 3.2.3", json.RawMessage(`{
			"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\ud83d\ude00": 5, "\u0080": 6, "\u00f6": 7
		}`), "{\"\\r\":2,\"1\":4,\"\u0080\":6,\"\u00f6\":7,\"\u20ac\":1,\"\U0001f600\":5,\"\ufb33\":3}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Canonical(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// The samples of RFC 8785 appendix B.
func TestCanonicalNumbers(t *testing.T) {
	t.Parallel()
	tests := map[uint64]string{
		0x0000000000000000: "0",
		0x8000000000000000: "0",
		0x0000000000000001: "5e-324",
		0x8000000000000001: "-5e-324",
		0x7fefffffffffffff: "1.7976931348623157e+308",
		0xffefffffffffffff: "-1.7976931348623157e+308",
		0x4340000000000000: "9007199254740992",
		0xc340000000000000: "-9007199254740992",
		0x4430000000000000: "295147905179352830000",
		0x44b52d02c7e14af5: "9.999999999999997e+22",
		0x44b52d02c7e14af6: "1e+23",
		0x44b52d02c7e14af7: "1.0000000000000001e+23",
		0x444b1ae4d6e2ef4e: "999999999999999700000",
		0x444b1ae4d6e2ef4f: "999999999999999900000",
		0x444b1ae4d6e2ef50: "1e+21",
		0x3eb0c6f7a0b5ed8c: "9.999999999999997e-7",
		0x3eb0c6f7a0b5ed8d: "0.000001",
		0x41b3de4355555553: "333333333.3333332",
		0x41b3de4355555554: "333333333.33333325",
		0x41b3de4355555555: "333333333.3333333",
		0x41b3de4355555556: "333333333.3333334",
		0x41b3de4355555557: "333333333.33333343",
		0xbecbf647612f3696: "-0.0000033333333333333333",
		0x43143ff3c1cb0959: "1424953923781206.2",
	}
	for bits, want := range tests {
		if got, err := Canonical(math.Float64frombits(bits)); err != nil || string(got) != want {
			t.Errorf("Canonical(%016x) = %s, %v, want %s", bits, got, err, want)
		}
	}
}

func TestCanonicalRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   any
		want string
	}{
		"NaN":                     {math.NaN(), "unsupported value: NaN"},
		"infinity":                {math.Inf(-1), "unsupported value: -Inf"},
		"huge":                    {json.RawMessage(`1e400`), "the number 1e400 is out of range"},
		"inexact integer":         {int64(1)<<53 + 1, "the integer 9007199254740993 is not exact as a double"},
		"invalid UTF-8":           {"a\xffb", errNotUTF8.Error()},
		"invalid UTF-8 in a name": {map[string]int{"\xff": 1}, errNotUTF8.Error()},
		"invalid UTF-8, raw":      {json.RawMessage("\"\xff\""), errNotUTF8.Error()},
		"lone high surrogate":     {json.RawMessage(`"\ud83d"`), errNotUTF8.Error()},
		"lone low surrogate":      {json.RawMessage(`"\ude00\ud83d"`), errNotUTF8.Error()},
		"two high surrogates":     {json.RawMessage(`"\ud83d\ud83d"`), errNotUTF8.Error()},
		"duplicate name":          {json.RawMessage(`{"a":1,"\u0061":2}`), `the name "a" occurs twice`},
		"two values":              {json.RawMessage(`1 2`), "not one JSON value"},
		"nothing":                 {json.RawMessage(nil), "not one JSON value"},
		"too deep":                {json.RawMessage(strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)), "not one JSON value"},
		"not JSON":                {func() {}, "unsupported type: func()"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := Canonical(tt.in); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Canonical = %s, %v, want an error with %q", got, err, tt.want)
			}
		})
	}
}

func TestSum(t *testing.T) {
	t.Parallel()
	const want = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	if got := Sum(nil); got != want || !isSum(got) {
		t.Errorf("Sum(nil) = %s, want %s", got, want)
	}
	for _, s := range []string{"", "sha256:", want[:70], want + "0", strings.ToUpper(want), "sha256:" + strings.Repeat("g", 64)} {
		if isSum(s) {
			t.Errorf("isSum(%q) = true", s)
		}
	}
}

func TestCommitment(t *testing.T) {
	t.Parallel()
	salt := [32]byte{1, 2, 3}
	want := Sum(append(append([]byte("seal/v1\n"), salt[:]...), "because"...))
	if got := Commitment(salt, []byte("because")); got != want {
		t.Errorf("Commitment = %s, want %s", got, want)
	}
	if got := Commitment([32]byte{}, []byte("because")); got == want {
		t.Error("another salt gives the same commitment")
	}
}

func TestNamesAreOrderedByCodeUnits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune{'a', 'b', 0x7f, 0xd7ff, 0xe000, 0xfb33, 0xffff, 0x10000, 0x1f600, 0x10ffff}))
		a, b := text.Draw(t, "a"), text.Draw(t, "b")
		want := slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
		if got := compareUTF16(a, b); got < 0 != (want < 0) || got > 0 != (want > 0) {
			t.Fatalf("compareUTF16(%q, %q) = %d, want %d", a, b, got, want)
		}
	})
}

// The law: the canonical form means what the document means, and is its own
// canonical form.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{`null`, `{"b":[1,2.50,-0],"a":"\u00e9\n"}`, `"\ud83d\ude00"`, `[1e21,1e-7,123456789012345678]`, `{"a":1,"a":2}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		got, err := Canonical(json.RawMessage(doc))
		if err != nil {
			return
		}
		again, err := Canonical(json.RawMessage(got))
		if err != nil || string(again) != string(got) {
			t.Fatalf("Canonical(%s) = %s, %v", got, again, err)
		}
		var before, after any
		if err := json.Unmarshal(doc, &before); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(got, &after); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Fatalf("(-before +after)\n%s", diff)
		}
		// By way of a Go value the result is the same.
		if value, err := Canonical(before); err != nil || string(value) != string(got) {
			t.Fatalf("by value %s, %v, want %s", value, err, got)
		}
	})
}
