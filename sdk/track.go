package sdk

import (
	"cmp"
	"math"
	"strings"

	"github.com/lockflight/lockflight/sdk/eval"
)

// Outcome is what was seen of one case: a rate's pass or failure, a measured
// value, or that the signal does not apply. The zero Outcome is none, and
// Track rejects it.
type Outcome struct {
	kind     outcomeKind
	pass     bool
	value    float64
	critical bool
}

type outcomeKind uint8

const (
	outcomeNone outcomeKind = iota
	outcomePass
	outcomeValue
	outcomeNA
)

// Pass is the outcome of a case that passed or failed, for a signal that is a
// rate.
func Pass(passed bool) Outcome { return Outcome{kind: outcomePass, pass: passed} }

// Critical is a failure so severe that a gate may roll back on a single one,
// as a safety policy may ask for.
func Critical() Outcome { return Outcome{kind: outcomePass, critical: true} }

// Value is a measured value, finite and not negative, in the unit of the
// signal's name: milliseconds for "p95_latency_ms".
func Value(v float64) Outcome { return Outcome{kind: outcomeValue, value: v} }

// NA says that the signal does not apply to the case, such as evidence that
// was not required. It is neither a failure nor missing.
func NA() Outcome { return Outcome{kind: outcomeNA} }

// valid reports whether a server could take o.
func (o Outcome) valid() bool {
	if o.kind == outcomeValue {
		return o.value >= 0 && !math.IsInf(o.value, 1)
	}
	return o.kind != outcomeNone
}

// TrackOption says more about what Track reports.
type TrackOption struct {
	apply func(*Tracked)
}

// Tracked is a call of Track.
type Tracked struct {
	Signal  string
	Context eval.Context // with the client's defaults; its Properties are the caller's
	Outcome Outcome
	Case    string // "" where the call named none, as Flag and Build
	Flag    string
	Build   string
}

// Case names the conversation, task or request that the outcome is of. Of one
// case and signal the worst outcome counts. Without it the unit is the case.
func Case(id string) TrackOption {
	return TrackOption{func(t *Tracked) { t.Case = strings.Clone(id) }}
}

// Flag joins the outcome to the release of one flag, instead of to every
// running release that has the context in an arm.
func Flag(name string) TrackOption {
	return TrackOption{func(t *Tracked) { t.Flag = name }}
}

// Build names the build that the case ran on, where it is not what Options
// say: a client that routes between builds knows it.
func Build(id string) TrackOption {
	return TrackOption{func(t *Tracked) { t.Build = strings.Clone(id) }}
}

// Track reports an outcome of a signal as evidence, joined to the arm that ec
// is in now, once for each running release that has it in one. Signal is a
// name of the release's policy, such as "task_success_rate". Where ec is in no
// arm nothing is reported.
//
// It does not wait for the network. What it could not queue, and what no
// server would take (see Outcome), is dropped and counted in Stats.
func (c *Client) Track(signal string, ec *eval.Context, outcome Outcome, options ...TrackOption) {
	t := Tracked{Signal: strings.Clone(signal), Outcome: outcome}
	for _, option := range options {
		if option.apply != nil {
			option.apply(&t)
		}
	}
	if signal == "" || signal == signalExposure || !outcome.valid() {
		c.evidence.rejected.Add(1)
		return
	}
	s := c.state.Load()
	if c.options.OnTrack != nil {
		t.Context = c.withDefaults(s, ec)
		c.options.OnTrack(t)
	}
	if c.api == nil {
		return
	}
	for _, n := range s.released {
		r := s.releases[n]
		if t.Flag != "" && t.Flag != r.flag {
			continue
		}
		a, ok := s.set.AssignAt(r.number, ec)
		if arm := compared(a); ok && arm != "" {
			o := c.observe(s, r, arm, a.Unit)
			o.Signal = t.Signal
			t.describe(&o)
			outcome.describe(&o)
			c.evidence.add(o)
		}
	}
}

// withDefaults returns ec with the application and the environment that
// evaluations take where it has none.
func (c *Client) withDefaults(s *state, ec *eval.Context) eval.Context {
	var filled eval.Context
	if ec != nil {
		filled = *ec
	}
	filled.AppName = cmp.Or(filled.AppName, c.options.AppName)
	filled.Environment = cmp.Or(filled.Environment, s.environment)
	return filled
}

func (t *Tracked) describe(o *observation) {
	o.Case = t.Case
	if t.Build != "" {
		o.Build = t.Build
	}
}

func (o Outcome) describe(to *observation) {
	switch o.kind {
	case outcomePass:
		to.Pass = &o.pass
	case outcomeValue:
		to.Value = &o.value
	case outcomeNA:
		to.NA = true
	case outcomeNone:
	}
	if o.critical {
		to.Severity = "critical"
	}
}
