package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestDiagnosis grades what a server may say of itself, asked at ten and
// answered a second later.
func TestDiagnosis(t *testing.T) {
	t.Parallel()
	const well = `"database":{"writable":true},"log":{"size":5,"signed":5}`
	for _, test := range []struct {
		name, says string
		want       []string // clock, database, checkpoint
	}{
		{"well", `{"now":"2026-11-22T10:00:00.5Z",` + well + `}`, []string{good, good, good}},
		{"a little ahead", `{"now":"2026-11-22T10:00:05Z",` + well + `}`, []string{advice, good, good}},
		{"a little behind", `{"now":"2026-11-22T09:59:55Z",` + well + `}`, []string{advice, good, good}},
		{"an hour behind", `{"now":"2026-11-22T09:00:00Z",` + well + `}`, []string{bad, good, good}},
		{
			"full disk", `{"now":"2026-11-22T10:00:00Z","database":{"why":"disk full"},"log":{"size":5,"signed":5}}`,
			[]string{good, bad, good},
		},
		{
			"just written", `{"now":"2026-11-22T10:00:00Z","database":{"writable":true},"log":{"size":5,"signed":4,"unsignedSince":"2026-11-22T09:59:59Z"}}`,
			[]string{good, good, good},
		},
		{
			"slow to sign", `{"now":"2026-11-22T10:00:00Z","database":{"writable":true},"log":{"size":5,"signed":4,"unsignedSince":"2026-11-22T09:59:30Z"}}`,
			[]string{good, good, advice},
		},
		{
			"not signing", `{"now":"2026-11-22T10:00:00Z","database":{"writable":true},"log":{"size":5,"signed":4,"unsignedSince":"2026-11-22T09:00:00Z"}}`,
			[]string{good, good, bad},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var d diagnosisDoc
			if err := json.Unmarshal([]byte(test.says), &d); err != nil {
				t.Fatal(err)
			}
			sent := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
			found := checkup{OK: true}
			d.examine(&found, sent, sent.Add(time.Second))
			var got []string
			wantOK := true
			for i, one := range found.Checks {
				got = append(got, one.Status)
				wantOK = wantOK && test.want[i] != bad
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("grades (-want +got):\n%s", diff)
			}
			if found.OK != wantOK {
				t.Errorf("ok is %v, want %v", found.OK, wantOK)
			}
		})
	}
}
