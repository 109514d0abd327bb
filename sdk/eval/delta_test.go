package eval_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/sdk/eval"
)

// names returns the flags of a snapshot and whether each is enabled.
func names(s eval.Snapshot) []string {
	var out []string
	for _, f := range s.Features {
		if f.Enabled {
			out = append(out, f.Name+"!")
		} else {
			out = append(out, f.Name)
		}
	}
	return out
}

func TestApply(t *testing.T) {
	t.Parallel()
	const startDocument = `{"version":2,"features":[{"name":"c"},{"name":"a"}],"segments":[{"id":2}],"meta":{"revisionId":1,"etag":"e","queryHash":"q"}}`
	start := decode(t, startDocument)
	for _, tc := range []struct {
		name, events string
		flags        []string
		segments     []int
		revision     int64
	}{
		{"nothing", ``, []string{"c", "a"}, []int{2}, 1},
		{"sorted", `{"type":"feature-updated","eventId":2,"feature":{"name":"b"}}`, []string{"a", "b", "c"}, []int{2}, 2},
		{"replaced", `{"type":"feature-updated","eventId":2,"feature":{"name":"a","enabled":true}}`, []string{"a!", "c"}, []int{2}, 2},
		{"removed", `{"type":"feature-removed","eventId":3,"featureName":"a","project":"p"}`, []string{"c"}, []int{2}, 3},
		{"removed though not there", `{"type":"feature-removed","eventId":3,"featureName":"x","project":"p"}`, []string{"a", "c"}, []int{2}, 3},
		{
			"in order", `{"type":"feature-removed","eventId":2,"featureName":"a"},{"type":"feature-updated","eventId":3,"feature":{"name":"a","enabled":true}}`,
			[]string{"a!", "c"},
			[]int{2},
			3,
		},
		{
			"segments", `{"type":"segment-updated","eventId":4,"segment":{"id":1,"constraints":[]}},{"type":"segment-removed","eventId":4,"segmentId":2}`,
			[]string{"a", "c"},
			[]int{1},
			4,
		},
		{"segment replaced", `{"type":"segment-updated","eventId":4,"segment":{"id":2,"name":"new"}}`, []string{"a", "c"}, []int{2}, 4},
		{
			"hydration", `{"type":"feature-updated","eventId":2,"feature":{"name":"b"}},{"type":"hydration","eventId":9,"features":[{"name":"z"},{"name":"y"},{"name":"z","enabled":true}],"segments":[{"id":5},{"id":4}]}`,
			[]string{"y", "z!"},
			[]int{4, 5},
			9,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var d eval.Delta
			if err := json.Unmarshal([]byte(`{"events":[`+tc.events+`]}`), &d); err != nil {
				t.Fatal(err)
			}
			got, err := start.Apply(d)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.flags, names(got)); diff != "" {
				t.Errorf("flags (-want +got):\n%s", diff)
			}
			var segments []int
			for _, s := range got.Segments {
				segments = append(segments, s.ID)
			}
			if diff := cmp.Diff(tc.segments, segments); diff != "" {
				t.Errorf("segments (-want +got):\n%s", diff)
			}
			if got.Meta.RevisionID != tc.revision || got.Meta.QueryHash != "q" {
				t.Errorf("meta = %+v, want revision %d", got.Meta, tc.revision)
			}
			if diff := cmp.Diff(decode(t, startDocument), start); diff != "" {
				t.Errorf("Apply changed its receiver (-before +after):\n%s", diff)
			}
		})
	}
}

func TestApplyRefuses(t *testing.T) {
	t.Parallel()
	start := decode(t, `{"version":2,"features":[{"name":"a"}]}`)
	for event, want := range map[string]string{
		`{"type":"feature-updated","eventId":7}`:    "fold event 7: feature-updated without a feature",
		`{"type":"segment-updated","eventId":7}`:    "fold event 7: segment-updated without a segment",
		`{"type":"feature-exploded","eventId":7}`:   `fold event 7: unknown type "feature-exploded"`,
		`{"eventId":7,"feature":{"name":"a"}}`:      `fold event 7: unknown type ""`,
		`{"type":"FEATURE-REMOVED","eventId":7}`:    "unknown type",
		`{"type":"segment-removed2","segmentId":1}`: "unknown type",
	} {
		var d eval.Delta
		if err := json.Unmarshal([]byte(`{"events":[{"type":"feature-removed","featureName":"a"},`+event+`]}`), &d); err != nil {
			t.Fatal(err)
		}
		got, err := start.Apply(d)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Apply(%s) = %v, want %q", event, err, want)
		}
		if diff := cmp.Diff(start, got); diff != "" {
			t.Errorf("Apply(%s) changed the snapshot (-want +got):\n%s", event, diff)
		}
	}
}

// What other SDKs read: each type of event has its own fields and no other.
func TestEventOnTheWire(t *testing.T) {
	t.Parallel()
	for want, event := range map[string]eval.Event{
		`{"type":"hydration","eventId":1,"features":[],"segments":[]}`: {
			Type: eval.Hydration, EventID: 1, Features: []eval.Flag{}, Segments: []eval.Segment{},
		},
		`{"type":"feature-removed","eventId":2,"featureName":"a","project":"p"}`: {
			Type: eval.FeatureRemoved, EventID: 2, FeatureName: "a", Project: "p",
		},
		`{"type":"segment-updated","eventId":3,"segment":{"id":1,"name":"s","constraints":[]}}`: {
			Type: eval.SegmentUpdated, EventID: 3, Segment: &eval.Segment{ID: 1, Name: "s", Constraints: []eval.Constraint{}},
		},
		`{"type":"segment-removed","eventId":4,"segmentId":1}`: {Type: eval.SegmentRemoved, EventID: 4, SegmentID: 1},
	} {
		got, err := json.Marshal(event)
		if err != nil || string(got) != want {
			t.Errorf("marshal %s = %s, %v, want %s", event.Type, got, err, want)
		}
	}
}
