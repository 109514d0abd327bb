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

// print says how much evidence came, and why some of it does not count. What
// has no cause to be told is not.
func (r received) print(s streams) {
	refused := maps.Clone(r.Evidence)
	delete(refused, "accepted")
	fmt.Fprintf(s.out, "evidence  %d taken\n", r.Evidence["accepted"])
	for _, one := range []struct {
		what   string
		counts map[string]int64
	}{
		{"left out", r.LeftOut}, {"refused", refused}, {"of no release", r.Unjoined},
	} {
		if text := counted(one.counts); text != "" {
			fmt.Fprintf(s.out, "  %s: %s\n", one.what, text)
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

// String is the signal's row in a table. Its telemetry coverage is the share of
// exposures that told of it, whatever they told: a figure of its own.
func (d signalDoc) String() string {
	estimate, telemetry := "-", ""
	if d.Estimate != nil && d.N > 0 {
		estimate = fmt.Sprintf("%.3f", *d.Estimate)
	}
	if d.Coverage != nil {
		telemetry = fmt.Sprintf("telemetry %.0f %%", 100**d.Coverage)
	}
	why := d.Detail
	if why == "" {
		why = d.Why
	}
	return strings.TrimRight(fmt.Sprintf("%s\t%s\t%s\tn=%d against %d\t%s\t%s", d.Name, d.Status, estimate, d.N, d.NC, telemetry, why), "\t")
}
