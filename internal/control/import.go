package control

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Import is flags of one project in one environment, as an Export of another
// installation has them. Segments have to be here already, by name; context
// fields and tag types are made where they are missing.
type Import struct {
	Project, Environment string
	Flags                []ImportFlag
	ContextFields        []ContextField
	TagTypes             []TagType
}

// ImportFlag is a flag in an Import. Its FlagSpec needs no project, and of
// Environments that of the Import counts.
type ImportFlag struct {
	FlagSpec

	Archived bool // such a flag is passed over
	Stale    bool
	Tags     []Tag  // added to those that the flag has
	Links    []Link // the same, by their URL
}

// imported ends the type of every record of ImportFlags.
const imported = ".import"

// ImportFlags makes and overwrites flags, all of them or none, each document
// with a record of its own. What CheckImport calls an error refuses the whole.
func (s *Service) ImportFlags(ctx context.Context, p Principal, in Import) error {
	pl, at, err := s.planImport(ctx, p, in)
	if err != nil {
		return err
	}
	return s.write(ctx, p, Normal, func(w *work) error {
		head, err := w.Head()
		if err == nil && head != at {
			pl, err = planImport(w, p, w.now, in)
		}
		if err != nil {
			return err
		}
		return w.applyAll(pl, ChangeSet{}, "")
	})
}

// planImport plans an Import against the state that the log's head stands for.
func (s *Service) planImport(ctx context.Context, p Principal, in Import) (pl *planner, at Head, err error) {
	err = s.store.View(ctx, func(tx ReadTx) error {
		if at, err = tx.Head(); err != nil {
			return err
		}
		pl, err = planImport(tx, p, s.now().UTC().Truncate(time.Millisecond), in)
		return err
	})
	return pl, at, err
}

func planImport(tx ReadTx, p Principal, now time.Time, in Import) (*planner, error) {
	report, err := in.check(tx, p)
	if err != nil {
		return nil, err
	}
	if len(report.Errors) > 0 {
		return nil, Invalidf("data", "cannot be imported: %s", notes(report.Errors))
	}
	if in, err = in.kept(tx); err != nil {
		return nil, err
	}
	return in.plan(tx, p, now)
}

// plan drafts what an Import writes, none of whose flags is passed over.
func (in Import) plan(tx ReadTx, p Principal, now time.Time) (*planner, error) {
	pl, err := newPlanner(tx, p, now, imported)
	if err != nil {
		return nil, err
	}
	for i, f := range in.ContextFields {
		if err := pl.contextField(f); err != nil {
			return nil, within(fmt.Sprintf("contextFields[%d]", i), err)
		}
	}
	for i, t := range in.TagTypes {
		if err := pl.tagType(t); err != nil {
			return nil, within(fmt.Sprintf("tagTypes[%d]", i), err)
		}
	}
	pl.imported = map[string]ImportFlag{}
	var specs Configuration
	for _, f := range in.Flags {
		pl.imported[f.Name] = f
		specs.Flags = append(specs.Flags, in.spec(f))
	}
	return pl, pl.configuration(specs)
}

// skips tells whether a flag is passed over: it is archived here or there.
func (in Import) skips(tx ReadTx, f ImportFlag) (bool, error) {
	if f.Archived {
		return true, nil
	}
	here, err := get[Flag](tx, KindFlag, f.Name)
	return here.ArchivedAt != nil && here.Project == in.Project, present(err)
}

// kept returns the Import without the flags that are passed over.
func (in Import) kept(tx ReadTx) (Import, error) {
	var flags []ImportFlag
	for _, f := range in.Flags {
		skip, err := in.skips(tx, f)
		if err != nil {
			return in, err
		}
		if !skip {
			flags = append(flags, f)
		}
	}
	in.Flags = flags
	return in, nil
}

// spec returns what is to hold of a flag. One that is on without a strategy is
// on for everyone where it comes from, and one whose strategies are all disabled
// is on for nobody.
func (in Import) spec(f ImportFlag) FlagSpec {
	spec := f.FlagSpec
	env := spec.Environments[in.Environment]
	if env.Enabled && len(env.Strategies) == 0 {
		env.Strategies = []StrategySpec{{Name: "default"}}
	}
	env.Enabled = env.Enabled && !allDisabled(env.Strategies)
	spec.Project, spec.Environments = in.Project, map[string]EnvSpec{in.Environment: env}
	return spec
}

func allDisabled(strategies []StrategySpec) bool {
	return !slices.ContainsFunc(strategies, func(st StrategySpec) bool { return !st.Disabled })
}

// contextField plans a field where there is none of its name.
func (pl *planner) contextField(f ContextField) error {
	if err := freeFieldName(pl, f.Name); err != nil {
		return exempt(err)
	}
	if err := checkField(f); err != nil {
		return err
	}
	f.CreatedAt = pl.now
	return pl.step(step{
		Change: Change{Kind: KindContextField, Name: f.Name}, after: f, perms: []Permission{PermContextWrite},
		event: event{Kind: KindContextField, Key: f.Name, Doc: f},
	}, nil)
}

// tagType plans a type of tag where there is none of its name.
func (pl *planner) tagType(t TagType) error {
	if err := freeTagType(pl, t.Name); err != nil {
		return exempt(err)
	}
	if err := checkTagType(t); err != nil {
		return err
	}
	return pl.step(step{
		Change: Change{Kind: KindTagType, Name: t.Name}, after: t, perms: []Permission{PermTagWrite},
		event: event{Kind: KindTagType, Key: t.Name, Doc: t},
	}, nil)
}

// exempt makes nothing of an error that says that something is there already.
func exempt(err error) error {
	if KindOf(err) == Exists {
		return nil
	}
	return err
}

// completed adds to a flag what an Import says of it beyond its spec.
func (pl *planner) completed(f Flag) (Flag, error) {
	in, ok := pl.imported[f.Name]
	if !ok {
		return f, nil
	}
	f.Stale, f.Links = in.Stale, slices.Clone(f.Links)
	for i, l := range in.Links {
		if slices.ContainsFunc(f.Links, func(o Link) bool { return o.URL == l.URL }) {
			continue
		}
		if err := checkLink(l); err != nil {
			return f, within(fmt.Sprintf("links[%d]", i), err)
		}
		f.Links = append(f.Links, Link{newID("lnk-", pl.now), l.URL, l.Title})
	}
	if len(f.Links) > maxLinks {
		return f, Invalidf("links", "would be %d: a flag has at most %d", len(f.Links), maxLinks)
	}
	var err error
	f.Tags, err = settledTags(pl, append(slices.Clone(f.Tags), in.Tags...))
	return f, err
}

// notes puts an Import's errors into one line.
func notes(all []ImportNote) string {
	lines := make([]string, len(all))
	for i, n := range all {
		lines[i] = n.Message
		if len(n.Items) > 0 {
			lines[i] += " (" + strings.Join(n.Items, ", ") + ")"
		}
	}
	return strings.Join(lines, "; ")
}
