package control

import (
	"context"
	"time"
)

// KindLifecycle is the kind of a Lifecycle; its key is the flag's name.
const KindLifecycle ResourceKind = "lifecycle"

// Stage is how far a flag has come, in Unleash's words.
type Stage string

// The stages, in the order in which a flag goes through them. It may leave some
// out. It never goes back, but for UncompleteFlag and ReviveFlags.
const (
	StageInitial   Stage = "initial"   // nobody has asked about it
	StagePreLive   Stage = "pre-live"  // an application has
	StageLive      Stage = "live"      // one has in production, where it is on
	StageCompleted Stage = "completed" // a person has said what becomes of it
	StageArchived  Stage = "archived"
)

// Stages are all of them, in order.
var Stages = []Stage{StageInitial, StagePreLive, StageLive, StageCompleted, StageArchived}

// productionType is the type of the environments in which a flag goes live.
const productionType = "production"

// Lifecycle is what has become of a flag since it was created, or revived.
// A flag without one has not left StageInitial.
type Lifecycle struct {
	Flag        string      `json:"flag"`
	Since       time.Time   `json:"since"` // when the flag entered service: of another time, it is about an earlier life
	PreLiveAt   *time.Time  `json:"preLiveAt,omitempty"`
	LiveAt      *time.Time  `json:"liveAt,omitempty"`
	CompletedAt *time.Time  `json:"completedAt,omitempty"`
	Completion  *Completion `json:"completion,omitempty"` // there with CompletedAt
}

// Completion is what a person decided about a flag that has done its work.
type Completion struct {
	Status  string `json:"status"`            // kept or discarded
	Variant string `json:"variant,omitempty"` // the one that was kept
}

// The values of Completion.Status.
const (
	Kept      = "kept"
	Discarded = "discarded"
)

// StageEntry is one stage of a flag and when it was entered.
type StageEntry struct {
	Stage     Stage     `json:"stage"`
	EnteredAt time.Time `json:"enteredAt"`
	Status    string    `json:"status,omitempty"` // of the completion
}

// since is when the flag entered service, the last time that it did.
func (f Flag) since() time.Time {
	if f.RevivedAt != nil {
		return *f.RevivedAt
	}
	return f.CreatedAt
}

