package demo

import "github.com/lockflight/lockflight/examples/supportapp/support"

// agent is one deployment of the support app, with a build that is being
// released.
type agent struct {
	flag     string
	old, new string // builds
	// degrades tells that the new build loses its citations once it carries
	// enough traffic: its retriever has a pool for a trickle.
	degrades bool
}

// The two agents of the demo. The fleet knows them as a service knows itself.
var agents = []agent{
	{flag: "support-agent-v2", old: "support-1.9", new: "support-2.0"},
	{flag: "research-agent-v2", old: "research-3.4", new: "research-4.0", degrades: true},
}

// Environment is where the fleet runs.
const Environment = "production"

// overload is what the bad build's app suffers from once its retriever gives
// way: in two conversations of five it answers from memory, and cites nothing.
var overload = support.Strengths{support.RetrievalOutage: 0.4}

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

// faults of the app in the next conversation that the agent's build answers.
func (a agent) faults(l *load, treated bool) support.Strengths {
	if treated && a.degrades && l.overloaded() {
		return overload
	}
	return nil
}
