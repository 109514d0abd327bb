package audit

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// fill sets every field of v, so that a field that does not survive is seen.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(field)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0))
		fill(v.Index(1))
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]int64{"f_1": 41}))
	case reflect.String:
		v.SetString(Sum([]byte("x")))
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Bool:
		v.SetBool(true)
	default:
		panic("a kind of field that records did not have: " + v.Kind().String())
	}
}

func fullRecord() Record {
	var r Record
	fill(reflect.ValueOf(&r).Elem())
	r.TS = "2026-11-22T19:40:09.123Z"
	return r
}

func TestRecordRoundTrip(t *testing.T) {
	t.Parallel()
	want := fullRecord()
	b, err := Encode(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if strings.ContainsAny(string(b), "\n\r") {
		t.Errorf("more than one line: %q", b)
	}
}

// The bytes of a record are for ever: this is what they look like.
func TestEncodeGolden(t *testing.T) {
	t.Parallel()
	parent := int64(0)
	tests := []struct {
		name string
		in   Record
		want string
	}{
		{"least", Record{TS: "2026-11-22T19:40:09.000Z"}, `{"seq":0,"ts":"2026-11-22T19:40:09.000Z","v":1}`},
		{
			"parent 0",
			Record{Seq: 1, TS: "2026-11-22T19:40:09.000Z", Cor: Correlation{Parent: &parent}},
			`{"cor":{"parent":0},"seq":1,"ts":"2026-11-22T19:40:09.000Z","v":1}`,
		},
		{"full", fullRecord(), strings.ReplaceAll(`{"act":[{"iss":"X","sub":"X"},{"iss":"X","sub":"X"}],`+
			`"actor":{"auth":{"acr":"X","amr":["X","X"],"auth_time":1,"idp":"X"},"cred":"X","id":"X","kind":"X","via":"X"},`+
			`"agent":{"args":"X","client":"X","client_id":"X","id":"X","idem":"X","mcp":"X","model":"X","run":"X","tier":"X","tool":"X","tool_schema":"X"},`+
			`"authz":{"break_glass":true,"decision":"X","perm":["X","X"],"policy":"X","policy_h":"X","policy_rev":1,"role":["X","X"],"rule":"X"},`+
			`"chg":{"fmt":"X","ref":"X","size":1},"class":"X","code":"X",`+
			`"cor":{"build":"X","commit":"X","deploy":"X","incident":"X","parent":1,"rollout":"X"},"count":1,`+
			`"cr":{"appr":[{"at":"X","by":"X","digest":"X","id":"X","m":"X","sig":"X"},{"at":"X","by":"X","digest":"X","id":"X","m":"X","sig":"X"}],`+
			`"base":{"f_1":41},"bypass":"X","digest":"X","id":"X"},`+
			`"dec":{"engine":"X","evidence":"X","gate":"X","gate_rev":1,"human_override":"X","n":[1,1],"rule":"X","verdict":"X","window":["X","X"]},`+
			`"env":"X","id":"X","log":"X","obo":{"id":"X","kind":"X"},"org":"X","outcome":"X","project":"X",`+
			`"req":{"id":"X","method":"X","origin":"X","route":"X","trace":"X"},`+
			`"res":{"h0":"X","h1":"X","id":"X","key":"X","rev0":1,"rev1":1,"type":"X"},`+
			`"seal":[{"c":"X","k":"X","p":"X"},{"c":"X","k":"X","p":"X"}],"seq":1,"ts":"2026-11-22T19:40:09.123Z","type":"X","v":1,"why":"X"}`,
			"X", Sum([]byte("x")))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Encode(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		spoil func(*Record)
		want  string
	}{
		"negative seq":       {func(r *Record) { r.Seq = -1 }, "seq: -1 is negative"},
		"no time":            {func(r *Record) { r.TS = "" }, "ts: time \"\" is not of the form"},
		"time without ms":    {func(r *Record) { r.TS = "2026-11-22T19:40:09Z" }, "ts: "},
		"time with a comma":  {func(r *Record) { r.TS = "2026-11-22T19:40:09,123Z" }, "ts: "},
		"text for a reason":  {func(r *Record) { r.Why = "because" }, "why: not of the form"},
		"text for a hash":    {func(r *Record) { r.Res.H1 = "abc" }, "res.h1: not of the form"},
		"text for a digest":  {func(r *Record) { r.CR.Appr[1].Digest = "x" }, "cr.appr.digest: not of the form"},
		"value in a seal":    {func(r *Record) { r.Seal[0].C = "10.0.0.1" }, "seal.c: not of the form"},
		"text not in UTF-8":  {func(r *Record) { r.Req.ID = "\xff" }, errNotUTF8.Error()},
		"integer over 2^53":  {func(r *Record) { r.Count = 1<<53 + 1 }, "is not exact"},
		"more than MaxBytes": {func(r *Record) { r.Agent.Run = strings.Repeat("x", MaxRecord) }, "at most 61440"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := fullRecord()
			tt.spoil(&r)
			if b, err := Encode(r); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Encode = %.40q, %v, want an error with %q", b, err, tt.want)
			}
		})
	}
}

// A-27, as far as it concerns records, which hold no difference: 61,440 bytes are
// taken, and one more is not.
func TestEncodeUpToMaxRecord(t *testing.T) {
	t.Parallel()
	r := Record{TS: "2026-11-22T19:40:09.123Z", ID: "x"}
	least, err := Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	r.ID = strings.Repeat("x", MaxRecord-len(least)+1)
	b, err := Encode(r)
	if err != nil || len(b) != MaxRecord {
		t.Fatalf("Encode = %d bytes, %v, want %d", len(b), err, MaxRecord)
	}
	if _, err := Decode(b); err != nil {
		t.Error(err)
	}
	r.ID += "x"
	if _, err := Encode(r); err == nil {
		t.Errorf("Encode of %d bytes gives no error", MaxRecord+1)
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	got, err := Decode([]byte(`{"v":1,"seq":7,"ts":"t","later":{"x":1},"res":{"key":"k","new":true}}`))
	want := Record{V: 1, Seq: 7, TS: "t", Res: Resource{Key: "k"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	for _, bad := range []string{``, `{`, `[]`, `{"v":2}`, `{}`, `{"v":1,"seq":1.5}`, `{"v":1,"seq":"1"}`, `{"v":1} {}`, `{"v":1,"id":"` + strings.Repeat("x", MaxRecord) + `"}`} {
		if r, err := Decode([]byte(bad)); err == nil {
			t.Errorf("Decode(%.40q) = %v, want an error", bad, r)
		}
	}
}

func TestTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 20, 40, 9, 123_999_999, time.FixedZone("", 3600))
	const want = "2026-11-22T19:40:09.123Z"
	if got := FormatTime(at); got != want {
		t.Errorf("FormatTime = %s, want %s", got, want)
	}
	if got, err := ParseTime(want); err != nil || !got.Equal(at.Truncate(time.Millisecond)) {
		t.Errorf("ParseTime = %v, %v", got, err)
	}
}

// The law: a record means the same after it was encoded.
func FuzzDecode(f *testing.F) {
	b, err := Encode(fullRecord())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"v":1,"seq":0,"ts":"2026-11-22T19:40:09.123Z","act":[],"cr":{"base":{}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Decode(b)
		if err != nil {
			return
		}
		first, err := Encode(r)
		if err != nil {
			return
		}
		again, err := Decode(first)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, again, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("(-decoded +decoded from its encoding)\n%s", diff)
		}
	})
}
