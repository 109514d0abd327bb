package control

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/sdk/eval"
)

// Evaluation is what the gate decided about a release, on what, and when.
type Evaluation struct {
	Release  string
	Rev      int64 // of the release that was evaluated; a later one is a Conflict
	At       time.Time
	Snapshot gate.Snapshot
	State    gate.State
	Decision gate.Decision
	Progress gate.Progress        // the clocks after this evaluation
	Marks    map[string][]int64   // the restart points after this evaluation
	LeftOut  map[gate.Cause]int64 // stored observations that do not count; told, and not written
}

// evidenceDoc is what a verdict was made on, stored under its SHA-256:
// sufficient statistics, the clocks, and the policy's digest.
type evidenceDoc struct {
	Schema       string        `json:"schema"`
	PolicySHA256 string        `json:"policy_sha256"`
	Snapshot     gate.Snapshot `json:"snapshot"`
	State        gate.State    `json:"state"`
}

const evidenceSchema = "lockflight.evidence/v1"

// Apply carries out a verdict of the gate. PROMOTE serves the next milestone,
// ROLLBACK serves control to all and latches the build, HOLD changes nothing
// that is served. The release's revision is rechecked inside the transaction:
// of two replicas that decide at once, the second gets a Conflict.
func (s *Service) Apply(ctx context.Context, p Principal, in Evaluation) (ReleaseView, error) {
	pri := Normal
	if in.Decision.Verdict == gate.Rollback {
		pri = Urgent
	}
	var out ReleaseView
	err := s.write(ctx, p, pri, func(w *work) error {
		r, err := releaseOf(w, in.Release)
		if err != nil {
			return err
		}
		if err := w.mayOn(r.Ref().scope(), "release", in.Release, PermReleasePromote); err != nil {
			return err
		}
		if r.Rev != in.Rev || !r.Open() || r.State == Paused || r.State == Scheduled {
			return Errorf(Conflict, "release_moved_on", "release %s is at revision %d, not %d", r.ID, r.Rev, in.Rev)
		}
		if in.Decision.Verdict == gate.Promote {
			if err := r.mayGrow(w.now); err != nil {
				return err
			}
		}
		policy, err := w.putBlob(r.policy())
		if err != nil {
			return err
		}
		evidence, err := w.putBlob(evidenceDoc{evidenceSchema, policy, in.Snapshot, in.State})
		if err != nil {
			return err
		}
		hold := "release.milestone.hold"
		if s := &in.Snapshot; !r.InEpoch(s.Epoch) {
			r.Epoch, hold = &Epoch{Number: s.Epoch, Since: in.At, Changed: s.Changed, Identity: s.Identity}, "release.epoch"
		}
		state := in.State
		r.Progress, r.Marks = in.Progress, in.Marks
		r.Verdict = &Verdict{
			ID: verdictID(r.ID, r.Rev+1), At: in.At, Milestone: r.Milestone, By: p.ID,
			PolicySHA256: policy, SnapshotSHA256: evidence, State: &state,
			Decision: in.Decision, Reason: in.Decision.Reason,
		}
		err = w.advance(&r.Release, in.Decision.Verdict, hold)
		out = ReleaseView{r.Release, r.Rev + 1, r.Calendar}
		return err
	})
	return out, err
}

// advance moves the release by one verdict and writes it. A HOLD leaves a record
// of the type that is given.
func (w *work) advance(r *Release, v gate.Verdict, typ string) error {
	switch v {
	case gate.Promote:
		typ = "release.milestone.promote"
		r.State, r.Milestone = Running, r.Milestone+1
		if r.Milestone == len(r.Plan.Milestones)-1 {
			r.State, r.EndedAt = Completed, &w.now
			if err := w.beginWatch(r); err != nil {
				return err
			}
			for _, one := range r.Each() {
				if err := w.settleFlag(one); err != nil {
					return err
				}
			}
			if err := w.follow(r); err != nil {
				return err
			}
		}
	case gate.Rollback:
		typ = "release.milestone.rollback"
		w.pinned(r, r.Percent())
		r.State, r.EndedAt = RolledBack, &w.now
		if err := w.fallBack(r, r.Serving()); err != nil {
			return err
		}
		if err := w.unfollow(r); err != nil {
			return err
		}
		if r.Watch != nil && r.Watch.EndedAt == nil {
			r.endWatch(w.now, "it fell back")
		}
	case gate.Hold:
		r.State = heldState(r.Verdict.Reason)
		return w.putRelease(typ, *r, w.decision(r))
	}
	if err := w.changed(r); err != nil {
		return err
	}
	if err := w.putRelease(typ, *r, w.decision(r)); err != nil || v != gate.Rollback {
		return err
	}
	return w.attribute(*r)
}

