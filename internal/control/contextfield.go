package control

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// KindContextField is the kind of a ContextField, whose key is its name.
const KindContextField ResourceKind = "context_field"

// ContextField is a field of the context that applications evaluate flags
// with.
type ContextField struct {
	Name        string       `json:"name"`
	Description string       `json:"description,omitempty"`
	Stickiness  bool         `json:"stickiness"` // may decide who is in a rollout
	SortOrder   int          `json:"sortOrder"`
	LegalValues []LegalValue `json:"legalValues,omitempty"` // none: any value may be compared with
	Project     string       `json:"project,omitempty"`     // whose flags alone it is for; "" for those of all
	CreatedAt   time.Time    `json:"createdAt,omitzero"`
}

// LegalValue is one value that constraints may compare a field with.
type LegalValue struct {
	Value       string `json:"value"`
	Description string `json:"description,omitempty"`
}

// standardFields are those that every SDK has. They are there without having
// been created, and cannot be deleted; what is said about them can be changed.
var standardFields = []ContextField{
	{Name: "userId", Description: "Who is served", Stickiness: true},
	{Name: "sessionId", Description: "The session in which it happens", Stickiness: true, SortOrder: 1},
	{Name: "remoteAddress", Description: "The IP address that asks", SortOrder: 2},
	{Name: "environment", Description: "Where the application runs", SortOrder: 3},
	{Name: "appName", Description: "The application that asks", SortOrder: 4},
	{Name: "currentTime", Description: "When it is asked, for dates", SortOrder: 5},
}

func standardField(name string) (ContextField, bool) {
	i := slices.IndexFunc(standardFields, func(f ContextField) bool { return f.Name == name })
	if i < 0 {
		return ContextField{}, false
	}
	return standardFields[i], true
}

// ContextFields lists the fields, by their order and name.
func (s *Service) ContextFields(ctx context.Context, p Principal) ([]ContextField, error) {
	if err := p.readsAnything(); err != nil {
		return nil, err
	}
	var out []ContextField
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = contextFields(tx)
		return err
	})
	return out, err
}

func contextFields(tx ReadTx) ([]ContextField, error) {
	out, err := list[ContextField](tx, KindContextField, "")
	for _, f := range standardFields {
		if !slices.ContainsFunc(out, func(o ContextField) bool { return o.Name == f.Name }) {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b ContextField) int {
		return cmp.Or(cmp.Compare(a.SortOrder, b.SortOrder), cmp.Compare(a.Name, b.Name))
	})
	return out, err
}

// ContextField returns one field.
func (s *Service) ContextField(ctx context.Context, p Principal, name string) (ContextField, error) {
	if err := p.readsAnything(); err != nil {
		return ContextField{}, err
	}
	var out ContextField
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = fieldOf(tx, name)
		return err
	})
	return out, err
}

func fieldOf(tx ReadTx, name string) (ContextField, error) {
	f, err := get[ContextField](tx, KindContextField, name)
	if KindOf(err) == NotFound {
		if standard, ok := standardField(name); ok {
			return standard, nil
		}
	}
	return f, asMissing(err, "context field", name)
}

// CreateContextField adds a field.
func (s *Service) CreateContextField(ctx context.Context, p Principal, in ContextField) (ContextField, error) {
	if err := checkField(in); err != nil {
		return ContextField{}, err
	}
	err := s.write(ctx, p, Normal, func(w *work) error {
		if err := w.mayWriteField(in, PermContextCreate); err != nil {
			return err
		}
		if in.Project != "" {
			if _, err := get[Project](w, KindProject, in.Project); err != nil {
				return asField(err, "project", "there is no project %q", in.Project)
			}
		}
		if err := freeFieldName(w, in.Name); err != nil {
			return err
		}
		in.CreatedAt = w.now
		return w.put(event{Type: "context.create", Kind: KindContextField, Key: in.Name, Doc: in})
	})
	return in, err
}

// ValidateContextFieldName says whether a field of that name can be created.
func (s *Service) ValidateContextFieldName(ctx context.Context, name string) error {
	if err := checkName("name", name); err != nil {
		return err
	}
	return s.store.View(ctx, func(tx ReadTx) error { return freeFieldName(tx, name) })
}

func freeFieldName(tx ReadTx, name string) error {
	_, err := fieldOf(tx, name)
	if err == nil {
		return &Error{Kind: Exists, Code: "exists", Field: "name", Msg: fmt.Sprintf("a context field %q exists already", name)}
	}
	if KindOf(err) == NotFound {
		return nil
	}
	return err
}

// ChangeContextField lets change edit a field. Constraints that name a value
// which is no longer legal stay as they are until they are saved again.
func (s *Service) ChangeContextField(ctx context.Context, p Principal, name string, change func(*ContextField)) error {
	return s.write(ctx, p, Normal, func(w *work) error {
		f, err := w.field(name, PermContextUpdate)
		if err != nil {
			return err
		}
		project := f.Project
		f.LegalValues = slices.Clone(f.LegalValues)
		change(&f)
		f.Name, f.Project = name, project
		if err := checkField(f); err != nil {
			return err
		}
		return w.put(event{Type: "context.update", Kind: KindContextField, Key: name, Doc: f})
	})
}

// DeleteContextField removes a field. Constraints on it keep working: any
// context may have any field.
func (s *Service) DeleteContextField(ctx context.Context, p Principal, name string) error {
	return s.write(ctx, p, Normal, func(w *work) error {
		if _, err := w.field(name, PermContextDelete); err != nil {
			return err
		}
		if _, standard := standardField(name); standard {
			return Errorf(Conflict, "standard_field", "%q is a field that every SDK has: it cannot be deleted", name)
		}
		return w.remove(event{Type: "context.delete", Kind: KindContextField, Key: name})
	})
}

// field reads a field that is to be written. Whoever may not is not told
// whether it is there.
func (w *work) field(name string, part Permission) (ContextField, error) {
	f, err := fieldOf(w, name)
	if err != nil && KindOf(err) != NotFound {
		return f, err
	}
	if may := w.mayWriteField(f, part); may != nil {
		return f, may
	}
	return f, err
}

// mayWriteField checks the permission for a field: one of a project is part of
// the project.
func (w *work) mayWriteField(f ContextField, part Permission) error {
	if f.Project != "" {
		return w.may(Scope{Project: f.Project}, PermProjectUpdate)
	}
	return w.may(Scope{}, PermContextWrite, part)
}

// maxLegalValues is the most legal values of one field.
const maxLegalValues = 1000

func checkField(f ContextField) error {
	if err := checkName("name", f.Name); err != nil {
		return err
	}
	if len(f.LegalValues) > maxLegalValues {
		return Invalidf("legalValues", "has %d values: a field has at most %d", len(f.LegalValues), maxLegalValues)
	}
	seen := map[string]bool{}
	for i, l := range f.LegalValues {
		switch {
		case l.Value == "" || len(l.Value) > maxValue || !printable(l.Value):
			return Invalidf(fmt.Sprintf("legalValues[%d].value", i), "%q is no value: use 1 to %d bytes without control characters", l.Value, maxValue)
		case seen[l.Value]:
			return Invalidf(fmt.Sprintf("legalValues[%d].value", i), "%q is there twice", l.Value)
		}
		seen[l.Value] = true
	}
	return nil
}
