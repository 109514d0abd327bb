package gate

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// CaseIdentity is what a line says of what answered its case. Hashes and
// versions are the emitter's own; empty is unknown.
type CaseIdentity struct {
	Model  string `json:"model,omitempty"`  // as the provider names it in its response
	Prompt string `json:"prompt,omitempty"` // hash
	Tools  string `json:"tools,omitempty"`  // hash of the tools' definitions
	Index  string `json:"index,omitempty"`  // version
}

// The parts of an identity that lines tell of, in the order of Identity.
const (
	partModel = iota
	partPrompt
	partTools
	partIndex
	partJudge
	parts
)

var partNames = [parts]string{"model", "prompt", "tools", "index", "judge"}

// told returns what a line says of each part, "" where nothing.
func (o *Observation) told() (v [parts]string) {
	if id := o.Identity; id != nil {
		v = [parts]string{partModel: id.Model, partPrompt: id.Prompt, partTools: id.Tools, partIndex: id.Index}
	}
	if e := o.Evaluator; e != nil && e.ID != "" && o.isOutcome() {
		v[partJudge] = e.ID + "@" + e.Version
	}
	return v
}

// maxKnown is how many values of a part are told apart. What has more, such as
// a hash over a time, identifies nothing.
const maxKnown = 64

// epoch is what makes the evidence of a ledger comparable. A value that an arm's
// lines have not told of before begins the next epoch, once the arm has shown
// enough to know what it is made of. One that goes away does not: nothing tells
// that from silence. So a value begins one epoch at most, and a model that is
// rolled out slowly does not begin one with each line.
//
// What lines of one interval tell of is looked at when it is over, so that their
// order is no evidence.
type epoch struct {
	known   [2][parts]map[string]bool
	heard   map[telling]bool // in this interval, and not known
	answers [2]Count         // outcomes in the epoch, by arm
	settled [2]Count         // those of them before this interval
	changed []string         // what began it
}

// telling is one value of a part of an arm's identity.
type telling struct {
	arm   uint8
	part  int
	value string
}

// tell takes what an accepted line says of its arm.
func (e *epoch) tell(o *Observation) {
	arm := armOf(o.Arm)
	if o.isOutcome() {
		e.answers[arm]++
	}
	if o.Identity == nil && o.Evaluator == nil {
		return
	}
	for part, value := range o.told() {
		known := e.known[arm][part]
		if value == "" || known[value] || len(known) >= maxKnown || len(e.heard) >= maxKnown*parts {
			continue
		}
		if e.heard == nil {
			e.heard = map[telling]bool{}
		}
		e.heard[telling{arm, part, value}] = true
	}
}

// end ends an interval, and returns what has changed in it.
func (e *epoch) end(enough Count) (changed []string) {
	var anew [parts]bool
	for t := range e.heard {
		known := &e.known[t.arm][t.part]
		anew[t.part] = anew[t.part] || len(*known) > 0 && e.settled[t.arm] >= enough
	}
	for t := range e.heard {
		known := &e.known[t.arm][t.part]
		if *known == nil {
			*known = map[string]bool{}
		}
		(*known)[t.value] = true
	}
	e.heard, e.settled = nil, e.answers
	for part, is := range anew {
		if is {
			changed = append(changed, partNames[part])
		}
	}
	return changed
}

// identity returns what is known of the treatment; nil where nothing is.
func (e *epoch) identity(split string) *Identity {
	var told [parts][]string
	something := split != ""
	for part, known := range e.known[treatment] {
		told[part] = slices.Sorted(maps.Keys(known))
		something = something || len(known) > 0
	}
	if !something {
		return nil
	}
	return &Identity{
		ResponseModels: told[partModel], PromptHash: strings.Join(told[partPrompt], " "), ToolsHash: strings.Join(told[partTools], " "),
		IndexVersion: strings.Join(told[partIndex], " "), Judges: told[partJudge], Split: split,
	}
}

// turn ends an interval of the lines. Where the identity changed in it, the next
// epoch begins: all statistics anew. What was seen of lines stays: their number,
// their ids, critical events, and that the treatment's outcomes never become
// fewer.
func (l *Ledger) turn(at time.Time) {
	changed := l.epoch.end(l.policy.Evidence.MinExposuresPerArm)
	if len(changed) == 0 {
		return
	}
	o := l.options
	o.Epoch, o.Marks = max(o.Epoch, 1)+1, nil
	next := NewLedger(l.policy, o)
	next.reader, next.ids, next.rejected = l.reader, l.ids, l.rejected
	next.lines, next.first, next.interval = l.lines, at, l.interval
	next.outcomes, next.critical = l.outcomes, l.critical
	next.epoch = epoch{known: l.epoch.known, changed: changed}
	for i := range next.points {
		next.points[i].planned = l.points[i].planned
	}
	for i := range next.series {
		for arm, s := range l.series[i] {
			if s != nil {
				next.series[i][arm] = s.anew()
			}
		}
	}
	l.Close()
	*l = *next
}
