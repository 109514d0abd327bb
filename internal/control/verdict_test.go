package control_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/sdk/eval"
)

// configuration is the flag's own, as stored, to the byte.
func (w *world) configuration(t *testing.T, ref control.Ref) string {
	t.Helper()
	var doc []byte
	check(t, w.db.View(t.Context(), func(tx control.ReadTx) error {
		r, err := tx.Resource(control.KindFlagEnv, ref.Environment+"/"+ref.Flag)
		doc = r.Doc
		if control.KindOf(err) == control.NotFound {
			return nil
		}
		return err
	}))
	return string(doc)
}

func TestHoldChangesNothingServed(t *testing.T) {
	t.Parallel()
	for reason, state := range map[string]control.ReleaseState{
		gate.MinDuration:                       control.Running,
		"P10_UNDETERMINED:evidence_coverage":   control.Running,
		"P12_HYSTERESIS":                       control.Running,
		"P7_EVIDENCE_MISSING:safety_pass_rate": control.Held,
		"P8_BELOW_PROMOTE:evidence_coverage":   control.Held,
		gate.SRM:                               control.Held,
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.started(t)
			before := w.servedFlag(t, production)
			w.pass(time.Minute)
			held := w.apply(t, r, gate.Hold, reason)
			diff(t, "served", before, w.servedFlag(t, production))
			diff(t, "as returned", must(w.Release(t.Context(), root, r.ID))(t), held)
			if held.State != state || held.Rev != 2 || held.Milestone != 0 || !held.ChangedAt.Equal(begin) || held.ServedFrom != r.ServedFrom {
				t.Errorf("held as %s at revision %d, milestone %d, changed %v", held.State, held.Rev, held.Milestone, held.ChangedAt)
			}
		})
	}
}

// TestRollbackLeavesConfiguration rolls releases back in each way there is:
// what people configured is as it was, to the byte.
func TestRollbackLeavesConfiguration(t *testing.T) {
	t.Parallel()
	for name, roll := range map[string]func(t *testing.T, w *world, r control.ReleaseView){
		"by the gate": func(t *testing.T, w *world, r control.ReleaseView) {
			w.apply(t, w.apply(t, r, gate.Promote, gate.AllPass), gate.Rollback, "P5_SEVERE:evidence_coverage")
		},
		"by a person": func(t *testing.T, w *world, r control.ReleaseView) {
			must(w.RollbackRelease(t.Context(), root, r.ID, ""))(t)
		},
	} {
		for _, on := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				aStrategy(t, w)
				must(w.SetEnabled(t.Context(), root, production, on))(t)
				config, served := w.configuration(t, production), w.servedFlag(t, production)
				r := w.started(t)
				if w.servedFlag(t, production).Strategies[0].Parameters["release"] != r.ID {
					t.Error("the release is not served")
				}
				roll(t, w, r)
				diff(t, "configuration", config, w.configuration(t, production))
				diff(t, "served", served, w.servedFlag(t, production))
				end := must(w.Release(t.Context(), root, r.ID))(t)
				if end.State != control.RolledBack || end.Percent() != 0 || end.EndedAt == nil || end.ServedFrom != w.head(t).Size {
					t.Errorf("ended as %s at %d %%, served from %d of %d", end.State, end.Percent(), end.ServedFrom, w.head(t).Size)
				}
			})
		}
	}
}

// TestCompletionSettlesTheFlag promotes to the end: the flag is on by its own
// configuration, and nothing that was there is lost.
func TestCompletionSettlesTheFlag(t *testing.T) {
	t.Parallel()
	for name, on := range map[string]bool{"a flag that was on": true, "a flag that was off": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			aStrategy(t, w)
			must(w.SetEnabled(t.Context(), root, production, on))(t)
			r := w.started(t)
			r = w.apply(t, r, gate.Promote, gate.AllPass)
			if r.State != control.Running || r.Milestone != 1 || r.Percent() != 50 || w.servedFlag(t, production).Strategies[0].Parameters["rollout"] != "50" {
				t.Errorf("after a promotion: %s, milestone %d, %d %%", r.State, r.Milestone, r.Percent())
			}
			from := w.head(t).Size
			r = w.apply(t, r, gate.Promote, gate.AllPass)
			records := w.since(t, from)
			diff(t, "records", []string{"flag.env.enable", "release.milestone.promote"}, types(records))
			w.accounted(t, records)
			for _, rec := range records {
				diff(t, "what it belongs to", audit.Correlation{Rollout: r.ID, Build: "b2"}, rec.Cor)
			}
			if r.State != control.Completed || r.Percent() != 100 || r.ServedFrom != w.head(t).Size || r.Open() {
				t.Errorf("ended as %s at %d %%", r.State, r.Percent())
			}
			got, names := enabled(t, w)
			want := []string{"flexibleRollout", "(flexibleRollout)"}
			if on {
				want[1] = "flexibleRollout"
			}
			if !got {
				t.Error("the flag is off")
			}
			diff(t, "strategies", want, names)
			diff(t, "served first", eval.Strategy{
				Name: "flexibleRollout", Constraints: []eval.Constraint{},
				Parameters: eval.Parameters{"rollout": "100", "stickiness": "userId", "groupId": "blue-flag"},
			}, w.servedFlag(t, production).Strategies[0])
			must(w.SetEnabled(t.Context(), root, production, false))(t) // the flag is free again
		})
	}
}

