package control

import (
	"context"
	"slices"
	"sync"
)

// Sighting is that an application asked about a flag in an environment.
type Sighting struct{ Flag, Environment string }

// witnessChunk is how many flags one transaction moves, so that it keeps no
// other writer waiting for long.
const witnessChunk = 100

// Witness moves flags that were asked about to the stages that this brings them
// to, each with a record. It costs a read of all flags where anything has
// changed since the last call, and else next to nothing; that a sighting moves
// nothing until the state changes is remembered.
func (s *Service) Witness(ctx context.Context, seen []Sighting) error {
	var moves []string
	err := s.store.View(ctx, func(tx ReadTx) error {
		head, err := tx.Head()
		if err != nil {
			return err
		}
		if seen = s.witnessed.unsettled(head.Size, seen); len(seen) == 0 {
			return nil
		}
		moves, err = movesOf(tx, seen)
		return err
	})
	if err != nil {
		return err
	}
	byFlag := map[string][]Sighting{}
	for _, one := range seen {
		byFlag[one.Flag] = append(byFlag[one.Flag], one)
	}
	for chunk := range slices.Chunk(moves, witnessChunk) {
		if err := s.move(ctx, chunk, byFlag); err != nil {
			return err
		}
	}
	s.witnessed.settle(seen)
	return nil
}

// movesOf returns the flags that sightings would move.
func movesOf(tx ReadTx, seen []Sighting) ([]string, error) {
	flags, err := list[Flag](tx, KindFlag, "")
	if err != nil {
		return nil, err
	}
	lives, err := lifecycles(tx)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]Flag, len(flags))
	for _, f := range flags {
		byName[f.Name] = f
	}
	var out []string
	for _, one := range seen {
		f, exists := byName[one.Flag]
		if !exists || f.ArchivedAt != nil {
			continue
		}
		l := lives[f.Name].Of(f)
		live := false
		if l.PreLiveAt != nil && l.LiveAt == nil && l.CompletedAt == nil {
			if live, err = liveIn(tx, one); err != nil {
				return nil, err
			}
		}
		if l.Witness(f.since(), live) != l {
			out = append(out, f.Name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// liveIn reports whether a flag is on in an environment, and that one is for
// production.
func liveIn(tx ReadTx, at Sighting) (bool, error) {
	env, err := get[Environment](tx, KindEnvironment, at.Environment)
	if err != nil || env.Type != productionType {
		return false, present(err)
	}
	fe, err := flagEnv(tx, Ref{Flag: at.Flag, Environment: at.Environment})
	return fe.Enabled, err
}

// move writes the stages that some flags have reached.
func (s *Service) move(ctx context.Context, flags []string, seen map[string][]Sighting) error {
	return s.write(ctx, system("usage"), Normal, func(w *work) error {
		for _, name := range flags {
			f, err := get[Flag](w, KindFlag, name)
			if err != nil || f.ArchivedAt != nil {
				if err := present(err); err != nil {
					return err
				}
				continue
			}
			l, err := lifecycleOf(w, f)
			if err != nil {
				return err
			}
			moved, err := l.after(w, seen[name])
			if err != nil {
				return err
			}
			if moved == l {
				continue
			}
			if err := w.putLifecycle("flag.lifecycle.enter", f, moved); err != nil {
				return err
			}
		}
		return nil
	})
}

// after returns the lifecycle after all sightings of its flag.
func (l Lifecycle) after(w *work, seen []Sighting) (Lifecycle, error) {
	for _, one := range seen {
		live, err := liveIn(w, one)
		if err != nil {
			return l, err
		}
		l = l.Witness(w.now, live)
	}
	return l, nil
}

// witnessed remembers which sightings move nothing as long as the state is what
// it was.
type witnessed struct {
	mu      sync.Mutex
	size    int64 // of the log
	settled map[Sighting]bool
}

// unsettled returns the sightings that may move something at a size of the log.
func (w *witnessed) unsettled(size int64, seen []Sighting) []Sighting {
	w.mu.Lock()
	defer w.mu.Unlock()
	if size != w.size || w.settled == nil {
		w.size, w.settled = size, map[Sighting]bool{}
	}
	var out []Sighting
	for _, one := range seen {
		if !w.settled[one] {
			out = append(out, one)
		}
	}
	return out
}

// settle notes sightings that have been looked at. Where they moved a flag the
// log has grown, so that they are looked at once more.
func (w *witnessed) settle(seen []Sighting) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, one := range seen {
		w.settled[one] = true
	}
}
