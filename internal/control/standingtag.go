package control

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

// KindTag is the kind of a StandingTag, whose key is its type and value.
const KindTag ResourceKind = "tag"

// StandingTag is a tag that tools offer: one that was created by itself, or
// that a flag has.
type StandingTag struct {
	Tag
	Color string `json:"color,omitempty"` // #rrggbb; that of its type where it has none of its own
}

func (t Tag) key() string { return t.Type + ":" + t.Value }

// StandingTags lists the tags of a type, or all where it is empty, by type and
// value: those that were created, and those of flags that p may read.
func (s *Service) StandingTags(ctx context.Context, p Principal, typ string) ([]StandingTag, error) {
	if err := p.readsAnything(); err != nil {
		return nil, err
	}
	var out []StandingTag
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		if out, err = list[StandingTag](tx, KindTag, typ); err != nil {
			return err
		}
		flags, err := list[Flag](tx, KindFlag, "")
		if err != nil {
			return err
		}
		for _, f := range flags {
			if p.May(PermRead, Scope{Project: f.Project}) != nil {
				continue
			}
			for _, t := range f.Tags {
				if typ == "" || t.Type == typ {
					out = append(out, StandingTag{Tag: t})
				}
			}
		}
		types, err := tagTypes(tx)
		for i := range out {
			if at := slices.IndexFunc(types, func(t TagType) bool { return t.Name == out[i].Type }); at >= 0 {
				out[i].Color = cmp.Or(out[i].Color, types[at].Color)
			}
		}
		return err
	})
	slices.SortStableFunc(out, func(a, b StandingTag) int { return strings.Compare(a.key(), b.key()) })
	return slices.CompactFunc(out, func(a, b StandingTag) bool { return a.Tag == b.Tag }), err
}

// CreateTag makes a tag that no flag has yet. One that flags have may be
// created too, and stays when they lose it.
func (s *Service) CreateTag(ctx context.Context, p Principal, in StandingTag) (StandingTag, error) {
	if err := checkColor(in.Color); err != nil {
		return in, err
	}
	err := s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{}, PermTagWrite, PermTagCreate); err != nil {
			return err
		}
		settled, err := settledTags(w, []Tag{in.Tag})
		if err != nil {
			return err
		}
		in.Tag = settled[0]
		if _, err := w.Resource(KindTag, in.key()); KindOf(err) != NotFound || err == nil {
			if err != nil {
				return err
			}
			return &Error{Kind: Exists, Code: "exists", Field: "value", Msg: fmt.Sprintf("a tag %q exists already", in.key())}
		}
		return w.put(event{Type: "tag.create", Kind: KindTag, Key: in.key(), Doc: in})
	})
	return in, err
}

// DeleteTag removes a tag that was created and that no flag has.
func (s *Service) DeleteTag(ctx context.Context, p Principal, t Tag) error {
	return s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{}, PermTagWrite, PermTagDelete); err != nil {
			return err
		}
		flags, err := list[Flag](w, KindFlag, "")
		if err != nil {
			return err
		}
		for _, f := range flags {
			if slices.Contains(f.Tags, t) {
				return Errorf(Conflict, "tag_in_use", "flag %q has the tag %q: remove it from there first", f.Name, t.key())
			}
		}
		if _, err := w.Resource(KindTag, t.key()); err != nil {
			return asMissing(err, "tag", t.key())
		}
		return w.remove(event{Type: "tag.delete", Kind: KindTag, Key: t.key()})
	})
}
