package audit

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzScanLink holds the law of scanLink: what it takes, encoding/json takes
// for the same.
func FuzzScanLink(f *testing.F) {
	log := newLog(f, 20, testKey(f, testOrigin, 'k'))
	for _, leaf := range log.leaves {
		f.Add(string(leaf.Record))
	}
	for _, record := range notAsEncoded {
		f.Add(record)
	}
	f.Fuzz(func(t *testing.T, record string) {
		got, ok := scanLink(record)
		if !ok {
			return
		}
		var want link
		if err := json.Unmarshal([]byte(record), &want); err != nil {
			t.Fatalf("scanLink takes %q, encoding/json says: %v", record, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("scanLink of %q differs from encoding/json (-want +got):\n%s", record, diff)
		}
	})
}

// notAsEncoded are texts that only encoding/json may judge.
var notAsEncoded = []string{
	``, `{`, `{}x`, ` {}`, `{"seq":1 }`, `{"seq":01}`, `{"seq":-1}`, `{"seq":1.5}`, `{"seq":1e3}`,
	`{"seq":9999999999999999999}`, `{"seq":null}`, `{"seq":"1"}`, `{"seq":1,"seq":2}`, `{"ts":"","seq":1}`,
	`{"SEQ":1}`, `{"reſ":{}}`, `{"ts":"\u0041"}`, `{"ts":"é"}`, `{"ts":"` + "\n" + `"}`, `{"ts":"` + "\xff" + `"}`,
	`{"res":null}`, `{"res":[]}`, `{"res":{"Key":"a"}}`, `{"res":{"key":"a","key":"b"}}`, `{"a":nul}`, `{"a":[1,]}`,
	`{"a":{,}}`, `{"a":1,}`, `{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`,
}

func TestScanLink(t *testing.T) {
	t.Parallel()
	t.Run("what is not as encoded is left to encoding/json", func(t *testing.T) {
		t.Parallel()
		for _, record := range notAsEncoded {
			if l, ok := scanLink(record); ok {
				t.Errorf("scanLink(%q) = %+v, true; want false", record, l)
			}
		}
	})
	t.Run("what Encode writes is scanned", func(t *testing.T) {
		t.Parallel()
		parent := int64(3)
		record, err := Encode(Record{
			Seq: 7, ID: "01936b2e", TS: "2026-11-22T10:00:00.000Z", Log: testOrigin, Type: "cr.apply", Outcome: "success",
			Actor: Actor{Kind: "human", ID: "u_1", Auth: Auth{AMR: []string{"pwd", "otp"}, AuthTime: 5}},
			Act:   []Delegation{{Sub: "agent:1"}, {Iss: "https://idp.example.com"}},
			Res:   Resource{Type: "flag", ID: "f_1", Key: "checkout", Rev0: 1, Rev1: 2, H0: Sum(nil), H1: Sum([]byte("2"))},
			Authz: Authz{Decision: "allow", Perm: []string{}, BreakGlass: true},
			Dec:   Decision{Evidence: Sum([]byte("3")), N: []int64{1, 2}},
			Cor:   Correlation{Parent: &parent}, Count: 3,
		})
		if err != nil {
			t.Fatal(err)
		}
		got, ok := scanLink(string(record))
		if !ok {
			t.Fatalf("scanLink does not take %s", record)
		}
		var want link
		if err := json.Unmarshal(record, &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("scanLink differs from encoding/json (-want +got):\n%s", diff)
		}
	})
}

func BenchmarkDecodeLink(b *testing.B) {
	record := newLog(b, 10, testKey(b, testOrigin, 'k')).leaves[9].Record
	b.Run("scan", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := scanLink(string(record)); !ok {
				b.Fatal("not taken")
			}
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var l link
			if err := json.Unmarshal(record, &l); err != nil {
				b.Fatal(err)
			}
		}
	})
}
