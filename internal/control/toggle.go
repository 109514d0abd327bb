package control

import "context"

// Toggle says which flags of a project are to be switched in one environment.
type Toggle struct {
	Project, Environment string
	Flags                []string
	On                   bool
	// Activate makes On enable the disabled strategies of a flag that has no
	// enabled one. Without it, the project's default strategy is added to them.
	Activate bool
}

// Toggle switches flags on or off, all of them or none, as SetEnabled does
// with one.
func (s *Service) Toggle(ctx context.Context, p Principal, t Toggle) error {
	pri := Urgent
	if t.On {
		pri = Normal
	}
	if err := checkBatch(t.Flags); err != nil {
		return err
	}
	return s.write(ctx, p, pri, func(w *work) error {
		for _, flag := range t.Flags {
			if err := w.toggle(Ref{t.Project, flag, t.Environment}, t); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *work) toggle(ref Ref, t Toggle) error {
	perm, typ := PermToggleOff, "flag.env.disable"
	if t.On {
		perm, typ = PermToggleOn, "flag.env.enable"
	}
	_, err := w.changeEnv(perm, typ, ref, func(w *work, f projectFlag, fe *FlagEnv) error {
		if t.On {
			return w.switchOn(ref, f, fe, t.Activate)
		}
		fe.Enabled = false
		return w.stopRelease(ref)
	})
	return err
}

// switchOn makes fe serve somebody: a flag without enabled strategies gets its
// disabled ones back, or the project's default strategy, since no strategy at all is read as
// "on" by some clients and shown as "off" by some tools.
func (w *work) switchOn(ref Ref, f projectFlag, fe *FlagEnv, activate bool) error {
	if err := w.noRelease(ref); err != nil {
		return err
	}
	fe.Enabled = true
	if activate && len(fe.enabled()) == 0 {
		for i := range fe.Strategies {
			fe.Strategies[i].Disabled = false
		}
	}
	if len(fe.enabled()) == 0 {
		_, err := fe.add(w, f, f.project.strategyIn(ref.Environment))
		return err
	}
	return nil
}