// TestApplyOnce lets two replicas decide on the same revision.
func TestApplyOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.started(t)
	in := w.decided(r, gate.Promote, gate.AllPass)
	first, second := make(chan error, 1), make(chan error, 1)
	for _, done := range []chan error{first, second} {
		go func() {
			_, err := w.Apply(t.Context(), control.Engine(), in)
			done <- err
		}()
	}
	a, b := <-first, <-second
	if (a == nil) == (b == nil) {
		t.Fatalf("of two that decide at once: %v and %v, want one to be carried out", a, b)
	}
	for _, err := range []error{a, b} {
		if err != nil && code(err) != "release_moved_on" {
			t.Error(err)
		}
	}
	if now := must(w.Release(t.Context(), root, r.ID))(t); now.Milestone != 1 || now.Rev != 2 {
		t.Errorf("at milestone %d, revision %d", now.Milestone, now.Rev)
	}
}

func TestApplyRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.started(t)
	paused := must(w.PauseRelease(t.Context(), root, r.ID, ""))(t)
	for name, in := range map[string]control.Evaluation{
		"an old revision": w.decided(r, gate.Promote, gate.AllPass),
		"a paused one":    w.decided(paused, gate.Rollback, gate.AllPass),
	} {
		if _, err := w.Apply(t.Context(), control.Engine(), in); code(err) != "release_moved_on" || control.KindOf(err) != control.Conflict {
			t.Errorf("%s: %v", name, err)
		}
	}
	in := w.decided(paused, gate.Hold, "")
	in.Release = "rel-none"
	_, err := w.Apply(t.Context(), control.Engine(), in)
	wantErr(t, err, control.NotFound, "release")
}

// TestVerdictIsKept reads a verdict back with all that it was made on.
func TestVerdictIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.started(t)
	in := w.decided(r, gate.Promote, gate.AllPass)
	from := w.head(t).Size
	applied := must(w.Apply(t.Context(), control.Engine(), in))(t)
	v := must(w.Verdict(t.Context(), root, applied.Verdict.ID))(t)
	policy := must(audit.Canonical(r.Plan.PolicyAt(0)))(t)
	diff(t, "policy", string(policy), string(v.Policy))
	diff(t, "its digest", audit.Sum(policy), v.PolicySHA256)
	diff(t, "the evidence's digest", audit.Sum(v.Evidence), v.SnapshotSHA256)
	var doc struct {
		Schema       string
		PolicySHA256 string `json:"policy_sha256"`
		Snapshot     gate.Snapshot
		State        gate.State
	}
	check(t, json.Unmarshal(v.Evidence, &doc))
	diff(t, "snapshot", in.Snapshot, doc.Snapshot)
	diff(t, "state", in.State, doc.State)
	diff(t, "the policy that it names", v.PolicySHA256, doc.PolicySHA256)
	diff(t, "marks", in.Marks, applied.Marks)
	if v.Release != r.ID || v.Build != "b2" || v.Flag != "blue-flag" || v.Env != "production" || v.By != "sys:engine" || v.Milestone != 0 {
		t.Errorf("verdict %+v", v)
	}
	diff(t, "in the log", audit.Decision{
		Verdict: "PROMOTE", Gate: "agent-default", GateRev: int64(r.Plan.Policy.Metadata.Version), Engine: "v0",
		Evidence: v.SnapshotSHA256, Rule: gate.AllPass,
	}, w.since(t, from)[0].Dec)
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.apply(t, w.started(t), gate.Hold, gate.MinDuration)
	first := r.Verdict.ID
	must(w.PauseRelease(t.Context(), root, r.ID, ""))(t)
	must(w.ResumeRelease(t.Context(), root, r.ID, ""))(t)
	r = must(w.PromoteRelease(t.Context(), root, r.ID, "known"))(t)
	second := r.Verdict.ID
	r = w.apply(t, r, gate.Rollback, "P2_CRITICAL_EVENT")
	var ids []string
	for _, v := range must(w.Verdicts(t.Context(), root, r.ID))(t) {
		ids = append(ids, v.ID)
	}
	diff(t, "verdicts", []string{first, second, r.Verdict.ID}, ids)
	if v := must(w.Verdict(t.Context(), root, second))(t); v.Evidence != nil || v.By != "tok_test" {
		t.Errorf("the verdict of a person: %+v", v)
	}
	for _, id := range []string{"", "x", r.ID, r.ID + ".", r.ID + ".1", r.ID + ".3", r.ID + ".99", "rel-none.2", r.ID + ".-1"} {
		if _, err := w.Verdict(t.Context(), root, id); control.KindOf(err) != control.NotFound || err == nil {
			t.Errorf("verdict %q: %v", id, err)
		}
	}
}
