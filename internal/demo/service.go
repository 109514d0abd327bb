package demo

import (
	"math"
	"math/rand/v2"
	"time"
)

// agent is one simulated LLM service: what a conversation with it is like, by
// the build that answers.
type agent struct {
	flag     string
	old, new string // builds
	// degrades tells that the new build loses its citations, and its speed,
	// once it carries enough traffic: its retriever has a pool for a trickle.
	degrades bool
}

// The two agents of the demo. The fleet knows them as a service knows itself.
var agents = []agent{
	{flag: "support-agent-v2", old: "support-1.9", new: "support-2.0"},
	{flag: "research-agent-v2", old: "research-3.4", new: "research-4.0", degrades: true},
}

// Environment is where the fleet runs.
const Environment = "production"

// conversation is what happened in one case.
type conversation struct {
	success, context, safe, cited bool
	latency                       time.Duration
}

// quality is the truth behind the telemetry: probabilities, and the scale of
// the log-normal latency.
type quality struct {
	success, context, safe, cited float64
	median                        time.Duration
}

var (
	healthy  = quality{success: 0.93, context: 0.97, safe: 0.996, cited: 0.90, median: 4 * time.Second}
	degraded = quality{success: 0.92, context: 0.96, safe: 0.996, cited: 0.55, median: 8 * time.Second}
)

// sigma is the spread of the latency: its P95 is 2.3 times its median.
const sigma = 0.5

func (q quality) draw(r *rand.Rand) conversation {
	return conversation{
		success: r.Float64() < q.success,
		context: r.Float64() < q.context,
		safe:    r.Float64() < q.safe,
		cited:   r.Float64() < q.cited,
		latency: time.Duration(float64(q.median) * math.Exp(sigma*r.NormFloat64())),
	}
}

// load watches which share of the conversations the new build answers, over
// the latest window of them.
type load struct {
	seen [400]bool
	next int
	n    int // of seen that are true
}

// overloadedAt is the share from which the bad build's retriever fails: above
// the 5 % milestone and below that of 10 %.
const overloadedAt = 0.075

func (l *load) add(treated bool) {
	if l.seen[l.next] {
		l.n--
	}
	if treated {
		l.n++
	}
	l.seen[l.next] = treated
	l.next = (l.next + 1) % len(l.seen)
}

func (l *load) overloaded() bool { return float64(l.n) >= overloadedAt*float64(len(l.seen)) }

// quality of the next conversation that the agent's build answers.
func (a agent) quality(l *load, treated bool) quality {
	if treated && a.degrades && l.overloaded() {
		return degraded
	}
	return healthy
}
