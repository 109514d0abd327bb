package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ImportReport is what CheckImport finds. With any error nothing is imported.
type ImportReport struct {
	Errors, Warnings, Permissions []ImportNote
}

// ImportNote is one finding with the names that it is about.
type ImportNote struct {
	Message string
	Items   []string
}

// CheckImport says what ImportFlags would refuse, what it would pass over or
// overwrite, and which permissions are missing for it; and changes nothing. A
// project or environment that does not exist is an Error.
func (s *Service) CheckImport(ctx context.Context, p Principal, in Import) (ImportReport, error) {
	var out ImportReport
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		if out, err = in.check(tx, p); err != nil || len(out.Errors) > 0 {
			return err
		}
		kept, err := in.kept(tx)
		if err != nil {
			return err
		}
		pl, err := kept.plan(tx, p, s.now().UTC().Truncate(time.Millisecond))
		if e, ok := errors.AsType[*Error](err); ok && e.Kind != Internal && e.Kind != Denied {
			out.Errors = append(out.Errors, ImportNote{e.Error(), kept.named(e.Field)})
			return nil
		}
		if err != nil {
			return err
		}
		out.judge(p, pl)
		return nil
	})
	return out, err
}

// named returns the flag that a path in the plan is about, if it is about one.
func (in Import) named(path string) []string {
	var i int
	if n, _ := fmt.Sscanf(path, "flags[%d]", &i); n == 1 && i < len(in.Flags) {
		return []string{in.Flags[i].Name}
	}
	return nil
}

// judge notes what stands against writing a plan: permissions and releases.
func (r *ImportReport) judge(p Principal, pl *planner) {
	missing := map[Permission][]string{}
	for _, st := range pl.steps {
		for _, perm := range st.perms {
			if p.May(perm, st.scope) != nil {
				missing[perm] = append(missing[perm], st.Name)
			}
		}
		if st.Release != "" {
			r.Errors = append(r.Errors, ImportNote{"release " + st.Release + " is running on a flag: wait for its end, or roll it back, first", []string{st.Name}})
		}
	}
	for perm, names := range missing {
		r.Permissions = append(r.Permissions, ImportNote{"the permission " + string(perm) + " is missing", names})
	}
	slices.SortFunc(r.Permissions, func(a, b ImportNote) int { return strings.Compare(a.Message, b.Message) })
	if len(pl.steps) > maxBatch {
		r.Errors = append(r.Errors, ImportNote{fmt.Sprintf("it brings %d changes: import at most %d at a time", len(pl.steps), maxBatch), nil})
	}
}

// finding gathers names under one message, each once.
type finding struct {
	message string
	items   []string
}

func (f *finding) add(item string) {
	if !slices.Contains(f.items, item) {
		f.items = append(f.items, item)
	}
}

func found(all ...finding) []ImportNote {
	var out []ImportNote
	for _, f := range all {
		if len(f.items) > 0 {
			out = append(out, ImportNote{f.message, f.items})
		}
	}
	return out
}

// importCheck looks for what is wrong with an Import, of which people want to
// know all at once.
type importCheck struct {
	ReadTx

	in       Import
	project  Project
	segments []Segment
	// Errors.
	twice, elsewhere, misnamed, strategies, segmentless, parents, values finding
	// Warnings.
	archived, overwritten, custom, off finding
}

