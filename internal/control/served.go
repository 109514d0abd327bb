package control

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/sdk/eval"
)

// Served is one environment as clients see it at sequence number Seq: every
// flag of the projects served there, by name, releases included.
type Served struct {
	Seq      int64
	Flags    []eval.Flag
	Segments []eval.Segment
}

// Served reads a whole environment at one moment.
func (s *Service) Served(ctx context.Context, environment string) (Served, error) {
	var out Served
	err := s.store.View(ctx, func(tx ReadTx) error {
		head, err := tx.Head()
		if err != nil {
			return err
		}
		out, err = servedAll(tx, environment)
		out.Seq = head.Size
		return err
	})
	return out, err
}

// Update is what changed for one environment.
type Update struct {
	Flags    []eval.Flag    // new or changed
	Removed  []eval.Flag    // no longer served; Name and Project only
	Segments []eval.Segment // new or changed
	Dropped  []int          // ids of segments that are no more
}

// Updates returns what the events with sequence numbers after..Seq changed in
// each of environments, as it is at Seq. A follower that keeps asking from the
// Seq it was given misses nothing.
func (s *Service) Updates(ctx context.Context, after int64, environments []string) (seq int64, by map[string]Update, err error) {
	by = map[string]Update{}
	err = s.store.View(ctx, func(tx ReadTx) error {
		head, err := tx.Head()
		if err != nil {
			return err
		}
		seq = head.Size
		t, err := touchedBy(tx, after)
		if err != nil {
			return err
		}
		for _, env := range environments {
			if by[env], err = t.update(tx, env); err != nil {
				return err
			}
		}
		return nil
	})
	return seq, by, err
}

// touched is what a run of events changed: flags by environment ("" for all
// of them), and segments.
type touched struct {
	flags    map[string]map[string]bool
	segments map[int]bool
}

// eventPage is how many records one read takes.
const eventPage = 1000

func touchedBy(tx ReadTx, after int64) (touched, error) {
	t := touched{flags: map[string]map[string]bool{}, segments: map[int]bool{}}
	for {
		events, err := tx.Events(after, eventPage)
		if err != nil || len(events) == 0 {
			return t, err
		}
		for _, e := range events {
			r, err := audit.Decode(e.Record)
			if err != nil {
				return t, err
			}
			if r.Res.Type != "" {
				if err := t.add(tx, r); err != nil {
					return t, err
				}
			}
		}
		after = events[len(events)-1].Seq + 1
	}
}

func (t touched) add(tx ReadTx, r audit.Record) error {
	switch ResourceKind(r.Res.Type) {
	case KindFlag:
		t.flag("", r.Res.Key)
	case KindFlagEnv:
		env, flag, _ := strings.Cut(r.Res.Key, "/")
		t.flag(env, flag)
	case KindRelease:
		rel, err := get[Release](tx, KindRelease, r.Res.Key)
		if err != nil {
			return err
		}
		for _, one := range rel.Targets() {
			t.flag(rel.Environment, one.Flag)
		}
	case KindSegment:
		id, err := strconv.Atoi(r.Res.Key)
		if err != nil {
			return err
		}
		t.segments[id] = true
	case KindProject:
		flags, err := list[Flag](tx, KindFlag, r.Res.Key)
		for _, f := range flags {
			t.flag("", f.Name)
		}
		return err
	case KindProof, KindFork, KindIncident, KindEnvironment, KindToken, KindContextField, KindTagType, KindFlagType, KindLifecycle, KindStrategyType, KindTag, KindPlan,
		KindFavorite, KindApplication, KindAccount, KindSession, KindRole, KindGroup, KindKill, KindChangeRequest, KindErasure, KindHold: // nothing that clients are served
	}
	return nil
}

func (t touched) flag(env, name string) {
	if t.flags[env] == nil {
		t.flags[env] = map[string]bool{}
	}
	t.flags[env][name] = true
}

