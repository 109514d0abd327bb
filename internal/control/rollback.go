package control

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/policy"
)

// Rollback says what is to be taken back, everywhere at once: a build, or what
// an agent has done since a moment. One of the two is named.
type Rollback struct {
	Build  string
	Agent  string    // by id
	Since  time.Time // of an agent
	Reason string
}

// The actions of a RollbackStep.
const (
	StepRelease = "roll back the release" // control for everyone, and for conversations that are pinned
	StepCallOff = "call off the release"  // that is scheduled; with all of its flags
	StepRestore = "restore"               // the configuration from before
	StepOff     = "switch off"            // what was before cannot be shown to be less
)

// RollbackStep is what a rollback does to one flag in one environment. It
// reduces exposure there, and changes nothing else.
type RollbackStep struct {
	Ref

	Action   string
	Release  string // that is rolled back, or has brought what is taken back
	From, To int    // percent of units, of the widest strategy
	Units    int64  // how often the answer was on in the last 24 hours; what applications report

	config FlagEnv // to restore
}

// RollbackResult is what a rollback does, or would do, by environment and flag.
type RollbackResult struct {
	Steps  []RollbackStep
	Record int64 // of the rollback, the parent of the others; -1 where nothing was done
}

// PlanRollback returns what Rollback would do now, and changes nothing.
func (s *Service) PlanRollback(ctx context.Context, p Principal, in Rollback) (RollbackResult, error) {
	out := RollbackResult{Record: -1}
	if err := in.check(); err != nil {
		return out, err
	}
	err := s.store.View(ctx, func(tx ReadTx) error {
		done, err := in.done(tx, 0)
		if err != nil {
			return err
		}
		if out.Steps, err = in.steps(tx, p, done); err != nil {
			return err
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	return out, s.countUnits(ctx, out.Steps)
}

// Rollback reduces exposure wherever a build, or an agent, has raised it, and
// nowhere else: all of it or nothing, in one transaction. It leaves a record of
// its own, and one for each change, whose parent that is. Where there is nothing
// to take back it leaves none.
func (s *Service) Rollback(ctx context.Context, p Principal, in Rollback) (RollbackResult, error) {
	out := RollbackResult{Record: -1}
	if err := in.check(); err != nil {
		return out, err
	}
	var seen Head
	var done map[Ref][]change
	err := s.store.View(ctx, func(tx ReadTx) (err error) { // the log is read without holding up writers
		if seen, err = tx.Head(); err != nil {
			return err
		}
		done, err = in.done(tx, 0)
		return err
	})
	if err != nil {
		return out, err
	}
	err = s.write(ctx, p, Urgent, func(w *work) error {
		late, err := in.done(w, seen.Size)
		if err != nil {
			return err
		}
		for ref, changes := range late {
			done[ref] = append(done[ref], changes...)
		}
		if out.Steps, err = in.steps(w, w.p, done); err != nil || len(out.Steps) == 0 {
			return err
		}
		out.Record, err = w.carryOut(in, out.Steps)
		return err
	})
	if err != nil {
		return RollbackResult{Record: -1}, err
	}
	return out, s.countUnits(ctx, out.Steps)
}

func (in Rollback) check() error {
	switch {
	case (in.Build == "") == (in.Agent == ""):
		return Invalidf("build", "name a build or an agent, one of the two")
	case in.Build != "" && !in.Since.IsZero():
		return Invalidf("since", "is of an agent: a build is taken back wherever it is")
	case in.Agent != "" && in.Since.IsZero():
		return Invalidf("since", "must say from when on the agent's changes are taken back")
	case !printable(in.Reason) || len(in.Reason) > maxAccountText:
		return Invalidf("reason", "must have at most %d bytes, and no control characters", maxAccountText)
	}
	return nil
}

// change is one change of a flag's configuration, by its revisions.
type change struct{ rev0, rev1 int64 }

// done reads from the log what the agent has changed since, from a sequence
// number on, the oldest change first.
func (in Rollback) done(tx ReadTx, from int64) (map[Ref][]change, error) {
	out := map[Ref][]change{}
	if in.Agent == "" {
		return out, nil
	}
	head, err := tx.Head()
	if err != nil {
		return nil, err
	}
	for end := head.Size; end > from; end -= eventPage {
		begin := max(from, end-eventPage)
		page, err := tx.Events(begin, int(end-begin))
		if err != nil {
			return nil, err
		}
		for _, e := range slices.Backward(page) {
			r, err := audit.Decode(e.Record)
			if err != nil {
				return nil, err
			}
			if at, err := audit.ParseTime(r.TS); err != nil || at.Before(in.Since) {
				return out, err
			}
			if r.Actor.ID == in.Agent && r.Outcome == "success" && r.Res.Type == string(KindFlagEnv) {
				env, flag, _ := strings.Cut(r.Res.Key, "/")
				ref := Ref{r.Project, flag, env}
				out[ref] = slices.Insert(out[ref], 0, change{r.Res.Rev0, r.Res.Rev1})
			}
		}
	}
	return out, nil
}

// steps says what is to be done in one state, and refuses a principal that may
// not do all of it.
func (in Rollback) steps(tx ReadTx, p Principal, done map[Ref][]change) ([]RollbackStep, error) {
	all, err := list[Release](tx, KindRelease, "")
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b Release) int { return a.StartedAt.Compare(b.StartedAt) })
	out := in.waiting(all)
	last := map[Ref]Release{}
	for _, r := range all {
		if r.State == Scheduled || r.State == Aborted || r.State == RolledBack {
			continue // what was before it is what serves
		}
		for _, one := range r.Each() {
			last[one.Ref()] = one
		}
	}
	settled := map[Ref]bool{}
	for ref, r := range last {
		step, err := in.ofRelease(tx, r)
		if err != nil {
			return nil, err
		}
		if step.Action == "" {
			continue
		}
		if len(done[ref]) > 0 && step.Action != StepRelease { // both have raised it: neither alone takes that back
			step.Action, step.To = StepOff, 0
		}
		settled[ref] = step.Action != StepRelease
		out = append(out, step)
	}
	for ref, changes := range done {
		if settled[ref] {
			continue
		}
		step, err := ofChanges(tx, ref, changes)
		if err != nil {
			return nil, err
		}
		if step.Action != "" {
			out = append(out, step)
		}
	}
	if len(out) > maxBatch {
		return nil, Errorf(TooLarge, "too_many", "%d flags would be touched, at most %d are at a time: say since when", len(out), maxBatch)
	}
	slices.SortStableFunc(out, func(a, b RollbackStep) int { // of one flag, the release before what is below it
		return cmp.Or(cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.Flag, b.Flag))
	})
	for _, step := range out {
		if p.May(PermReleaseStop, step.scope()) == nil {
			continue
		}
		if err := p.May(PermToggleOff, step.scope()); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// waiting is what is to be done about releases that serve nobody yet, or only
// conversations that a rollback has pinned: the whole of each goes.
func (in Rollback) waiting(all []Release) []RollbackStep {
	var out []RollbackStep
	for _, r := range all {
		i := slices.IndexFunc(r.Each(), in.names)
		if i < 0 {
			continue
		}
		step := RollbackStep{Ref: r.Each()[i].Ref(), Release: r.ID}
		switch {
		case r.State == Scheduled:
			step.Action = StepCallOff
		case r.Pin != nil:
			step.Action, step.From = StepRelease, r.Pin.Percent
		default:
			continue
		}
		out = append(out, step)
	}
	return out
}

// names reports whether a release is one to take back.
func (in Rollback) names(r Release) bool {
	if in.Build != "" {
		return r.Build == in.Build
	}
	return r.StartedBy == in.Agent && (!r.StartedAt.Before(in.Since) || r.EndedAt != nil && !r.EndedAt.Before(in.Since))
}

// ofRelease is what is to be done about the last release of a flag: nothing
// where it is of something else, or serves nobody.
func (in Rollback) ofRelease(tx ReadTx, r Release) (RollbackStep, error) {
	step := RollbackStep{Ref: r.Ref(), Release: r.ID, From: r.Percent()}
	if !in.names(r) {
		return step, nil
	}
	if r.Open() || r.Watched() && r.watches(r.Flag) {
		step.Action = StepRelease
		return step, nil
	}
	fe, err := flagEnv(tx, r.Ref())
	if err != nil || r.State != Completed || !fe.Enabled {
		return step, err
	}
	// What it has left in the configuration goes, see settleFlag.
	without := fe
	without.Strategies = slices.DeleteFunc(slices.Clone(fe.Strategies), func(st Strategy) bool { return st.Title == r.title() })
	if len(without.Strategies) == len(fe.Strategies) {
		return step, nil // somebody has taken it away already
	}
	without.settle()
	return step.lower(tx, fe, without)
}

// title is that of the strategy which a release leaves where it is completed.
func (r Release) title() string { return "release " + r.ID }

// ofChanges is what is to be done about what an agent has changed of a flag.
func ofChanges(tx ReadTx, ref Ref, changes []change) (RollbackStep, error) {
	step := RollbackStep{Ref: ref}
	fe, err := flagEnv(tx, ref)
	if err != nil || !fe.Enabled {
		return step, err
	}
	grew := false
	for _, c := range changes {
		before, err := configAt(tx, ref, c.rev0)
		if err != nil {
			return step, err
		}
		after, err := configAt(tx, ref, c.rev1)
		if err != nil {
			return step, err
		}
		effect, err := effectOf(tx, ref, before, after)
		if err != nil {
			return step, err
		}
		grew = grew || effect == policy.Increases
	}
	before, err := configAt(tx, ref, changes[0].rev0)
	if err != nil || !grew {
		return step, err
	}
	if left, err := effectOf(tx, ref, before, fe); err != nil || left != policy.Increases {
		return step, err // somebody has taken back at least as much since
	}
	return step.lower(tx, fe, before)
}

// lower completes a step that goes from one configuration to another, where
// that reduces exposure; where it cannot be shown to, it switches off.
func (step RollbackStep) lower(tx ReadTx, from, to FlagEnv) (RollbackStep, error) {
	effect, err := effectOf(tx, step.Ref, from, to)
	if err != nil {
		return step, err
	}
	step.From = widestOf(from)
	if effect == policy.Reduces && to.Enabled {
		step.Action, step.config, step.To = StepRestore, to, widestOf(to)
		return step, nil
	}
	step.Action = StepOff
	return step, nil
}

// configAt is the configuration of a revision, that of a new flag for 0.
func configAt(tx ReadTx, ref Ref, rev int64) (FlagEnv, error) {
	if rev == 0 {
		return FlagEnv{Flag: ref.Flag, Environment: ref.Environment, Strategies: []Strategy{}}, nil
	}
	out, err := versionOf(tx, ref, rev)
	return out.Config, err
}

// instead is a state in which one flag is configured otherwise.
type instead struct {
	ReadTx

	key string
	doc []byte
}

// Resource implements ReadTx.
func (i instead) Resource(kind ResourceKind, key string) (Resource, error) {
	if kind == KindFlagEnv && key == i.key {
		return Resource{Kind: kind, Key: key, Rev: 1, Doc: i.doc}, nil
	}
	return i.ReadTx.Resource(kind, key)
}

// effectOf is what it does to exposure to configure a flag otherwise.
func effectOf(tx ReadTx, ref Ref, before, after FlagEnv) (policy.Effect, error) {
	var worlds [2]instead
	for i, fe := range []FlagEnv{before, after} {
		doc, err := audit.Canonical(fe)
		if err != nil {
			return policy.Increases, err
		}
		worlds[i] = instead{tx, ref.key(), doc}
	}
	x, err := expose(worlds[0], ref)
	if err != nil {
		return policy.Increases, err
	}
	return x.effect(worlds[1])
}

// carryOut takes the steps, and returns the sequence number of the record that
// is the parent of theirs.
func (w *work) carryOut(in Rollback, steps []RollbackStep) (int64, error) {
	w.perm = PermToggleOff
	if err := w.append(event{Type: "rollback.run", Cause: audit.Correlation{Build: in.Build}}, Resource{}, Resource{}); err != nil {
		return -1, err
	}
	parent := w.size - 1
	w.parent = &parent
	for _, step := range steps {
		if err := w.take(in, step); err != nil {
			return -1, err
		}
	}
	return parent, nil
}

func (w *work) take(in Rollback, step RollbackStep) error {
	switch step.Action {
	case StepRelease, StepCallOff:
		r, err := releaseOf(w, step.Release)
		if err != nil {
			return err
		}
		if r.State == Scheduled {
			return w.abort(r.Release, in.Reason)
		}
		return w.withdraw(&r, []string{step.Flag}, in.Reason)
	case StepRestore:
		return w.putEnv("flag.env.restore", step.Ref, step.config, audit.Correlation{})
	default:
		return w.switchOff(step.Ref)
	}
}

// countUnits fills in how often flags were on.
func (s *Service) countUnits(ctx context.Context, steps []RollbackStep) error {
	if s.usage == nil {
		return nil
	}
	for i, step := range steps {
		hours, err := s.usage.Usage(ctx, step.Flag, s.now().Add(-24*time.Hour))
		if err != nil {
			return err
		}
		for _, u := range hours {
			if u.Environment == step.Environment {
				steps[i].Units += u.Yes
			}
		}
	}
	return nil
}
