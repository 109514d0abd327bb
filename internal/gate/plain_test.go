package gate

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// plainLines are on both sides of what a Reader reads by hand.
var plainLines = []string{
	`{"at":"2026-11-22T10:00:00Z","environment":"production","flag":"f","arm":"control","unit":"u","build":"b","signal":"exposure"}`,
	` { "at" : "2026-11-22T10:00:00.5+02:00" , "environment":"p","flag":"f","arm":"treatment","unit":"ü","build":"b","signal":"s","value":12.50 } `,
	`{"at":"2026-11-22T10:00:00Z","environment":"p","flag":"f","arm":"treatment","unit":"u","build":"b","signal":"s","pass":true,"na":false,"severity":"none","case":"c","case_class":"live","id":"i","received_at":"2026-11-22T10:00:01Z"}`,
	`{"at":"2026-11-22T10:00:00Z","environment":"p","flag":"f","arm":"treatment","unit":"\u0075","build":"b","signal":"s","value":1e3}`,
	`{"at":"2026-11-22T10:00:00Z","environment":"p","flag":"f","arm":"treatment","unit":"u","build":"b","signal":"s","value":-0.0,"evaluator":{"id":"j"}}`,
	`{"at":"2026-11-22T10:00:00Z","at":"2026-11-22T11:00:00Z","environment":"p","flag":"f","arm":"treatment","unit":"u","Build":"b","signal":"s","pass":null}`,
	`{"at":"2026-11-22T10:00:00Z","environment":"p","flag":"f","arm":"treatment","unit":"u","build":"b","signal":"s","value":01}`,
	`{"at":"2026-11-22T10:00:00Z","environment":"p","flag":"f","arm":"treatment","unit":"u","build":"b","signal":"s","value":.5}`,
	`{"at":"2026-11-22T10:00:00Z","environment":"p","flag":"f","arm":"treatment","unit":"u","build":"b","signal":"s","value":5.}`,
	`{"at":"2026-11-22 10:00:00Z","environment":"p","flag":"f","arm":"treatment","unit":"u","build":"b","signal":"s","value":-}`,
	`{"at":"2026-11-22T10:00:00Z","environment":"p","flag":"f","arm":"x","unit":"","build":"b","signal":"s","other":"o"}`,
	"{\"at\":\"2026-11-22T10:00:00Z\",\"unit\":\"\xff\"}", `{}`, `{"at":"2026-11-22T10:00:00Z",}`, `[]`, ``,
}

// A Reader says of each line what encoding/json says of it, whatever it has
// read before.
func FuzzReader(f *testing.F) {
	for i, line := range plainLines {
		f.Add([]byte(line), []byte(plainLines[(i+1)%len(plainLines)]))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		var r Reader
		for _, line := range [][]byte{first, second} {
			want, wrong, wantErr := readObservation(line)
			got, gotWrong, _, gotErr := r.read(line)
			if (wantErr == nil) != (gotErr == nil) || (wrong == nil) != (gotWrong == nil) {
				t.Fatalf("%q: got %v, %v; want %v, %v", line, gotErr, gotWrong, wantErr, wrong)
			}
			if gotErr != nil && gotErr.Error() != wantErr.Error() {
				t.Fatalf("%q: error %q, want %q", line, gotErr, wantErr)
			}
			if diff := cmp.Diff(want, got); gotErr == nil && diff != "" {
				t.Fatalf("%q (-want +got):\n%s", line, diff)
			}
		}
	})
}

// What emitters write is read by hand.
func TestReaderIsPlain(t *testing.T) {
	t.Parallel()
	var r Reader
	for _, line := range plainLines[:3] {
		if _, plain, err := r.Read([]byte(line)); err != nil || !plain {
			t.Errorf("%s: plain %v, %v", line, plain, err)
		}
	}
	if _, plain, err := r.Read([]byte(plainLines[5])); plain || err == nil {
		t.Errorf("plain %v, %v", plain, err)
	}
}

// Observations are written as encoding/json writes them, whatever the writer
// has written before.
func TestWriter(t *testing.T) {
	t.Parallel()
	text := rapid.OneOf(rapid.StringMatching(`[a-z0-9 _.-]{0,8}`), rapid.SampledFrom([]string{"same", `"quoted"`}), rapid.String())
	number := rapid.Float64().Filter(isFinite)
	zone := rapid.SampledFrom([]*time.Location{time.UTC, time.FixedZone("", 2*60*60)})
	second := rapid.OneOf(rapid.Just(int64(1_000_000_000)), rapid.Int64Range(0, 4e9))
	nanosecond := rapid.OneOf(rapid.Just(int64(120_000_000)), rapid.Int64Range(0, 1e9-1))
	observation := rapid.Custom(func(rt *rapid.T) Observation {
		o := Observation{
			At:          time.Unix(second.Draw(rt, "at"), nanosecond.Draw(rt, "ns")).In(zone.Draw(rt, "zone")),
			ID:          text.Draw(rt, "id"),
			Environment: text.Draw(rt, "environment"),
			Flag:        text.Draw(rt, "flag"),
			Arm:         text.Draw(rt, "arm"),
			Unit:        text.Draw(rt, "unit"),
			Case:        text.Draw(rt, "case"),
			Build:       text.Draw(rt, "build"),
			Signal:      text.Draw(rt, "signal"),
			Pass:        rapid.Ptr(rapid.Bool(), true).Draw(rt, "pass"),
			Value:       rapid.Ptr(number, true).Draw(rt, "value"),
			NA:          rapid.Bool().Draw(rt, "na"),
			Severity:    text.Draw(rt, "severity"),
			CaseClass:   text.Draw(rt, "class"),
		}
		if rapid.Bool().Draw(rt, "received") {
			o.ReceivedAt = o.At.Add(time.Second)
		}
		if rapid.Bool().Draw(rt, "judged") {
			o.Evaluator = &Evaluator{ID: text.Draw(rt, "judge"), Version: text.Draw(rt, "version"), Kind: text.Draw(rt, "kind")}
		}
		return o
	})
	rapid.Check(t, func(rt *rapid.T) {
		var w Writer
		for _, o := range rapid.SliceOfN(observation, 1, 4).Draw(rt, "observations") {
			want, err := json.Marshal(o)
			if err != nil {
				rt.Fatal(err)
			}
			if got := string(w.Append(nil, &o)); got != string(want) {
				rt.Fatalf("got  %s\nwant %s", got, want)
			}
		}
	})
}