func (t touched) update(tx ReadTx, env string) (Update, error) {
	var u Update
	names := map[string]bool{}
	for _, scope := range []string{"", env} {
		for name := range t.flags[scope] {
			names[name] = true
		}
	}
	if len(names) > 0 {
		open, err := servingReleases(tx, env)
		if err != nil {
			return u, err
		}
		for name := range names {
			f, ok, err := servedFlag(tx, env, name, open[name])
			switch {
			case err != nil:
				return u, err
			case ok:
				u.Flags = append(u.Flags, f)
			default:
				u.Removed = append(u.Removed, f)
			}
		}
	}
	for id := range t.segments {
		seg, err := get[eval.Segment](tx, KindSegment, strconv.Itoa(id))
		if KindOf(err) == NotFound && err != nil {
			u.Dropped = append(u.Dropped, id)
			continue
		}
		if err != nil {
			return u, err
		}
		u.Segments = append(u.Segments, seg)
	}
	byName := func(a, b eval.Flag) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(u.Flags, byName)
	slices.SortFunc(u.Removed, byName)
	slices.Sort(u.Dropped)
	slices.SortFunc(u.Segments, func(a, b eval.Segment) int { return a.ID - b.ID })
	return u, nil
}

func servedAll(tx ReadTx, env string) (Served, error) {
	out := Served{Flags: []eval.Flag{}}
	projects, err := list[Project](tx, KindProject, "")
	if err != nil {
		return out, err
	}
	here := map[string]bool{}
	for _, p := range projects {
		here[p.ID] = slices.Contains(p.Environments, env)
	}
	configured, err := list[FlagEnv](tx, KindFlagEnv, env)
	if err != nil {
		return out, err
	}
	byFlag := make(map[string]FlagEnv, len(configured))
	for _, fe := range configured {
		byFlag[fe.Flag] = fe
	}
	open, err := servingReleases(tx, env)
	if err != nil {
		return out, err
	}
	flags, err := list[Flag](tx, KindFlag, "")
	if err != nil {
		return out, err
	}
	for _, f := range flags {
		if here[f.Project] && f.ArchivedAt == nil {
			out.Flags = append(out.Flags, serve(f, byFlag[f.Name], open[f.Name]))
		}
	}
	out.Segments, err = list[eval.Segment](tx, KindSegment, "")
	return out, err
}

// servedFlag returns one flag as served, and whether it is.
func servedFlag(tx ReadTx, env, name string, r *Release) (eval.Flag, bool, error) {
	f, err := get[Flag](tx, KindFlag, name)
	if err != nil {
		if KindOf(err) == NotFound {
			return eval.Flag{Name: name}, false, nil
		}
		return eval.Flag{}, false, err
	}
	p, err := get[Project](tx, KindProject, f.Project)
	if err != nil {
		return eval.Flag{}, false, err
	}
	if !slices.Contains(p.Environments, env) || f.ArchivedAt != nil {
		return eval.Flag{Name: name, Project: f.Project}, false, nil
	}
	fe, err := flagEnv(tx, Ref{f.Project, name, env})
	return serve(f, fe, r), true, err
}

// serve puts together what a client is sent: the flag's own configuration, and
// before it the strategy of the release that runs, if one does. One that is
// watched takes the place of the strategy that it left, but for its holdback. The
// configuration itself is not touched by a release until it completes, so a
// rollback restores it by going away.
func serve(f Flag, fe FlagEnv, r *Release) eval.Flag {
	out := eval.Flag{
		Name: f.Name, Type: f.Type, Description: f.Description, Enabled: fe.Enabled,
		Project: f.Project, Stale: f.Stale, ImpressionData: f.ImpressionData,
		Variants: fe.Variants, Dependencies: f.Dependencies,
	}
	if out.Variants == nil {
		out.Variants = []eval.WeightedVariant{}
	}
	if r != nil {
		out.Enabled = out.Enabled || !r.Watched()
		fe.Strategies = fe.beside(r)
	}
	out.Strategies = fe.enabled()
	return out
}

// beside returns the strategies of a flag in the order in which they are tried
// beside a release that decides what is served: its own, which has its id, and
// the flag's. Those that are not served then are disabled.
func (fe *FlagEnv) beside(r *Release) []Strategy {
	all := slices.Clone(fe.Strategies)
	if r.Watched() {
		for i := range all {
			if all[i].ID == r.ID { // that it left
				all[i].Strategy = r.strategy()
			}
		}
		return all
	}
	first := Strategy{ID: r.ID, Title: "release of build " + r.Build, Strategy: r.strategy()}
	if r.Pin != nil {
		first.Title = "conversations that finish on build " + r.Build
		first.Strategy = r.Pin.narrow(first.Strategy)
	}
	for i := range all {
		all[i].Disabled = all[i].Disabled || !fe.Enabled // what was off stays off beside the release
	}
	return slices.Insert(all, 0, first)
}
