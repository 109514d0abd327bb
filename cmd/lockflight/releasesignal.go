package main

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// askDoc is what the policy asks of a signal.
type askDoc struct {
	Name      string  `json:"name"`
	Kind      string  `json:"kind"`
	Direction string  `json:"direction"`
	Q         float64 `json:"q"`
	Promote   float64 `json:"promote"`
	Rollback  float64 `json:"rollback"`
}

// scale returns the thresholds on the scale of a signal's estimate, and whether
// it ends at 0 and 1. A quantile is judged by the share of cases over its
// threshold.
func (a askDoc) scale() (promote, rollback float64, share bool) {
	switch a.Kind {
	case "quantile":
		return 1 - a.Q, 1 - a.Q, true
	case "bernoulli", "score":
		return a.Promote, a.Rollback, true
	}
	return a.Promote, a.Rollback, false
}

// wants says what the signal must show, in a few characters.
func (a askDoc) wants() string {
	promote, _, _ := a.scale()
	switch {
	case a.Kind == "quantile":
		return "≤ " + short(promote) + " over " + short(a.Promote)
	case a.Direction == "lower":
		return "≤ " + short(promote)
	}
	return "≥ " + short(promote)
}

// short writes a number in few characters.
func short(x float64) string {
	if math.Abs(x) >= 100 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'f', 3, 64)
}

// The widths of a signal's line.
const (
	signalName = 20
	signalBar  = 20
)

// statusSigns are a signal's statuses at a glance, and their colours.
var statusSigns = map[string][2]string{
	"PASS": {"✓", green}, "UNDETERMINED": {"~", yellow}, "FEW": {"…", yellow}, "MISSING": {"?", yellow},
	"BREACH": {"!", red}, "REL_BREACH": {"!", red}, "SEVERE": {"✗", red}, "REL_SEVERE": {"✗", red},
}

// signal draws one signal: its status, its interval beside its threshold, and
// what it wants.
func (t *tree) signal(d *releaseDoc, s signalDoc, below string) {
	ask := d.ask(s.Name)
	sign := statusSigns[s.Status]
	estimate := "-"
	if s.Estimate != nil && s.measured() {
		estimate = short(*s.Estimate)
	}
	fmt.Fprintf(t, "%s%s %-*s %s %6s %s\n", below, t.in(sign[1], sign[0]), signalName, cut(s.Name, signalName), ask.bar(s), estimate, ask.wants())
	if s.Status != "PASS" && s.Status != "FEW" { // what few lack is among the needs
		t.wrap(below, "  "+s.says())
	}
}

// measured tells whether the estimate is of something.
func (s signalDoc) measured() bool { return s.N > 0 || s.Lower == nil }

// says is a signal's status in words. Its telemetry coverage is the share of
// exposures that told of it, whatever they told: a figure of its own.
func (s signalDoc) says() string {
	out := strings.ToLower(s.Status)
	if why := cmp.Or(s.Detail, strings.ReplaceAll(s.Why, "_", " ")); why != "" {
		out += ": " + why
	}
	out = fmt.Sprintf("%s, n=%d against %d", out, s.N, s.NC)
	if s.Coverage != nil {
		out += fmt.Sprintf(", telemetry %.0f %%", 100**s.Coverage)
	}
	return out
}

func cut(text string, width int) string {
	if r := []rune(text); len(r) > width {
		return string(r[:width-1]) + "…"
	}
	return text
}

// ask is what the policy asks of a signal; the zero askDoc where it does not.
func (d *releaseDoc) ask(name string) askDoc {
	for _, a := range d.Asks {
		if a.Name == name {
			return a
		}
	}
	return askDoc{}
}

// bar draws the interval of a signal (━) with its estimate (●) beside the
// thresholds: to go on (|) and to roll back (x).
func (a askDoc) bar(s signalDoc) string {
	promote, rollback, share := a.scale()
	if s.Estimate == nil || !s.measured() || a.Kind == "" {
		return strings.Repeat("·", signalBar)
	}
	low, high := *s.Estimate, *s.Estimate
	if s.Lower != nil {
		low = min(low, *s.Lower)
	}
	if s.Upper != nil {
		high = max(high, *s.Upper)
	}
	from, to := min(low, promote, rollback), max(high, promote, rollback)
	margin := (to - from) / 10
	from, to = from-margin, to+margin
	if share {
		from, to = max(from, 0), min(to, 1)
	}
	cells := []rune(strings.Repeat("·", signalBar))
	at := func(x float64) int {
		if to <= from {
			return 0
		}
		return min(max(int((x-from)/(to-from)*signalBar), 0), signalBar-1)
	}
	for i := at(low); i <= at(high); i++ {
		cells[i] = '━'
	}
	if rollback != promote {
		cells[at(rollback)] = 'x'
	}
	cells[at(promote)] = '|'
	cells[at(*s.Estimate)] = '●'
	return string(cells)
}
