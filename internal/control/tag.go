package control

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// KindTagType is the kind of a TagType, whose key is its name.
const KindTagType ResourceKind = "tag_type"

// TagType is a sort of tag: the team, the ticket, the service.
type TagType struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Icon        string `json:"icon,omitempty"`
	Color       string `json:"color,omitempty"` // #rrggbb
}

// Tag says something about a flag. It changes nothing that is served.
type Tag struct {
	Type  string `json:"type"` // the name of a TagType
	Value string `json:"value"`
}

// simpleTag is the type that is there without having been created.
var simpleTag = TagType{Name: "simple", Description: "A word that needs no type of its own", Icon: "#", Color: "#FFFFFF"}

// maxTags is the most tags of one flag.
const maxTags = 100

// TagFlags adds and removes tags of flags of a project, on all of the flags or
// none.
func (s *Service) TagFlags(ctx context.Context, p Principal, project string, flags []string, add, remove []Tag) error {
	return s.eachFlag(ctx, p, PermFlagUpdate, project, flags, func(w *work, f Flag) error {
		kept := slices.DeleteFunc(slices.Clone(f.Tags), func(t Tag) bool { return slices.Contains(remove, t) })
		var err error
		if f.Tags, err = settledTags(w, append(kept, add...)); err != nil {
			return err
		}
		return w.putFlag("flag.tag", f)
	})
}

// settledTags returns tags as they are stored: each once, in order, nil for
// none.
func settledTags(tx ReadTx, tags []Tag) ([]Tag, error) {
	for i := range tags {
		t := Tag{tags[i].Type, strings.TrimSpace(tags[i].Value)}
		if err := hasTagType(tx, t.Type); err != nil {
			return nil, asField(err, "tags", "there is no tag type %q", t.Type)
		}
		if t.Value == "" || len(t.Value) > maxName || !printable(t.Value) {
			return nil, Invalidf("tags", "%q is no tag: use 1 to %d bytes without control characters", t.Value, maxName)
		}
		tags[i] = t
	}
	slices.SortFunc(tags, func(a, b Tag) int { return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Value, b.Value)) })
	tags = slices.Compact(tags)
	if len(tags) > maxTags {
		return nil, Invalidf("tags", "would be %d: a flag has at most %d", len(tags), maxTags)
	}
	if len(tags) == 0 {
		return nil, nil
	}
	return tags, nil
}

func hasTagType(tx ReadTx, name string) error {
	_, err := get[TagType](tx, KindTagType, name)
	if KindOf(err) == NotFound && name == simpleTag.Name {
		return nil
	}
	return asMissing(err, "tag type", name)
}

// TagTypes lists the types of tags by name.
func (s *Service) TagTypes(ctx context.Context, p Principal) ([]TagType, error) {
	if err := p.readsAnything(); err != nil {
		return nil, err
	}
	var out []TagType
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = tagTypes(tx)
		return err
	})
	return out, err
}

func tagTypes(tx ReadTx) ([]TagType, error) {
	out, err := list[TagType](tx, KindTagType, "")
	if !slices.ContainsFunc(out, func(t TagType) bool { return t.Name == simpleTag.Name }) {
		out = append(out, simpleTag)
	}
	slices.SortFunc(out, func(a, b TagType) int { return strings.Compare(a.Name, b.Name) })
	return out, err
}

// CreateTagType adds a type of tag.
func (s *Service) CreateTagType(ctx context.Context, p Principal, in TagType) error {
	if err := checkTagType(in); err != nil {
		return err
	}
	return s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{}, PermTagWrite, PermTagCreate); err != nil {
			return err
		}
		if err := freeTagType(w, in.Name); err != nil {
			return err
		}
		return w.put(event{Type: "tag_type.create", Kind: KindTagType, Key: in.Name, Doc: in})
	})
}

// ValidateTagType says whether a type of tag can be created.
func (s *Service) ValidateTagType(ctx context.Context, in TagType) error {
	if err := checkTagType(in); err != nil {
		return err
	}
	return s.store.View(ctx, func(tx ReadTx) error { return freeTagType(tx, in.Name) })
}

func freeTagType(tx ReadTx, name string) error {
	err := hasTagType(tx, name)
	if err == nil {
		return &Error{Kind: Exists, Code: "exists", Field: "name", Msg: fmt.Sprintf("a tag type %q exists already", name)}
	}
	if KindOf(err) == NotFound {
		return nil
	}
	return err
}

// UpdateTagType replaces what is said about a type of tag.
func (s *Service) UpdateTagType(ctx context.Context, p Principal, in TagType) error {
	if err := checkTagType(in); err != nil {
		return err
	}
	return s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{}, PermTagWrite, PermTagUpdate); err != nil {
			return err
		}
		if err := hasTagType(w, in.Name); err != nil {
			return err
		}
		return w.put(event{Type: "tag_type.update", Kind: KindTagType, Key: in.Name, Doc: in})
	})
}

// DeleteTagType removes a type that no flag has a tag of.
func (s *Service) DeleteTagType(ctx context.Context, p Principal, name string) error {
	return s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{}, PermTagWrite, PermTagDelete); err != nil {
			return err
		}
		if _, err := get[TagType](w, KindTagType, name); err != nil {
			return asMissing(err, "tag type", name)
		}
		flags, err := list[Flag](w, KindFlag, "")
		if err != nil {
			return err
		}
		for _, f := range flags {
			if slices.ContainsFunc(f.Tags, func(t Tag) bool { return t.Type == name }) {
				return Errorf(Conflict, "tag_type_in_use", "flag %q has a tag of type %q: remove it first", f.Name, name)
			}
		}
		standing, err := list[StandingTag](w, KindTag, name)
		if err != nil {
			return err
		}
		if len(standing) > 0 {
			return Errorf(Conflict, "tag_type_in_use", "there is a tag %q of that type: delete it first", standing[0].key())
		}
		return w.remove(event{Type: "tag_type.delete", Kind: KindTagType, Key: name})
	})
}

var color = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)

func checkTagType(in TagType) error {
	if err := checkName("name", in.Name); err != nil {
		return err
	}
	if len(in.Name) < 2 || len(in.Name) > 50 {
		return Invalidf("name", "%q is not of 2 to 50 characters", in.Name)
	}
	return checkColor(in.Color)
}

func checkColor(s string) error {
	if s != "" && !color.MatchString(s) {
		return Invalidf("color", "%q is no colour: write it as #rrggbb", s)
	}
	return nil
}
