package gate

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
)

// boundDigits is how far recorded bounds may be apart: they are rounded to
// 1e-6, and another processor may round the last digit the other way.
const boundDigits = 1.5e-6

// Differences returns what a decision made again has otherwise than this,
// the recorded one: verdict, reason, other reasons, and every field of every
// signal, each with both figures. Empty means that they agree.
func (d Decision) Differences(again Decision) []string {
	var out []string
	differ := func(what string, recorded, now any) {
		out = append(out, fmt.Sprintf("%s: recorded %v, recomputed %v", what, recorded, now))
	}
	if d.Verdict != again.Verdict {
		differ("verdict", d.Verdict, again.Verdict)
	}
	if d.Reason != again.Reason {
		differ("reason", d.Reason, again.Reason)
	}
	if !slices.Equal(d.Also, again.Also) {
		differ("also", strings.Join(d.Also, " "), strings.Join(again.Also, " "))
	}
	recorded, now := fieldsByName(d.Signals), fieldsByName(again.Signals)
	for _, name := range unionKeys(recorded, now) {
		for _, field := range unionKeys(recorded[name], now[name]) {
			a, b := recorded[name][field], now[name][field]
			if !sameFigure(a, b) {
				differ(name+"."+field, a, b)
			}
		}
	}
	return out
}

// fieldsByName returns the statuses as they are written, by signal and field.
func fieldsByName(signals []SignalStatus) map[string]map[string]any {
	out := map[string]map[string]any{}
	for _, s := range signals {
		raw, err := json.Marshal(s)
		if err != nil {
			continue // no status holds NaN
		}
		var fields map[string]any
		if json.Unmarshal(raw, &fields) == nil {
			out[s.Name] = fields
		}
	}
	return out
}

// unionKeys returns the keys of both maps, sorted.
func unionKeys[V any](a, b map[string]V) []string {
	keys := append(sortedKeys(a), sortedKeys(b)...)
	slices.Sort(keys)
	return slices.Compact(keys)
}

func sameFigure(a, b any) bool {
	x, isX := a.(float64)
	y, isY := b.(float64)
	if isX && isY {
		return math.Abs(x-y) <= boundDigits
	}
	return a == b
}
