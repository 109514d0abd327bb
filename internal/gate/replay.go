package gate

import (
	"fmt"
	"iter"
	"slices"
	"time"
)

// maxEvaluations bounds a replay: one line with a wrong year would else keep
// it busy for hours.
const maxEvaluations = 10_000_000

// Transition is one evaluation whose verdict or reason differs from the one
// before, or a PROMOTE. Step and Percent are those of the milestone that was
// decided on.
type Transition struct {
	At      time.Time              `json:"at"`
	Step    int                    `json:"step"`
	Percent int                    `json:"percent"`
	Verdict Verdict                `json:"verdict"`
	Reason  string                 `json:"reason"`
	Signals map[string]SignalReply `json:"signals"`
}

// The states in which a replay ends.
const (
	Running       = "running"
	Completed     = "completed"
	WasRolledBack = "rolled_back"
)

// Summary is how a replay ended.
type Summary struct {
	Final       bool            `json:"final"` // always true: the last line
	State       string          `json:"state"` // Running, Completed or WasRolledBack
	Step        int             `json:"step"`
	Percent     int             `json:"percent"`
	Verdict     Verdict         `json:"verdict"` // of the last evaluation
	Reason      string          `json:"reason"`
	At          time.Time       `json:"at,omitzero"`
	Evaluations int             `json:"evaluations"`
	Rejected    map[Cause]int64 `json:"rejected"`
}

// Replay runs the steps of a policy over recorded observations, one a line, in
// virtual time: an evaluation every so often from the first line on, until
// the last line is read or the release has ended. each is called for every
// transition; its error ends the replay. every takes the place of the
// policy's evaluate_every. The order of lines matters only among those
// received at the same moment.
//
// Rules of the policy are not compiled, so they hold: see [Rules.Replay].
func Replay(p Policy, lines iter.Seq[[]byte], every time.Duration, each func(Transition) error) (Summary, error) {
	return Rules(nil).Replay(p, lines, every, each)
}

// Replay is [Replay] for a policy whose rules were compiled.
func (r Rules) Replay(p Policy, lines iter.Seq[[]byte], every time.Duration, each func(Transition) error) (Summary, error) {
	if every <= 0 {
		return Summary{}, wrongField("every", "want more than 0s")
	}
	if err := p.Validate(); err != nil {
		return Summary{}, fmt.Errorf("POLICY_INVALID: %w", err)
	}
	p.Hysteresis.EvaluateEvery = Duration(every)
	run := replay{plan: PlanOf(p), rules: r, every: every, each: each}
	malformed := run.read(lines)
	if n := run.evaluations(); n > maxEvaluations {
		return Summary{}, fmt.Errorf("%d evaluations from %s to %s are too many: is a time wrong?",
			n, run.received(0).Format(time.RFC3339), run.received(len(run.lines)-1).Format(time.RFC3339))
	}
	run.ledger = NewLedger(p, LedgerOptions{Candidate: run.candidate()})
	err := run.run()
	summary := run.summary()
	if malformed > 0 {
		summary.Rejected[Malformed] += malformed
	}
	return summary, err
}

// replay is one run.
type replay struct {
	plan     Plan
	rules    Rules
	every    time.Duration
	each     func(Transition) error
	lines    []Observation // well-formed, in order
	ledger   *Ledger
	progress Progress
	decision Decision
	done     int // evaluations
}

// read keeps the well-formed lines, in the order in which they were received,
// and returns how many are not. Empty lines are no lines.
func (r *replay) read(lines iter.Seq[[]byte]) (malformed int64) {
	var reader Reader
	for line := range lines {
		if isBlank(line) {
			continue
		}
		o, _, _, err := reader.read(line)
		if err != nil {
			malformed++
			continue
		}
		r.lines = append(r.lines, o)
	}
	slices.SortStableFunc(r.lines, func(a, b Observation) int { return a.received().Compare(b.received()) })
	return malformed
}

func isBlank(line []byte) bool {
	for _, b := range line {
		if b != ' ' && b != '\t' && b != '\r' && b != '\n' {
			return false
		}
	}
	return true
}

// received returns when line i was received.
func (r *replay) received(i int) time.Time { return r.lines[i].received() }

// candidate returns the build of the first treatment exposure of the flag and
// environment that the first line names.
func (r *replay) candidate() string {
	for i := range r.lines {
		o := &r.lines[i]
		if o.Arm == Treatment && !o.isOutcome() && o.Flag == r.lines[0].Flag && o.Environment == r.lines[0].Environment {
			return o.Build
		}
	}
	return ""
}

// evaluations returns how many there are if the release does not end before.
func (r *replay) evaluations() int64 {
	if len(r.lines) == 0 {
		return 0
	}
	span := r.received(len(r.lines) - 1).Sub(r.received(0))
	n := int64(span / r.every)
	if span%r.every > 0 {
		n++
	}
	return max(1, n)
}

func (r *replay) run() error {
	n := r.evaluations()
	if n == 0 {
		r.decision = r.rules.Decide(r.plan.PolicyAt(0), r.ledger.Snapshot(time.Time{}, r.progress), State{})
		return nil
	}
	start := r.received(0)
	r.progress = NewProgress(start)
	next := 0
	for range n {
		now := start.Add(time.Duration(r.done+1) * r.every)
		for ; next < len(r.lines) && !r.received(next).After(now); next++ {
			r.ledger.AddObservation(&r.lines[next])
		}
		move, err := r.evaluate(now)
		if err != nil || move == Complete || move == RolledBack {
			return err
		}
	}
	return nil
}

// evaluate decides once, and reports what differs from before.
func (r *replay) evaluate(now time.Time) (Move, error) {
	step, before := r.progress.Step, r.decision
	snapshot := r.ledger.Snapshot(now, r.progress)
	state := r.progress.State(&r.plan, now, r.ledger.Outcomes())
	r.decision = r.rules.Decide(r.plan.PolicyAt(step), snapshot, state)
	r.done++
	move := r.progress.Record(&r.plan, now, r.decision, r.ledger.Outcomes())
	if move == Advance {
		r.ledger.Restart()
	}
	if r.decision.Verdict != Promote && r.decision.Verdict == before.Verdict && r.decision.Reason == before.Reason {
		return move, nil
	}
	return move, r.each(Transition{
		At: now.UTC(), Step: step, Percent: r.plan.Milestones[step].Percent,
		Verdict: r.decision.Verdict, Reason: r.decision.Reason, Signals: r.decision.SignalsByName(),
	})
}

func (r *replay) summary() Summary {
	s := Summary{
		Final: true, State: Running,
		Step: r.progress.Step, Percent: r.plan.Milestones[r.progress.Step].Percent,
		Verdict: r.decision.Verdict, Reason: r.decision.Reason,
		At: r.progress.RecordedAt.UTC(), Evaluations: r.done, Rejected: r.ledger.Rejected(),
	}
	switch r.progress.Move {
	case Complete:
		s.State = Completed
	case RolledBack:
		s.State = WasRolledBack
	case Stay, Advance:
	}
	return s
}