// Stages returns what a flag has gone through, the last one being where it is.
// Times never fall, whatever the clocks of replicas say.
func (l Lifecycle) Stages(f Flag) []StageEntry {
	out := []StageEntry{{Stage: StageInitial, EnteredAt: f.since()}}
	enter := func(stage Stage, at *time.Time, status string) {
		if at != nil {
			out = append(out, StageEntry{stage, latest(*at, out[len(out)-1].EnteredAt), status})
		}
	}
	if l.Since.Equal(f.since()) {
		enter(StagePreLive, l.PreLiveAt, "")
		enter(StageLive, l.LiveAt, "")
		if l.Completion != nil {
			enter(StageCompleted, l.CompletedAt, l.Completion.Status)
		}
	}
	enter(StageArchived, f.ArchivedAt, "")
	return out
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Witness returns the lifecycle after an application asked about the flag, live
// where that was in production and the flag was on there. A completed flag stays
// so.
func (l Lifecycle) Witness(at time.Time, live bool) Lifecycle {
	if l.CompletedAt != nil {
		return l
	}
	if l.PreLiveAt == nil {
		l.PreLiveAt = &at
	}
	if live && l.LiveAt == nil {
		l.LiveAt = &at
	}
	return l
}

// NewLife is the lifecycle of a flag that nobody has asked about.
func NewLife(f Flag) Lifecycle { return Lifecycle{Flag: f.Name, Since: f.since()} }

// Complete returns the lifecycle after a person said what becomes of the flag.
// Whoever says so again changes what, not when.
func (l Lifecycle) Complete(at time.Time, as Completion) Lifecycle {
	if l.CompletedAt == nil {
		l.CompletedAt = &at
	}
	l.Completion = &as
	return l
}

// Uncomplete returns the lifecycle as it would be without Complete.
func (l Lifecycle) Uncomplete() Lifecycle {
	l.CompletedAt, l.Completion = nil, nil
	return l
}

// Of returns the lifecycle of this life of the flag: l, or a new one where l is
// about an earlier life or another flag.
func (l Lifecycle) Of(f Flag) Lifecycle {
	if !l.Since.Equal(f.since()) || l.Flag != f.Name {
		return NewLife(f)
	}
	return l
}

// lifecycleOf reads the lifecycle of a flag.
func lifecycleOf(tx ReadTx, f Flag) (Lifecycle, error) {
	l, err := get[Lifecycle](tx, KindLifecycle, f.Name)
	return l.Of(f), present(err)
}

// lifecycles reads those that there are, by flag.
func lifecycles(tx ReadTx) (map[string]Lifecycle, error) {
	all, err := list[Lifecycle](tx, KindLifecycle, "")
	out := make(map[string]Lifecycle, len(all))
	for _, l := range all {
		out[l.Flag] = l
	}
	return out, err
}

func (w *work) putLifecycle(typ string, f Flag, l Lifecycle) error {
	return w.put(event{Type: typ, Kind: KindLifecycle, Key: f.Name, Project: f.Project, Doc: l})
}

// CompleteFlag says that a flag has done its work and what becomes of it: it is
// then waiting to be removed from the code. What it serves does not change.
func (s *Service) CompleteFlag(ctx context.Context, p Principal, project, flag string, as Completion) error {
	switch {
	case as.Status != Kept && as.Status != Discarded:
		return Invalidf("status", "%q is not kept or discarded", as.Status)
	case as.Variant != "" && as.Status != Kept:
		return Invalidf("statusValue", "names a variant that was kept, of a flag that was not")
	}
	return s.changeLifecycle(ctx, p, project, flag, "flag.complete", func(w *work, l Lifecycle) Lifecycle {
		return l.Complete(w.now, as)
	})
}

// UncompleteFlag puts a flag back into the stage that it was completed from.
// One that is not completed stays as it is.
func (s *Service) UncompleteFlag(ctx context.Context, p Principal, project, flag string) error {
	return s.changeLifecycle(ctx, p, project, flag, "flag.uncomplete", func(_ *work, l Lifecycle) Lifecycle {
		return l.Uncomplete()
	})
}

func (s *Service) changeLifecycle(ctx context.Context, p Principal, project, flag, typ string,
	change func(w *work, l Lifecycle) Lifecycle,
) error {
	return s.eachFlag(ctx, p, PermFlagUpdate, project, []string{flag}, func(w *work, f Flag) error {
		if err := f.inService(); err != nil {
			return err
		}
		l, err := lifecycleOf(w, f)
		if err != nil {
			return err
		}
		changed := change(w, l)
		if changed == l {
			return nil
		}
		return w.putLifecycle(typ, f, changed)
	})
}

// FlagLifecycle returns the stages that a flag has gone through, the first one
// first.
func (s *Service) FlagLifecycle(ctx context.Context, p Principal, project, flag string) ([]StageEntry, error) {
	var out []StageEntry
	err := s.store.View(ctx, func(tx ReadTx) error {
		f, err := readable(tx, p, Ref{Project: project, Flag: flag})
		if err != nil {
			return err
		}
		l, err := lifecycleOf(tx, f)
		out = l.Stages(f)
		return err
	})
	return out, err
}

// StageFlag is a flag with the stages it has gone through.
type StageFlag struct {
	Flag   Flag
	Stages []StageEntry // the last one is where it is
}

// StageFlags returns the flags that p may read, archived ones included, of a
// project or of all of them, with the stages they have gone through.
func (s *Service) StageFlags(ctx context.Context, p Principal, project string) ([]StageFlag, error) {
	var out []StageFlag
	err := s.store.View(ctx, func(tx ReadTx) error {
		flags, err := list[Flag](tx, KindFlag, project)
		if err != nil {
			return err
		}
		lives, err := lifecycles(tx)
		for _, f := range flags {
			if p.May(PermRead, Scope{Project: f.Project}) == nil {
				out = append(out, StageFlag{f, lives[f.Name].Stages(f)})
			}
		}
		return err
	})
	return out, err
}
