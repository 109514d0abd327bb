package control

import (
	"context"
	"slices"
)

// KindFlagType is the kind of a FlagType whose lifetime was changed; its key is
// its id.
const KindFlagType ResourceKind = "flag_type"

// FlagType is what a flag is for, and how long one is expected to be needed.
type FlagType struct {
	ID           string `json:"id"`
	LifetimeDays *int   `json:"lifetimeDays"` // nil where it is meant to stay
}

// standardTypes are Unleash's, with its expected lifetimes.
var standardTypes = []FlagType{
	{"release", new(40)},
	{"experiment", new(40)},
	{"operational", new(7)},
	{"kill-switch", nil},
	{"permission", nil},
	{"sunset", new(90)},
}

// flagTypes are the ids of the types.
var flagTypes = func() (ids []string) {
	for _, t := range standardTypes {
		ids = append(ids, t.ID)
	}
	return ids
}()

// maxLifetime is the longest lifetime in days: ten years.
const maxLifetime = 3650

// FlagTypes lists the types of flags.
func (s *Service) FlagTypes(ctx context.Context) ([]FlagType, error) {
	var out []FlagType
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = flagTypesOf(tx)
		return err
	})
	return out, err
}

func flagTypesOf(tx ReadTx) ([]FlagType, error) {
	out := slices.Clone(standardTypes)
	changed, err := list[FlagType](tx, KindFlagType, "")
	for _, c := range changed {
		if i := slices.IndexFunc(out, func(t FlagType) bool { return t.ID == c.ID }); i >= 0 {
			out[i] = c
		}
	}
	return out, err
}

// SetLifetime says after how many days a flag of a type is potentially stale:
// never where days is nil or 0.
func (s *Service) SetLifetime(ctx context.Context, p Principal, id string, days *int) (FlagType, error) {
	if days != nil && (*days < 0 || *days > maxLifetime) {
		return FlagType{}, Invalidf("lifetimeDays", "%d is not a number of days from 0 to %d", *days, maxLifetime)
	}
	if days != nil && *days == 0 {
		days = nil
	}
	out := FlagType{id, days}
	err := s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{}, PermFlagTypeWrite); err != nil {
			return err
		}
		if !slices.Contains(flagTypes, id) {
			return Errorf(NotFound, "not_found", "there is no flag type %q", id)
		}
		return w.put(event{Type: "flag_type.update", Kind: KindFlagType, Key: id, Doc: out})
	})
	return out, err
}
