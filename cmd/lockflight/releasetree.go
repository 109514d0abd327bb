package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// treeWidth is how many columns a release is shown in.
const treeWidth = 80

// tree draws a release: its milestones, and below the one that is served what
// the gate sees there.
type tree struct {
	strings.Builder
	colours bool
}

// The colours of a terminal (ECMA-48, 8.3.117).
const (
	green  = "32"
	yellow = "33"
	red    = "31"
	faint  = "2"
)

func (t *tree) in(colour, text string) string {
	if !t.colours || colour == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// verdictColours are those of verdicts and states.
var verdictColours = map[string]string{
	"PROMOTE": green, "HOLD": yellow, "ROLLBACK": red,
	"completed": green, "held": yellow, "paused": yellow, "rolled_back": red, "aborted": red,
}

// draw writes the release as a tree.
func (d releaseDoc) draw(w io.Writer, colours bool) error {
	t := &tree{colours: colours}
	fmt.Fprintf(t, "%s  %s in %s  build %s\n", d.ID, d.Flag, d.Environment, d.Build)
	fmt.Fprintf(t, "%s  policy %s%s\n", t.in(verdictColours[d.State], d.State), d.Policy, d.from())
	if d.StartAt != nil && d.State == "scheduled" {
		fmt.Fprintf(t, "begins at %s\n", d.StartAt.Local().Format(time.DateTime))
	}
	if d.Proof != nil {
		fmt.Fprintln(t, d.Proof)
	}
	if e := d.Epoch; e != nil {
		t.wrap("", fmt.Sprintf("epoch %d since %s, all evidence anew: another %s", e.Number, e.Since.Local().Format(time.DateTime), strings.Join(e.Changed, ", ")))
	}
	if d.Note != "" {
		t.wrap("", "note: "+d.Note)
	}
	if d.Change != nil && d.Change.Instances > 0 {
		fmt.Fprintf(t, "served so by %d of %d clients, the slowest after %d ms\n", d.Change.Confirmed, d.Change.Instances, d.Change.SlowestMS)
	}
	for _, f := range d.Flags {
		t.flag(f)
	}
	if d.After != "" {
		fmt.Fprintf(t, "follows %s\n", d.After)
	}
	for i := range d.Milestone.Of {
		t.milestone(&d, i)
	}
	if len(d.Stages) > 0 {
		t.wrap("", "then "+strings.Join(d.Stages, ", then ")+d.following())
	}
	t.received(d.received)
	_, err := io.WriteString(w, t.String())
	return err
}

// flag writes one of the flags that move together.
func (t *tree) flag(f targetDoc) {
	line := fmt.Sprintf("  %s  build %s", f.Flag, f.Build)
	if w := f.Withdrawn; w != nil {
		line = fmt.Sprintf("%s, rolled back by %s at %s: %s", line, w.By, w.At.Local().Format(time.TimeOnly), w.Reason)
		t.wrap("", t.in(red, "✗")+" "+line)
		return
	}
	t.wrap("", "•"+line)
}

// following names the release in which the plan goes on, once there is one.
func (d releaseDoc) following() string {
	if d.Next == "" {
		return ""
	}
	return ": goes on as " + d.Next
}

// from names the kept plan that the release was started by.
func (d releaseDoc) from() string {
	if d.Plan == nil {
		return ""
	}
	return fmt.Sprintf(", plan %s at revision %d", d.Plan.Name, d.Plan.Rev)
}

// milestone draws one, and what the gate sees where it is the one being served.
func (t *tree) milestone(d *releaseDoc, i int) {
	fork, below := "├─ ", "│  "
	if i == len(d.Milestone.Of)-1 {
		fork, below = "└─ ", "   "
	}
	sign, here := "·", i == d.Milestone.Index
	ended := d.EndedAt != nil && d.State != "completed"
	switch {
	case i < d.Milestone.Index || d.State == "completed":
		sign = t.in(green, "✓")
	case here && ended:
		sign = t.in(red, "✗")
	case here:
		sign = "▶"
	}
	line := fmt.Sprintf("%s%s %3d %%", fork, sign, d.Milestone.Of[i])
	if i == d.Milestone.Index+1 && d.Milestone.Awaits > 0 {
		line += fmt.Sprintf("  awaits %d approvals", d.Milestone.Awaits)
	}
	if !here {
		fmt.Fprintln(t, line)
		return
	}
	v := d.Live
	if v == nil {
		v = d.Verdict
	}
	switch {
	case v == nil && d.State == "scheduled":
		fmt.Fprintln(t, line)
	case v == nil:
		fmt.Fprintln(t, line+"  the gate has not looked yet")
	default:
		fmt.Fprintf(t, "%s  %s  %s  %s\n", line, t.in(verdictColours[v.Verdict], v.Verdict), v.Reason, v.At.Local().Format(time.TimeOnly))
		t.verdict(d, v, below)
	}
}

// verdict draws what decided, what else was wrong, the arms, each signal, and
// what is missing.
func (t *tree) verdict(d *releaseDoc, v *verdictDoc, below string) {
	if why := phrase(v.Reason); why != "" {
		t.wrap(below, why)
	}
	if v.Detail != "" {
		t.wrap(below, v.Detail)
	}
	if e := v.Exposures; e != nil {
		fmt.Fprintf(t, "%s%s: treatment %d units, control %d\n", below, t.in(faint, "arms"), e.Treatment, e.Control)
	}
	for _, s := range v.Signals {
		t.signal(d, s, below)
	}
	if len(v.Also) > 0 {
		t.wrap(below, "also "+strings.Join(v.Also, ", "))
	}
	if len(v.Warn) > 0 {
		t.wrap(below, "warns "+strings.Join(v.Warn, ", "))
	}
	for _, need := range v.Needs {
		t.wrap(below, "needs "+need)
	}
}

// wrap writes a text in lines of the tree's width; those after the first are
// indented.
func (t *tree) wrap(below, text string) {
	line := below + text[:len(text)-len(strings.TrimLeft(text, " "))]
	width := func(s string) int { return len([]rune(s)) }
	for word := range strings.FieldsSeq(text) {
		if width(line)+1+width(word) > treeWidth && strings.TrimSpace(line) != strings.TrimSpace(below) {
			fmt.Fprintln(t, strings.TrimRight(line, " "))
			line = below + "      "
		}
		line += word + " "
	}
	fmt.Fprintln(t, strings.TrimRight(line, " "))
}

// phrases say of a rule what it comes to, for people who do not know its name.
var phrases = map[string]string{
	"P1_OPERATOR_KILL":     "a person has stopped it",
	"P0_POLICY_INVALID":    "its policy cannot be decided by",
	"P0_SNAPSHOT_INVALID":  "its evidence is impossible",
	"P2_CRITICAL_EVENT":    "a critical safety event",
	"P3_BUILD_MISMATCH":    "the telemetry is another build's",
	"P4_SRM":               "the arms are not split as they should be",
	"P4_MULTI_EXPOSURE":    "units were in both arms",
	"P4_INTEGRITY_TIMEOUT": "the comparison was broken for too long",
	"P5_SEVERE":            "proven worse than the rollback threshold",
	"P6_REGRESSION":        "proven worse than control",
	"P6_RULE":              "a rule of the policy is broken",
	"P7_EVIDENCE_MISSING":  "evidence is missing: nothing is assumed of it",
	"P7_MISSING_TIMEOUT":   "evidence was missing for too long",
	"P7_RULE_UNKNOWN":      "a rule of the policy has no evidence",
	"P8_BELOW_PROMOTE":     "proven worse than its threshold to go on",
	"P8_REGRESSION_SMALL":  "proven worse than control, by less than rolls back",
	"P8_RULE":              "a rule of the policy does not hold",
	"P9_MIN_EXPOSURES":     "waits for more units",
	"P9_MIN_EVIDENCE":      "waits for more cases",
	"P9_MIN_DURATION":      "waits for the milestone's time",
	"P10_UNDETERMINED":     "neither good nor bad is proven yet",
	"P11_HOLD_TIMEOUT":     "it has waited for too long",
	"P12_COOLDOWN":         "waits after the flag's last rollback",
	"P12_OPERATOR_FREEZE":  "waits for a freeze to end, or a change window",
	"P12_APPROVAL":         "waits for people to approve the next milestone",
	"P12_HYSTERESIS":       "has passed, and must once more",
	"P13_ALL_PASS":         "everything asked for is proven",
	"OPERATOR_PROMOTE":     "a person has promoted it",
}

// phrase returns what a reason comes to, "" where that is not known.
func phrase(reason string) string {
	if i := strings.IndexAny(reason, ":("); i >= 0 {
		reason = reason[:i]
	}
	return phrases[reason]
}
