package control

import (
	"context"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
)

// ChangeSet is what has to change for a Configuration to hold. Digest is the
// SHA-256 ("sha256:<hex>") of what is written and of the revisions that it is
// written over: the same files against a state that has moved on have another.
type ChangeSet struct {
	Digest  string   `json:"digest"`
	Changes []Change `json:"changes"`
}

// Change is one document that is made or changed: a segment, a flag, or a flag
// in an environment.
type Change struct {
	Kind        ResourceKind `json:"kind"`
	Name        string       `json:"name"` // of the flag or segment
	Environment string       `json:"environment,omitempty"`
	Revision    int64        `json:"revision"` // that it is written over; 0 where it is new
	Differences []Difference `json:"differences"`
	// Drift is who wrote that revision, where it was not ApplyConfiguration:
	// what the change takes back was then done outside the files.
	Drift *Drift `json:"drift,omitempty"`
	// Release is what runs on the flag there, or on one that the segment is
	// for, and must end first.
	Release string `json:"release,omitempty"`
}

// Drift is a change that was made outside the files.
type Drift struct {
	Event string    `json:"event"` // as the audit log names it
	By    string    `json:"by"`    // the principal's id
	At    time.Time `json:"at"`
}

// applied ends the type of every record of ApplyConfiguration.
const applied = ".apply"

// PlanConfiguration says what ApplyConfiguration would change, and changes
// nothing. What is wrong with the Configuration is an Error of Kind Invalid
// whose Field is a path in it.
func (s *Service) PlanConfiguration(ctx context.Context, p Principal, in Configuration) (ChangeSet, error) {
	pl, _, err := s.plan(ctx, p, in)
	if err != nil {
		return ChangeSet{}, err
	}
	return pl.changeSet()
}

// plan plans a Configuration against the state that the log's head stands for.
func (s *Service) plan(ctx context.Context, p Principal, in Configuration) (pl *planner, at Head, err error) {
	err = s.store.View(ctx, func(tx ReadTx) error {
		if at, err = tx.Head(); err != nil {
			return err
		}
		pl, err = planConfiguration(tx, p, s.now().UTC().Truncate(time.Millisecond), in)
		return err
	})
	return pl, at, err
}

// ApplyConfiguration makes a Configuration hold, all of it or nothing, and
// returns what it changed; each change has a record of its own. With a digest
// it does exactly what was planned under it, and is a Conflict where anything
// of that has moved on. A change beside a running release is a Conflict.
//
// It plans before it takes the writers' turn, and again within it only where
// another writer was there in between: comparing thousands of flags takes
// longer than others should wait.
func (s *Service) ApplyConfiguration(ctx context.Context, p Principal, in Configuration, digest string) (ChangeSet, error) {
	pl, at, err := s.plan(ctx, p, in)
	if err != nil {
		return ChangeSet{}, err
	}
	var out ChangeSet
	err = s.write(ctx, p, Normal, func(w *work) error {
		head, err := w.Head()
		if err == nil && head != at {
			pl, err = planConfiguration(w, p, w.now, in)
		}
		if err == nil {
			out, err = pl.changeSet()
		}
		if err != nil {
			return err
		}
		return w.applyAll(pl, out, digest)
	})
	if err != nil {
		return ChangeSet{}, err
	}
	return out, nil
}

// applyAll writes what was planned, where it is what the digest stands for.
func (w *work) applyAll(pl *planner, set ChangeSet, digest string) error {
	if digest != "" && digest != set.Digest {
		return Errorf(Conflict, "plan_stale", "the plan is %s by now, not %s: look at it again", set.Digest, digest)
	}
	if len(pl.steps) > maxBatch {
		return Invalidf("flags", "bring %d changes: apply at most %d at a time", len(pl.steps), maxBatch)
	}
	for _, st := range pl.steps {
		if err := w.apply(st); err != nil {
			return err
		}
	}
	return nil
}

// apply writes one change, where the principal may.
func (w *work) apply(st step) error {
	for _, perm := range st.perms {
		refusal := w.may(st.scope, perm)
		if refusal != nil && st.Kind == KindFlagEnv {
			ref := Ref{st.scope.Project, st.Name, st.Environment}
			return w.reducing(ref, refusal, func() error { return w.applyAllowed(st) })
		}
		if refusal != nil {
			return refusal
		}
	}
	return w.applyAllowed(st)
}

func (w *work) applyAllowed(st step) error {
	if st.Release != "" {
		return Errorf(Conflict, "release_running", "release %s is running on what would change (%s %s): wait for its end, or roll it back, first", st.Release, st.Kind, st.Name)
	}
	return w.put(st.event)
}

// changeSet returns the plan's changes under their digest.
func (pl *planner) changeSet() (ChangeSet, error) {
	out := ChangeSet{Changes: []Change{}}
	type sealed struct {
		Kind     ResourceKind `json:"kind"`
		Key      string       `json:"key"`
		Revision int64        `json:"revision"`
		After    any          `json:"after"`
	}
	all := []sealed{}
	for _, st := range pl.steps {
		out.Changes = append(out.Changes, st.Change)
		all = append(all, sealed{st.Kind, st.event.Key, st.Revision, st.after})
	}
	canonical, err := audit.Canonical(all)
	out.Digest = audit.Sum(canonical)
	return out, err
}

// driftOf says who wrote a revision, nil where it was ApplyConfiguration for
// files, or nobody knows. Agents plan and apply without files.
func driftOf(tx ReadTx, r Resource) (*Drift, error) {
	seq, err := tx.Recorded(r.Kind, r.Key, r.Rev)
	if err != nil || seq < 0 {
		return nil, err
	}
	rec, err := recordAt(tx, seq)
	if err != nil || strings.HasSuffix(rec.Type, applied) && rec.Req.Origin != OriginMCP {
		return nil, err
	}
	return &Drift{Event: rec.Type, By: rec.Actor.ID, At: r.UpdatedAt}, nil
}
