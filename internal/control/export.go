package control

import (
	"context"
	"fmt"
	"slices"
)

// ExportQuery says which flags are exported from one environment: the named,
// those with a tag, or those of a project; one of the three.
type ExportQuery struct {
	Environment string
	Flags       []string
	Tag         string // a value, or type:value
	Project     string
}

// Export is flags with their configuration in one environment, and what of the
// installation they use.
type Export struct {
	Flags         []Flag
	Configured    []FlagEnv // one for each flag, in the same order
	Segments      []Segment
	ContextFields []ContextField
	TagTypes      []TagType
}

// Export returns flags in the form that ImportFlags takes elsewhere. Archived
// ones, those of other environments and those that p may not read are not among
// them. A flag that is named and not there is an Error of Kind Invalid.
func (s *Service) Export(ctx context.Context, p Principal, q ExportQuery) (Export, error) {
	if err := q.check(); err != nil {
		return Export{}, err
	}
	var out Export
	err := s.store.View(ctx, func(tx ReadTx) error {
		if _, err := get[Environment](tx, KindEnvironment, q.Environment); err != nil {
			return asField(err, "environment", "there is no environment %q", q.Environment)
		}
		if err := out.flags(tx, p, q); err != nil {
			return err
		}
		return out.used(tx)
	})
	return out, err
}

func (q ExportQuery) check() error {
	said := 0
	for _, given := range []bool{len(q.Flags) > 0, q.Tag != "", q.Project != ""} {
		if given {
			said++
		}
	}
	switch {
	case q.Environment == "":
		return Invalidf("environment", "is missing: name the one to export from")
	case said != 1:
		return Invalidf("features", "or a tag or a project must say what is exported, one of the three")
	}
	return nil
}

// flags reads the flags that are asked for.
func (e *Export) flags(tx ReadTx, p Principal, q ExportQuery) error {
	all, err := list[Flag](tx, KindFlag, q.Project)
	if err != nil {
		return err
	}
	projects, err := list[Project](tx, KindProject, "")
	if err != nil {
		return err
	}
	served := map[string]bool{}
	for _, pr := range projects {
		served[pr.ID] = slices.Contains(pr.Environments, q.Environment) && p.May(PermRead, Scope{pr.ID, q.Environment}) == nil
	}
	for _, f := range all {
		if f.ArchivedAt != nil || !served[f.Project] || !q.takes(f) {
			continue
		}
		fe, err := flagEnv(tx, Ref{f.Project, f.Name, q.Environment})
		if err != nil {
			return err
		}
		e.Flags, e.Configured = append(e.Flags, f), append(e.Configured, fe)
	}
	for i, name := range q.Flags {
		if !slices.ContainsFunc(e.Flags, func(f Flag) bool { return f.Name == name }) {
			return Invalidf(fmt.Sprintf("features[%d]", i), "there is no flag %q in service in %s", name, q.Environment)
		}
	}
	return nil
}

func (q ExportQuery) takes(f Flag) bool {
	if len(q.Flags) > 0 {
		return slices.Contains(q.Flags, f.Name)
	}
	return q.Tag == "" || slices.ContainsFunc(f.Tags, func(t Tag) bool { return t.Value == q.Tag || t.Type+":"+t.Value == q.Tag })
}

// used reads what the flags use. The types of tags and the fields that are
// there without having been created are part of it.
func (e *Export) used(tx ReadTx) error {
	segments, fields, types := map[int]bool{}, map[string]bool{}, map[string]bool{}
	for i, f := range e.Flags {
		for _, t := range f.Tags {
			types[t.Type] = true
		}
		for _, st := range e.Configured[i].Strategies {
			for _, id := range st.Segments {
				segments[id] = true
			}
			for _, c := range st.Constraints {
				fields[c.ContextName] = true
			}
			fields[st.Parameters["stickiness"]] = true
		}
	}
	all, err := list[Segment](tx, KindSegment, "")
	if err != nil {
		return err
	}
	e.Segments = slices.DeleteFunc(all, func(s Segment) bool { return !segments[s.ID] })
	known, err := contextFields(tx)
	if err != nil {
		return err
	}
	e.ContextFields = slices.DeleteFunc(known, func(f ContextField) bool { return !fields[f.Name] })
	e.TagTypes, err = tagTypes(tx)
	e.TagTypes = slices.DeleteFunc(e.TagTypes, func(t TagType) bool { return !types[t.Name] })
	return err
}
