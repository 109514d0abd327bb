package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// received is what became of the evidence of a release.
type received struct {
	Evidence map[string]int64 `json:"evidence"` // at the door
	LeftOut  map[string]int64 `json:"leftOut"`  // taken, and not counted
	Unjoined map[string]int64 `json:"unjoined"` // of no release
}

// received draws how much evidence came, and why some of it does not count.
// What has no cause to be told is not.
func (t *tree) received(r received) {
	refused := maps.Clone(r.Evidence)
	delete(refused, "accepted")
	fmt.Fprintf(t, "evidence  %d taken\n", r.Evidence["accepted"])
	for _, one := range []struct {
		what   string
		counts map[string]int64
	}{
		{"left out", r.LeftOut}, {"refused", refused}, {"of no release", r.Unjoined},
	} {
		if text := counted(one.counts); text != "" {
			t.wrap("", "  "+one.what+": "+text)
		}
	}
}

// counted lists counts by cause.
func counted(by map[string]int64) string {
	var parts []string
	for _, cause := range slices.Sorted(maps.Keys(by)) {
		parts = append(parts, fmt.Sprintf("%d %s", by[cause], strings.ReplaceAll(cause, "_", " ")))
	}
	return strings.Join(parts, ", ")
}
