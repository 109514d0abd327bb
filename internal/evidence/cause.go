package evidence

import (
	"maps"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lockflight/lockflight/internal/gate"
)

// The causes why something that was sent does not count, beside those that the
// gate's fold has too (gate.Cause).
const (
	Denied          gate.Cause = "denied"           // the sender may not write evidence there
	Ancient         gate.Cause = "ancient"          // older than a day
	Unjoinable      gate.Cause = "unjoinable"       // of no arm that could be found
	Fallback        gate.Cause = "fallback"         // an evaluation that served a default: no exposure
	Unexposed       gate.Cause = "unexposed"        // an evaluation for a reason that assigns no arm
	Incomplete      gate.Cause = "incomplete"       // a trace of which a part may have been forgotten: no failure
	EvaluationError gate.Cause = "evaluation_error" // the evaluator failed: the outcome is missing, not failing
)

// Accepted is what Counts calls the observations that were stored.
const Accepted = "accepted"

// refusal says why one observation does not count.
type refusal struct {
	cause   gate.Cause
	release string // that it would have counted for, "" where none is known
	field   string // what is wrong, in the sender's own terms
	msg     string // why, and what would be right
}

func (r *refusal) Error() string {
	if r.field == "" {
		return r.msg
	}
	return r.field + ": " + r.msg
}

// tally counts what was accepted and what was not, by release and cause. What
// belongs to no release is counted under "". Keys are ids of releases that
// ran, never what a sender named, so outsiders cannot make it grow.
type tally struct {
	mu    sync.Mutex
	by    map[string]map[string]int64
	total *prometheus.CounterVec
}

func newTally(reg prometheus.Registerer) *tally {
	t := &tally{
		by: map[string]map[string]int64{},
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "lockflight_evidence_observations_total",
			Help: "Observations by what became of them: accepted, or the cause why not.",
		}, []string{"result"}),
	}
	if reg != nil {
		reg.MustRegister(t.total)
	}
	return t
}

// add merges the counts of one request.
func (t *tally) add(by map[string]map[string]int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for release, counts := range by {
		for what, n := range counts {
			add(t.by, release, what, n)
			t.total.WithLabelValues(what).Add(float64(n))
		}
	}
}

func (t *tally) of(release string) map[string]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := map[string]int64{}
	maps.Copy(out, t.by[release])
	return out
}

func add(by map[string]map[string]int64, release, what string, n int64) {
	if n == 0 {
		return
	}
	if by[release] == nil {
		by[release] = map[string]int64{}
	}
	by[release][what] += n
}
