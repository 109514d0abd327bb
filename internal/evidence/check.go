package evidence

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/gate"
)

// maxAge is how old an observation may be when it arrives.
const maxAge = 24 * time.Hour

// maxName is the most bytes of what names something in an observation.
const maxName = 256

// check says whether an observation may count for the release: what the gate's
// fold would reject is better said to the sender. Builds and repeats are left
// to the fold, whose business they are.
func (r *release) check(o *gate.Observation, now time.Time) *refusal {
	for _, name := range [...]struct{ field, value string }{
		{"unit", o.Unit}, {"case", o.Case}, {"build", o.Build}, {"id", o.ID}, {"case_class", o.CaseClass},
	} {
		if len(name.value) > maxName {
			return r.refusal(gate.Malformed, name.field, fmt.Sprintf("is longer than %d bytes", maxName))
		}
	}
	if o.Signal != signalExposure {
		if ref := r.checkOutcome(o); ref != nil {
			return ref
		}
	}
	skew := time.Duration(r.policy.Integrity.MaxClockSkew)
	if ahead := o.At.Sub(now); ahead > skew {
		return r.refusal(gate.Skewed, "at", fmt.Sprintf("is %s in the future: clocks may differ by %s", ahead.Round(time.Second), skew))
	}
	if o.At.Before(now.Add(-maxAge)) {
		return r.refusal(Ancient, "at", fmt.Sprintf("is %s old: evidence may be %s old", now.Sub(o.At).Round(time.Second), maxAge))
	}
	if o.Aggregate != nil {
		return nil // a series, whose hash decides nothing
	}
	_, ref := r.settle(o.Unit, o.Arm)
	return ref
}

func (r *release) checkOutcome(o *gate.Observation) *refusal {
	sig := r.named(o.Signal)
	switch {
	case sig == nil:
		return r.noSignal(o.Signal)
	case o.Severity != "" && !slices.Contains(severities, o.Severity):
		return r.refusal(gate.BadValue, "severity", quote(o.Severity)+" is not one of "+strings.Join(severities, ", "))
	}
	return r.checkKind(sig, o)
}

// wanted says which field an outcome of each kind of signal has, and what it
// holds.
var wanted = map[string]struct{ field, want string }{
	gate.Bernoulli: {"pass", "true or false"},
	gate.Score:     {"value", "a score from 0 to 1"},
	gate.Quantile:  {"value", "a finite number from 0"},
	gate.Counter:   {"value", "a whole number of events from 0 to a million"},
}

// checkKind says whether an outcome is one of its signal's kind.
func (r *release) checkKind(sig *gate.Signal, o *gate.Observation) *refusal {
	if sig.Kind == gate.Level {
		return r.refusal(gate.BadValue, "signal", o.Signal+" is a level: its source is asked for it, and no case has one")
	}
	switch taken := sig.Takes(o); {
	case taken:
	case sig.Source.Aggregated():
		return r.refusal(gate.BadValue, "aggregate", "of "+o.Signal+" must be {from, n, ...} of many cases: its source is the metric "+quote(sig.Source.Metric))
	case o.Aggregate != nil:
		return r.refusal(gate.BadValue, "aggregate", "is of many cases, and "+o.Signal+" is told case by case: source.metric says otherwise")
	default:
		w := wanted[sig.Kind]
		return r.refusal(gate.BadValue, w.field, "of "+o.Signal+" must be "+w.want+", or na true")
	}
	return nil
}