// decision is what the log holds of the release's verdict.
func (w *work) decision(r *Release) audit.Decision {
	policy := r.Plan.PolicyAt(r.Verdict.Milestone).Metadata
	return audit.Decision{
		Verdict: r.Verdict.Decision.Verdict.String(), Gate: policy.Name, GateRev: int64(policy.Version),
		Engine: w.s.engine, Evidence: r.Verdict.SnapshotSHA256, Rule: r.Verdict.Reason,
	}
}

// rule returns the number of the rule that a reason names: P8 of
// P8_BELOW_PROMOTE:evidence_coverage.
func rule(reason string) string {
	number, _, _ := strings.Cut(reason, "_")
	return number
}

// heldState tells a HOLD that speaks against the build, or the evidence, from
// one that only waits for more.
func heldState(reason string) ReleaseState {
	switch rule(reason) {
	case "P9", "P10", "P12":
		return Running
	}
	return Held
}

// settleFlag writes the completed release into the flag's configuration: on,
// for all that the release was for. Strategies that were not served, because
// the flag was off, are kept and still not served. It has the release's id, by
// which a watch knows it.
func (w *work) settleFlag(r Release) error {
	fe, err := flagEnv(w, r.Ref())
	if err != nil {
		return err
	}
	st := r.strategy()
	st.Parameters = eval.Parameters{"rollout": "100", "stickiness": r.Stickiness, "groupId": r.Flag}
	if !fe.Enabled {
		for i := range fe.Strategies {
			fe.Strategies[i].Disabled = true
		}
	}
	fe.Enabled = true
	fe.Strategies = slices.Insert(fe.Strategies, 0, Strategy{ID: r.ID, Title: r.title(), Strategy: st})
	return w.putEnv("flag.env.enable", r.Ref(), fe, r.cause())
}

func verdictID(release string, rev int64) string { return release + "." + strconv.FormatInt(rev, 10) }

// VerdictView is a stored verdict with what is needed to make it again.
type VerdictView struct {
	Verdict
	Release  string
	Build    string
	Flag     string
	Env      string
	Policy   json.RawMessage // as it was, canonical
	Evidence json.RawMessage // the stored document that SnapshotSHA256 names
	Seq      int64           // of the record that it left; -1 where that was not kept
}

// Verdict returns a stored verdict by its id.
func (s *Service) Verdict(ctx context.Context, p Principal, id string) (VerdictView, error) {
	var out VerdictView
	release, revText, _ := strings.Cut(id, ".")
	rev, err := strconv.ParseInt(revText, 10, 64)
	if err != nil {
		return out, Errorf(NotFound, "not_found", "%q is not a verdict's id: it has the form rel-….N", id)
	}
	err = s.store.View(ctx, func(tx ReadTx) error {
		res, err := tx.Revision(KindRelease, release, rev)
		if err != nil {
			return asMissing(err, "verdict", id)
		}
		r, err := decode[Release](res)
		if err != nil {
			return err
		}
		if err := p.sees(r.Ref().scope(), "verdict", id); err != nil {
			return err
		}
		if r.Verdict == nil || r.Verdict.ID != id {
			return Errorf(NotFound, "not_found", "revision %d of %s holds no verdict of its own", rev, release)
		}
		out = VerdictView{Verdict: *r.Verdict, Release: r.ID, Build: r.Build, Flag: r.Flag, Env: r.Environment}
		if out.Seq, err = tx.Recorded(KindRelease, release, rev); err != nil {
			return err
		}
		if out.SnapshotSHA256 == "" {
			return nil
		}
		if out.Evidence, err = tx.Blob(out.SnapshotSHA256); err != nil {
			return err
		}
		out.Policy, err = tx.Blob(out.PolicySHA256)
		return err
	})
	return out, err
}

// Verdicts returns the verdicts of a release, the oldest first.
func (s *Service) Verdicts(ctx context.Context, p Principal, release string) ([]Verdict, error) {
	var out []Verdict
	err := s.store.View(ctx, func(tx ReadTx) error {
		r, err := releaseOf(tx, release)
		if err != nil {
			return err
		}
		if err := p.sees(r.Ref().scope(), "release", release); err != nil {
			return err
		}
		for rev := int64(1); rev <= r.Rev; rev++ {
			res, err := tx.Revision(KindRelease, release, rev)
			if err != nil {
				return err
			}
			at, err := decode[Release](res)
			if err != nil {
				return err
			}
			if at.Verdict != nil && at.Verdict.ID == verdictID(release, rev) {
				out = append(out, *at.Verdict)
			}
		}
		return nil
	})
	return out, err
}