// check notes what can be said of an Import without planning it.
func (in Import) check(tx ReadTx, p Principal) (ImportReport, error) {
	pr, err := get[Project](tx, KindProject, in.Project)
	if err != nil {
		return ImportReport{}, asField(err, "project", "there is no project %q", in.Project)
	}
	if err := p.May(PermRead, Scope{in.Project, in.Environment}); err != nil {
		return ImportReport{}, err
	}
	switch {
	case pr.ArchivedAt != nil:
		return ImportReport{}, Errorf(Conflict, "project_archived", "project %q is in the archive: revive it first", pr.ID)
	case !slices.Contains(pr.Environments, in.Environment):
		return ImportReport{}, Invalidf("environment", "project %q is not served in an environment %q", pr.ID, in.Environment)
	}
	c := importCheck{
		ReadTx: tx, in: in, project: pr,
		twice:       finding{message: "flags are there twice"},
		elsewhere:   finding{message: "flags exist already in other projects"},
		misnamed:    finding{message: "names of flags are not allowed in this project"},
		strategies:  finding{message: "custom strategies do not exist here: create them first"},
		segmentless: finding{message: "segments do not exist here: create them first"},
		parents:     finding{message: "parents are neither here nor in the import"},
		values:      finding{message: "context fields have other legal values here"},
		archived:    finding{message: "archived flags are passed over"},
		overwritten: finding{message: "flags exist already and are overwritten"},
		custom:      finding{message: "custom strategies are used, which applications must bring with them"},
		off:         finding{message: "flags have disabled strategies alone: they are imported switched off"},
	}
	if c.segments, err = list[Segment](tx, KindSegment, ""); err != nil {
		return ImportReport{}, err
	}
	for i, f := range in.Flags {
		if err := c.flag(f, i); err != nil {
			return ImportReport{}, err
		}
	}
	for _, f := range in.ContextFields {
		if err := c.field(f); err != nil {
			return ImportReport{}, err
		}
	}
	return ImportReport{
		Errors:   found(c.twice, c.elsewhere, c.misnamed, c.strategies, c.segmentless, c.parents, c.values),
		Warnings: found(c.archived, c.overwritten, c.custom, c.off),
	}, nil
}

func (c *importCheck) flag(f ImportFlag, i int) error {
	if slices.ContainsFunc(c.in.Flags[:i], func(o ImportFlag) bool { return o.Name == f.Name }) {
		c.twice.add(f.Name)
	}
	skip, err := c.in.skips(c, f)
	if err != nil || skip {
		c.archived.add(f.Name)
		return err
	}
	here, err := get[Flag](c, KindFlag, f.Name)
	switch {
	case KindOf(err) == NotFound && err != nil:
		if checkName("name", f.Name) != nil || c.project.Naming.check(f.Name) != nil {
			c.misnamed.add(f.Name)
		}
	case err != nil:
		return err
	case here.Project != c.in.Project:
		c.elsewhere.add(f.Name)
	default:
		c.overwritten.add(f.Name)
	}
	env := f.Environments[c.in.Environment]
	if env.Enabled && len(env.Strategies) > 0 && allDisabled(env.Strategies) {
		c.off.add(f.Name)
	}
	for _, st := range env.Strategies {
		if err := c.strategy(st); err != nil {
			return err
		}
	}
	for _, d := range f.Parents {
		if err := c.parent(d.Feature); err != nil {
			return err
		}
	}
	return nil
}

func (c *importCheck) strategy(st StrategySpec) error {
	for _, name := range st.Segments {
		if !slices.ContainsFunc(c.segments, func(s Segment) bool { return s.Name == name }) {
			c.segmentless.add(name)
		}
	}
	if slices.Contains(strategyNames, st.Name) {
		return nil
	}
	_, err := strategyType(c, st.Name)
	if err == nil {
		c.custom.add(st.Name)
		return nil
	}
	c.strategies.add(st.Name)
	return present(err)
}

func (c *importCheck) parent(name string) error {
	if slices.ContainsFunc(c.in.Flags, func(o ImportFlag) bool { return o.Name == name && !o.Archived }) {
		return nil
	}
	here, err := get[Flag](c, KindFlag, name)
	if err == nil && here.Project == c.in.Project && here.ArchivedAt == nil {
		return nil
	}
	c.parents.add(name)
	return present(err)
}

// field compares an imported field with the one that is here: a field without
// legal values takes any.
func (c *importCheck) field(f ContextField) error {
	here, err := fieldOf(c, f.Name)
	if err != nil || len(here.LegalValues) == 0 {
		return present(err)
	}
	for _, l := range f.LegalValues {
		if !slices.ContainsFunc(here.LegalValues, func(o LegalValue) bool { return o.Value == l.Value }) {
			c.values.add(f.Name)
		}
	}
	return nil
}
