package control

import (
	"math"
	"slices"
	"strconv"

	"github.com/lockflight/lockflight/internal/policy"
	"github.com/lockflight/lockflight/sdk/eval"
)

// exposure watches what a write does to who gets a flag in one environment,
// and the flags that depend on it there.
type exposure struct {
	ref    Ref
	flags  []string // the flag and its children
	before eval.Snapshot
}

// expose begins to watch a flag before it is written.
func expose(tx ReadTx, ref Ref) (*exposure, error) {
	f, err := get[Flag](tx, KindFlag, ref.Flag)
	if err != nil {
		return nil, err
	}
	children, err := childrenOf(tx, f)
	if err != nil {
		return nil, err
	}
	x := &exposure{ref: ref, flags: append([]string{ref.Flag}, children...)}
	x.before, err = x.served(tx)
	return x, err
}

// effect says what was done since, at its worst.
func (x *exposure) effect(tx ReadTx) (policy.Effect, error) {
	after, err := x.served(tx)
	if err != nil {
		return policy.Increases, err
	}
	effect := policy.Same
	for _, name := range x.flags {
		switch of, _ := policy.Exposure(x.before, after, name); of {
		case policy.Increases:
			return of, nil
		case policy.Reduces:
			effect = of
		case policy.Same:
		}
	}
	return effect, nil
}

// raised is by how many percentage points a write has raised the flags that
// were watched, together.
func raised(tx ReadTx, watched []*exposure) (int, error) {
	points := 0
	for _, x := range watched {
		after, err := x.served(tx)
		if err != nil {
			return 0, err
		}
		points += max(0, widest(after, x.ref.Flag)-widest(x.before, x.ref.Flag))
	}
	return points, nil
}

// widest is how many of a hundred units a flag may be on for: those of its widest
// strategy, by its percentage alone.
func widest(world eval.Snapshot, flag string) int {
	i := slices.IndexFunc(world.Features, func(f eval.Flag) bool { return f.Name == flag })
	if i < 0 || !world.Features[i].Enabled {
		return 0
	}
	return widestStrategy(world.Features[i].Strategies)
}

// widestOf is widest of a flag's own configuration.
func widestOf(fe FlagEnv) int {
	if !fe.Enabled {
		return 0
	}
	return widestStrategy(fe.enabled())
}

func widestStrategy(all []eval.Strategy) int {
	if len(all) == 0 {
		return 100
	}
	most := 0
	for _, st := range all {
		percent := 100.0
		for _, name := range []string{"rollout", "percentage"} {
			if text, ok := st.Parameters[name]; ok {
				if n, err := strconv.ParseFloat(text, 64); err == nil {
					percent = min(max(n, 0), 100)
				}
			}
		}
		most = max(most, int(math.Ceil(percent)))
	}
	return most
}

// served reads the flags, their parents and all segments that they use, as
// clients are served them now.
func (x *exposure) served(tx ReadTx) (eval.Snapshot, error) {
	var out eval.Snapshot
	open, err := servingReleases(tx, x.ref.Environment)
	if err != nil {
		return out, err
	}
	names, segments := slices.Clone(x.flags), map[int]bool{}
	for i := 0; i < len(names); i++ { // it grows by the parents
		f, ok, err := servedFlag(tx, x.ref.Environment, names[i], open[names[i]])
		if err != nil {
			return out, err
		}
		for _, d := range f.Dependencies {
			if !slices.Contains(names, d.Feature) {
				names = append(names, d.Feature)
			}
		}
		if !ok {
			continue
		}
		out.Features = append(out.Features, f)
		for _, st := range f.Strategies {
			for _, id := range st.Segments {
				if segments[id] {
					continue
				}
				segments[id] = true
				seg, err := get[eval.Segment](tx, KindSegment, strconv.Itoa(id))
				if KindOf(err) == NotFound && err != nil {
					continue // the engine has its own answer to a segment that is missing
				}
				if err != nil {
					return out, err
				}
				out.Segments = append(out.Segments, seg)
			}
		}
	}
	return out, nil
}

// reducing carries out a write that was refused to the principal, where it may
// switch the flag off and the write is shown to reduce exposure: that never
// waits for more rights. Otherwise the refusal stands.
func (w *work) reducing(ref Ref, refusal error, write func() error) error {
	if w.p.May(PermToggleOff, ref.scope()) != nil {
		return refusal
	}
	x, err := expose(w, ref)
	if err != nil {
		return err
	}
	if err := w.may(ref.scope(), PermToggleOff); err != nil {
		return err
	}
	if err := write(); err != nil {
		return err
	}
	effect, err := x.effect(w)
	if err == nil && effect != policy.Reduces {
		return refusal // which rolls back what was written
	}
	return err
}
