package evidence

import (
	"fmt"
	"math"
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
	case o.NA:
		return nil
	case sig.Kind == gate.Quantile && (o.Value == nil || !finite(*o.Value) || *o.Value < 0):
		return r.refusal(gate.BadValue, "value", "of "+o.Signal+" must be a finite number from 0, or na true")
	case sig.Kind != gate.Quantile && o.Pass == nil:
		return r.refusal(gate.BadValue, "pass", "of "+o.Signal+" must be true or false, or na true")
	}
	return nil
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }
