package runner

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/gate/expr"
)

// flight is one open release as the runner follows it. The runner's loop alone
// writes it; view, policy and latest are read by others too, and are written
// under the runner's lock.
type flight struct {
	id     string
	view   control.ReleaseView // as last read
	policy *gate.Policy        // of the milestone being served
	latest *control.Evaluation // nil before the first

	rules    gate.Rules          // of the policy, compiled
	readings map[string]*reading // of signals with an outside source, by name
	room     *gate.Room
	ledger   *gate.Ledger
	progress gate.Progress
	after    int64     // sequence number of the last batch folded
	restart  bool      // a restart point is due that no marks have yet
	fresh    bool      // there is news since the last evaluation: evidence, or of the release
	last     time.Time // of the last evaluation
	next     time.Time // when the gate wants to be asked again; zero: on evidence only
}

func newFlight(view control.ReleaseView, room *gate.Room) *flight {
	f := &flight{id: view.ID, room: room}
	f.update(view)
	return f
}

// update takes in what the store says of the release, and tells whether it is
// news: what another replica or a person did. Their clocks and restart points
// replace the runner's own, so that all replicas decide on the same.
func (f *flight) update(view control.ReleaseView) bool {
	if f.ledger != nil && f.view.Rev == view.Rev {
		return false
	}
	marks := f.view.Marks
	f.take(view)
	f.fresh = true
	if !maps.EqualFunc(marks, view.Marks, slices.Equal[[]int64]) {
		f.reset()
	}
	return true
}

// take makes view the release as it is. Where another policy decides from here
// on, so may other signals: the ledger is made again, from all the evidence.
func (f *flight) take(view control.ReleaseView) {
	moved := f.view.Milestone != view.Milestone
	fewer := len(f.view.Builds()) != len(view.Builds()) // a flag was rolled back: what it showed counts no more
	policy := view.Plan.PolicyAt(view.Milestone)
	if f.policy == nil || moved && anyPolicy(view.Plan) {
		f.readings = readings(&policy)
		// A rule that does not compile, which a start refuses, is a HOLD.
		f.rules, _ = expr.Compile(policy)
	}
	f.view, f.policy, f.progress = view, &policy, view.Progress
	f.fresh, f.restart = f.fresh || moved, byHand(view.Verdict)
	if f.ledger == nil || fewer || moved && anyPolicy(view.Plan) {
		f.reset()
	}
}

// pointsEvery is how often a restart point may be taken. All replicas, before
// and after a restart, must do so alike: it is no option.
const pointsEvery = time.Second

// reset goes back to what is stored: the clocks, the marks, and evidence that
// is still to be folded.
func (f *flight) reset() {
	if f.ledger != nil {
		f.ledger.Close()
	}
	lead := f.view.Each()[0]
	f.ledger = gate.NewLedger(*f.policy, gate.LedgerOptions{
		Candidate: lead.Build, Flag: lead.Flag, Environment: lead.Environment, Builds: f.view.Builds(), Marks: f.view.Marks,
		PointsEvery: pointsEvery, Room: f.room, Split: f.view.ID + "/" + f.view.Stickiness,
	})
	f.progress, f.restart = f.view.Progress, byHand(f.view.Verdict)
	f.after, f.fresh = 0, true
}

// byHand tells whether the last that happened to a release was that a person
// promoted it. Its milestone has no restart point until the gate looks at it.
func byHand(v *control.Verdict) bool {
	return v != nil && v.SnapshotSHA256 == "" && v.Decision.Verdict == gate.Promote
}

// anyPolicy tells whether a milestone has a policy of its own.
func anyPolicy(p gate.Plan) bool {
	return slices.ContainsFunc(p.Milestones, func(m gate.Milestone) bool { return m.Policy != nil })
}

// fold adds batches to the ledger. What a line is refused for is counted
// there; it was checked when it was taken in.
func (f *flight) fold(batches []control.EvidenceBatch) {
	for _, b := range batches {
		for line := range bytes.Lines(b.Lines) {
			f.ledger.Add(line, b.ReceivedAt)
		}
		f.after, f.fresh = b.Seq, true
	}
}

// due returns how long until the release may be evaluated: 0 where it is now.
func (f *flight) due(now time.Time, coalesce time.Duration) time.Duration {
	if f.view.State == control.Paused {
		return idle
	}
	at := f.last.Add(coalesce)
	if !f.fresh {
		if f.next.IsZero() {
			return idle
		}
		if f.next.After(at) {
			at = f.next
		}
	}
	return max(at.Sub(now), 0)
}

// evaluate asks the gate, and tells whether the answer is to be carried out:
// it moves the release, or holds it for another reason than before.
func (f *flight) evaluate(now time.Time) (e control.Evaluation, write bool) {
	if f.restart {
		f.ledger.Restart()
		f.restart = false
	}
	outcomes := f.ledger.Outcomes()
	state := f.progress.State(&f.view.Plan, now, outcomes)
	if from := f.view.CooldownFrom; from != nil {
		s := max(now.Sub(*from).Seconds(), 0)
		state.SinceRollbackSeconds = &s
	}
	if f.view.Closed(now) != "" {
		state.Operator = gate.OperatorFreeze
	}
	state.AwaitsApprovals = f.view.AwaitsApprovals()
	snapshot := f.ledger.Snapshot(now, f.progress)
	snapshot.GateID, snapshot.Step = f.id, f.progress.Step
	snapshot.Build.Control = f.view.Control
	f.outside(&snapshot, now)
	decision := f.rules.Decide(*f.policy, snapshot, state)
	if f.progress.Record(&f.view.Plan, now, decision, outcomes) == gate.Advance {
		f.ledger.Restart()
	}
	f.fresh, f.last, f.next = false, now, time.Time{}
	if after := decision.NextAfter(); after > 0 {
		f.next = now.Add(after)
	}
	e = control.Evaluation{
		Release: f.id, Rev: f.view.Rev, At: now, Snapshot: snapshot, State: state, Decision: decision,
		Progress: f.progress, Marks: f.ledger.Marks(), LeftOut: f.ledger.Rejected(),
	}
	written := f.view.Verdict
	return e, decision.Verdict != gate.Hold || !f.view.InEpoch(snapshot.Epoch) || written == nil || written.Reason != decision.Reason || written.Milestone != f.view.Milestone
}

// mark changes whenever there is something new to tell about the release.
func (f *flight) mark() string {
	m := strconv.FormatInt(f.view.Rev, 10)
	if f.latest != nil {
		m += "-" + strconv.FormatInt(f.latest.At.UnixMilli(), 10)
	}
	return m
}
