package control

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
)

// FlagRevision is one version of a flag's configuration in one environment:
// who made it, when, by what, and what it changed of the version before.
type FlagRevision struct {
	Rev         int64
	At          time.Time
	Record      int64        // sequence number of its record; -1 where the database was older than that
	Event       string       // the record's type, as flag.env.enable
	By          audit.Actor  // from the record
	Config      FlagEnv      // as it was
	Differences []Difference // from the revision before; from nothing for the first
}

// FlagHistory returns up to limit versions of a flag's configuration in one
// environment, the newest first: those before the revision before, or the
// newest of all where that is 0.
func (s *Service) FlagHistory(ctx context.Context, p Principal, ref Ref, before int64, limit int) ([]FlagRevision, error) {
	var out []FlagRevision
	err := s.store.View(ctx, func(tx ReadTx) error {
		f, err := readable(tx, p, ref)
		if err != nil {
			return err
		}
		ref.Project = f.Project
		current, err := tx.Resource(KindFlagEnv, ref.key())
		if err != nil {
			return present(err)
		}
		last := current.Rev
		if before > 0 {
			last = min(last, before-1)
		}
		for rev := last; rev > max(last-int64(limit), 0); rev-- {
			one, err := flagRevision(tx, ref, rev)
			if err != nil {
				return err
			}
			out = append(out, one)
		}
		return nil
	})
	return out, err
}

// flagRevision reads one version with its record.
func flagRevision(tx ReadTx, ref Ref, rev int64) (FlagRevision, error) {
	out, err := versionOf(tx, ref, rev)
	if err != nil {
		return out, err
	}
	var before any
	if rev > 1 {
		old, err := versionOf(tx, ref, rev-1)
		if err != nil {
			return out, err
		}
		before = old.Config
	}
	if out.Differences, err = Differences(before, out.Config); err != nil {
		return out, err
	}
	if out.Record, err = tx.Recorded(KindFlagEnv, ref.key(), rev); err != nil || out.Record < 0 {
		return out, err
	}
	r, err := recordAt(tx, out.Record)
	out.Event, out.By = r.Type, r.Actor
	return out, err
}

// versionOf reads the configuration of one revision.
func versionOf(tx ReadTx, ref Ref, rev int64) (FlagRevision, error) {
	res, err := tx.Revision(KindFlagEnv, ref.key(), rev)
	if err != nil {
		return FlagRevision{}, asMissing(err, "revision", strconv.FormatInt(rev, 10))
	}
	fe, err := decode[FlagEnv](res)
	return FlagRevision{Rev: rev, At: res.UpdatedAt, Config: fe}, err
}

// recordAt reads one record of the log.
func recordAt(tx ReadTx, seq int64) (audit.Record, error) {
	events, err := tx.Events(seq, 1)
	if err != nil {
		return audit.Record{}, err
	}
	if len(events) == 0 || events[0].Seq != seq {
		return audit.Record{}, fmt.Errorf("the log has no record %d", seq)
	}
	return audit.Decode(events[0].Record)
}

// readable returns the flag that ref names, where p may read it there.
func readable(tx ReadTx, p Principal, ref Ref) (Flag, error) {
	f, _, err := flagOf(tx, ref.Project, ref.Flag)
	if err != nil {
		return Flag{}, err
	}
	return f, p.sees(Scope{Project: f.Project, Environment: ref.Environment}, "flag", f.Name)
}

// RestoreFlag makes an earlier version of a flag's configuration in one
// environment the current one, and changes nothing else: not the flag in other
// environments, nor other flags. A running release is a Conflict, a version
// that can no longer be served, because a segment of it has gone, is Invalid.
func (s *Service) RestoreFlag(ctx context.Context, p Principal, ref Ref, rev int64) (FlagView, error) {
	return s.changeEnv(ctx, p, Normal, PermRuleWrite, "flag.env.restore", ref, func(w *work, f projectFlag, fe *FlagEnv) error {
		if err := w.noRelease(ref); err != nil {
			return err
		}
		old, err := versionOf(w, ref, rev)
		if err != nil {
			return err
		}
		if old.Config.Enabled && !fe.Enabled {
			at := Scope{Project: f.Project, Environment: ref.Environment}
			if err := w.may(at, PermToggleOn); err != nil {
				return err
			}
		}
		*fe = old.Config
		for i, st := range fe.Strategies {
			if err := checkStrategy(w, f.Project, i, st); err != nil {
				return err
			}
		}
		return nil
	})
}

// present makes nothing of an error that says that something is not there.
func present(err error) error {
	if KindOf(err) == NotFound {
		return nil
	}
	return err
}
