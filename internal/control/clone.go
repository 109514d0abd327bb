package control

import (
	"context"
	"maps"

	"github.com/lockflight/lockflight/internal/audit"
)

// CloneFlag makes a flag in the same project with another's type, description
// and strategies, off in every environment. With regroup, rollouts of the new
// flag pick their own people: the old name as a groupId becomes the new one.
func (s *Service) CloneFlag(ctx context.Context, p Principal, project, flag, name string, regroup bool) (FlagView, error) {
	if err := checkName("name", name); err != nil {
		return FlagView{}, err
	}
	var out FlagView
	err := s.write(ctx, p, Normal, func(w *work) error {
		f, pr, err := flagOf(w, project, flag)
		if err != nil {
			return err
		}
		if err := w.mayOn(Scope{Project: f.Project}, "flag", flag, PermFlagCreate); err != nil {
			return err
		}
		if err := namable(w, f.Project, name); err != nil {
			return err
		}
		old := f
		f.Name, f.CreatedAt, f.CreatedBy, f.ArchivedAt, f.Stale = name, w.now, w.p.ID, nil, false
		if f, err = w.answerable(f); err != nil {
			return err
		}
		if err := w.putFlag("flag.create", f); err != nil {
			return err
		}
		err = w.eachEnvOf(old, func(ref Ref, fe FlagEnv) error {
			ref.Flag = name
			return w.putEnv("rule.create", ref, w.cloneEnv(fe, name, regroup), audit.Correlation{})
		})
		if err != nil {
			return err
		}
		out, err = viewOf(w, f, pr)
		return err
	})
	return out, err
}

// cloneEnv returns a configuration for the flag name, off, with strategies of
// its own.
func (w *work) cloneEnv(fe FlagEnv, name string, regroup bool) FlagEnv {
	old := fe.Flag
	fe.Flag, fe.Enabled = name, false
	for i, st := range fe.Strategies {
		st.ID = newID("str-", w.now)
		if regroup && st.Parameters["groupId"] == old {
			st.Parameters = maps.Clone(st.Parameters)
			st.Parameters["groupId"] = name
		}
		fe.Strategies[i] = st
	}
	return fe
}
