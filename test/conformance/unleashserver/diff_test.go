package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// answered is an answer with a body as it came, of a server that calls the
// segment "s" by id.
func answered(t *testing.T, status int, id float64, body string) Answer {
	t.Helper()
	doc, isJSON := decode([]byte(body))
	if !isJSON {
		t.Fatalf("%s is no JSON", body)
	}
	n := neutralizer{names: names{"s": id, "secret": "abc123"}, failed: status >= 400, rules: rules{
		Volatile: []rule{{Path: "..revision"}}, Ignored: []rule{{Path: "..seenAt"}},
	}, sort: map[string]string{"$.list": "name"}}
	return Answer{Status: status, Body: n.value("$", "", doc)}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		status       int
		theirs, ours string
		want         []string // paths
	}{
		{"ids and secrets by their names", 200, `{"id":1,"token":"x:abc123","segments":[1]}`, `{"id":7,"token":"x:abc123","segments":[7]}`, nil},
		{"a number that is no id", 200, `{"weight":1}`, `{"weight":7}`, []string{"$.weight"}},
		{"times and volatile values", 200, `{"at":"2026-01-01T00:00:00.000Z","a":{"revision":1}}`, `{"at":"2027-01-01T00:00:00Z","a":{"revision":2}}`, nil},
		{"a volatile value of another type", 200, `{"a":{"revision":1}}`, `{"a":{"revision":"1"}}`, []string{"$.a.revision"}},
		{"ignored", 200, `{"seenAt":null}`, `{"seenAt":"now"}`, nil},
		{"types", 200, `{"a":null,"b":[],"c":"1"}`, `{"a":"","b":{},"c":1}`, []string{"$.a", "$.b", "$.c"}},
		{"missing and more", 200, `{"a":1}`, `{"b":1}`, []string{"$.a", "$.b"}},
		{"each path once", 200, `{"f":[{"n":1},{"n":1}]}`, `{"f":[{"n":2},{"n":3}]}`, []string{"$.f[].n"}},
		{"length", 200, `[1]`, `[1,2]`, []string{"$"}},
		{"a list without an order", 200, `{"list":[{"name":"b"},{"name":"a"}]}`, `{"list":[{"name":"a"},{"name":"b"}]}`, nil},
		{"prose of errors", 400, `{"message":"no","name":"BadDataError"}`, `{"message":"not so","name":"BadDataError"}`, nil},
		{"what may be missing in errors", 400, `{"name":"BadDataError"}`, `{"name":"BadDataError","id":"1"}`, nil},
		{"names of errors", 400, `{"name":"BadDataError"}`, `{"name":"NotFoundError"}`, []string{"$.name"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, d := range compare("step", rules{Optional: []rule{{Path: "$.id"}}}, answered(t, tt.status, 1, tt.theirs), answered(t, tt.status, 7, tt.ours)) {
				got = append(got, d.Path)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("paths that differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStatusDiffers(t *testing.T) {
	t.Parallel()
	got := compare("step", rules{}, Answer{Status: 200}, Answer{Status: 404})
	if len(got) != 1 || got[0].Path != "status" {
		t.Errorf("compare = %v, want the status alone", got)
	}
}

// TestCheckedIn reads what is sent and excused as a run does.
func TestCheckedIn(t *testing.T) {
	t.Parallel()
	steps, err := readScript("script")
	if err != nil {
		t.Fatal(err)
	}
	if len(steps) < 150 {
		t.Errorf("%d requests, want 150 or more", len(steps))
	}
	if _, err := readBaseline("baseline.yml", steps); err != nil {
		t.Error(err)
	}
	for _, s := range []Step{{Send: "GET /api/client/features"}, {Send: "POST projects/default/features"}, {Send: "DELETE api-tokens/x"}, {Send: "PUT segments/1"}} {
		if !strict(s) {
			t.Errorf("%s may be excused, want that it may not", s.Send)
		}
	}
}
