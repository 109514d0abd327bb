package control

import (
	"context"
	"slices"
)

// FlagEdit says what to change of a flag. A nil field leaves what is there.
type FlagEdit struct {
	Type           *string
	Description    *string
	Stale          *bool
	ImpressionData *bool
}

// maxBatch bounds what one transaction changes, and so how long it keeps other
// writers waiting.
const maxBatch = 1000

// EditFlags changes flags of a project, all of them or none. What a flag is
// already leaves no record.
func (s *Service) EditFlags(ctx context.Context, p Principal, project string, flags []string, in FlagEdit) error {
	if in.Type != nil {
		if err := checkFlagType(*in.Type); err != nil {
			return err
		}
	}
	return s.eachFlag(ctx, p, PermFlagUpdate, project, flags, func(w *work, f Flag) error {
		if err := f.inService(); err != nil {
			return err
		}
		set(&f.Type, in.Type)
		set(&f.Description, in.Description)
		set(&f.Stale, in.Stale)
		set(&f.ImpressionData, in.ImpressionData)
		return w.putFlag("flag.update", f)
	})
}

// set gives a field its new value, where there is one.
func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// putFlag writes a flag with its record.
func (w *work) putFlag(typ string, f Flag) error {
	return w.put(event{Type: typ, Kind: KindFlag, Key: f.Name, Project: f.Project, Doc: f})
}

// eachFlag lets act change each of the named flags of a project, in one
// transaction.
func (s *Service) eachFlag(ctx context.Context, p Principal, perm Permission, project string, flags []string,
	act func(w *work, f Flag) error,
) error {
	if err := checkBatch(flags); err != nil {
		return err
	}
	return s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{Project: project}, perm); err != nil {
			return err
		}
		for _, name := range flags {
			f, _, err := flagOf(w, project, name)
			if err != nil {
				return err
			}
			if err := act(w, f); err != nil {
				return err
			}
		}
		return nil
	})
}

func checkBatch(flags []string) error {
	switch {
	case len(flags) == 0:
		return Invalidf("features", "must name at least one flag")
	case len(flags) > maxBatch:
		return Invalidf("features", "names %d flags: send at most %d at a time", len(flags), maxBatch)
	}
	return nil
}

func checkFlagType(typ string) error {
	if !slices.Contains(flagTypes, typ) {
		return Invalidf("type", "%q is not one of %v", typ, flagTypes)
	}
	return nil
}

// inService refuses what makes no sense for a flag in the archive.
func (f Flag) inService() error {
	if f.ArchivedAt != nil {
		return Errorf(Conflict, "flag_archived", "flag %q is in the archive: revive it first", f.Name)
	}
	return nil
}
