package control

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// vocabulary plans what flags are described with, and where they are served.
func (pl *planner) vocabulary(in Configuration) error {
	if len(in.TagTypes)+len(in.ContextFields)+len(in.Environments)+len(in.Plans) > 0 {
		if err := pl.p.May(PermRead, Scope{}); err != nil {
			return err
		}
	}
	if err := eachSpec("tagTypes", in.TagTypes, func(t TagType) string { return t.Name }, pl.putTagType); err != nil {
		return err
	}
	if err := eachSpec("contextFields", in.ContextFields, func(f FieldSpec) string { return f.Name }, pl.putField); err != nil {
		return err
	}
	if err := eachSpec("environments", in.Environments, func(e EnvironmentSpec) string { return e.Name }, pl.putEnvironment); err != nil {
		return err
	}
	return eachSpec("plans", in.Plans, PlanSpec.name, pl.putPlan)
}

// eachSpec plans the documents of one kind, each name once.
func eachSpec[T any](path string, specs []T, name func(T) string, plan func(T) error) error {
	seen := map[string]bool{}
	for i, spec := range specs {
		err := plan(spec)
		if seen[name(spec)] {
			err = Invalidf("name", "%q is there twice", name(spec))
		}
		if err != nil {
			return within(fmt.Sprintf("%s[%d]", path, i), err)
		}
		seen[name(spec)] = true
	}
	return nil
}

func (pl *planner) putTagType(in TagType) error {
	if err := checkTagType(in); err != nil {
		return err
	}
	old, err := get[TagType](pl, KindTagType, in.Name)
	return pl.whole(step{
		Change: Change{Kind: KindTagType, Name: in.Name}, after: in, perms: []Permission{PermTagWrite},
		event: event{Kind: KindTagType, Key: in.Name, Doc: in},
	}, old, err)
}

func (pl *planner) putField(in FieldSpec) error {
	next := ContextField{Name: in.Name, CreatedAt: pl.now}
	old, err := get[ContextField](pl, KindContextField, in.Name)
	if err == nil {
		next = old
	}
	next.Description, next.Stickiness, next.SortOrder, next.LegalValues = in.Description, in.Stickiness, in.SortOrder, in.LegalValues
	if err := checkField(next); err != nil {
		return err
	}
	return pl.whole(step{
		Change: Change{Kind: KindContextField, Name: in.Name}, after: specOfField(next), perms: []Permission{PermContextWrite},
		event: event{Kind: KindContextField, Key: in.Name, Doc: next},
	}, specOfField(old), err)
}

func (pl *planner) putEnvironment(in EnvironmentSpec) error {
	if err := checkName("name", in.Name); err != nil {
		return err
	}
	if in.Type == "" {
		return Invalidf("type", "must not be empty: production, pre-production, test, development, or a word of your own")
	}
	next := Environment{Name: in.Name, CreatedAt: pl.now}
	old, err := get[Environment](pl, KindEnvironment, in.Name)
	perm := PermEnvCreate
	if err == nil {
		next, perm = old, PermEnvUpdate
	}
	if err := checkCalendar("calendar", in.Calendar); err != nil {
		return err
	}
	next.Type, next.SortOrder, next.Disabled, next.Calendar = in.Type, in.SortOrder, in.Disabled, in.Calendar.Settled()
	return pl.whole(step{
		Change: Change{Kind: KindEnvironment, Name: in.Name}, after: specOfEnvironment(next), perms: []Permission{perm},
		event: event{Kind: KindEnvironment, Key: in.Name, Env: in.Name, Doc: next},
	}, specOfEnvironment(old), err)
}

func (pl *planner) putPlan(in PlanSpec) error {
	if err := in.named(in.name()); err != nil {
		return err
	}
	old, err := get[PlanTemplate](pl, KindPlan, in.name())
	if err != nil && KindOf(err) != NotFound {
		return err
	}
	ev, failed := planEvent(pl, in.name(), in, pl.p, pl.now)
	if failed != nil {
		return failed
	}
	return pl.whole(step{
		Change: Change{Kind: KindPlan, Name: in.name()}, after: in, perms: []Permission{PermPlanWrite}, event: ev,
	}, old.Document, err)
}

// whole adds a step whose document was read as before, or was not there, which
// err then says.
func (pl *planner) whole(st step, before any, err error) error {
	if KindOf(err) == NotFound {
		return pl.step(st, nil)
	}
	if err != nil {
		return err
	}
	return pl.step(st, before)
}

// draftProject makes a project that is yet to be made known to segments and
// flags, which may be for it alone, before its own strategies are looked at.
func (pl *planner) draftProject(in ProjectSpec) error {
	if err := checkProjectID(in.Name); err != nil {
		return err
	}
	_, err := get[Project](pl, KindProject, in.Name)
	if KindOf(err) != NotFound {
		return err
	}
	next, _, err := pl.nextProject(in)
	if err == nil {
		err = pl.addDoc(KindProject, in.Name, next)
	}
	return err
}

// nextProject returns a project as the spec says, without its strategies, and
// what is stored of it.
func (pl *planner) nextProject(in ProjectSpec) (next, old Project, err error) {
	next = Project{ID: in.Name, CreatedAt: pl.now}
	old, err = get[Project](pl.ReadTx, KindProject, in.Name)
	if err == nil {
		next = old
	} else if KindOf(err) != NotFound {
		return next, old, err
	}
	next.Name, next.Description, next.Mode = cmp.Or(in.Title, in.Name), in.Description, in.Mode
	next.Stickiness = cmp.Or(in.DefaultStickiness, "default")
	next.Naming, next.LinkTemplates = in.FeatureNaming, in.LinkTemplates
	next.Environments = slices.Clone(next.Environments)
	for i, env := range in.Environments {
		if _, err := get[Environment](pl, KindEnvironment, env); err != nil {
			return next, old, asField(err, fmt.Sprintf("environments[%d]", i), "there is no environment %q", env)
		}
		if !slices.Contains(next.Environments, env) {
			next.Environments = append(next.Environments, env)
		}
	}
	return next, old, next.check()
}

// project plans a project.
func (pl *planner) project(in ProjectSpec) error {
	if err := pl.p.May(PermRead, Scope{Project: in.Name}); err != nil {
		return err
	}
	next, old, err := pl.nextProject(in)
	if err != nil {
		return err
	}
	next.Strategies = maps.Clone(old.Strategies)
	for _, env := range slices.Sorted(maps.Keys(in.DefaultStrategies)) {
		if next.Strategies == nil {
			next.Strategies = map[string]Strategy{}
		}
		st, err := pl.strategy(projectFlag{project: next}, in.DefaultStrategies[env], 0)
		switch {
		case !slices.Contains(next.Environments, env):
			err = Invalidf("", "project %q is not served in an environment %q", in.Name, env)
		case err == nil && reflect.DeepEqual(specOfStrategy(old.Strategies[env], pl.segments), in.DefaultStrategies[env]):
			st = old.Strategies[env]
		}
		if err != nil {
			return within("defaultStrategies."+env, err)
		}
		next.Strategies[env] = st
	}
	st := step{
		Change: Change{Kind: KindProject, Name: in.Name}, after: specOfProject(next, pl.segments),
		scope: Scope{Project: in.Name}, perms: []Permission{PermProjectUpdate},
		event: event{Kind: KindProject, Key: in.Name, Project: in.Name, Doc: next},
	}
	if old.ID == "" {
		st.scope, st.perms = Scope{}, []Permission{PermProjectCreate}
		return pl.step(st, nil)
	}
	return pl.step(st, specOfProject(old, pl.segments))
}

// labelled returns a flag with what its spec says of it beside what it does.
func (pl *planner) labelled(f Flag, in FlagSpec) (Flag, error) {
	f.Stale = in.Stale
	if len(in.Links) > maxLinks {
		return f, Invalidf("links", "are %d: a flag has at most %d", len(in.Links), maxLinks)
	}
	old := f.Links
	f.Links = nil
	for i, l := range in.Links {
		one := Link{ID: newID("lnk-", pl.now), URL: l.URL, Title: l.Title}
		if err := checkLink(one); err != nil {
			return f, within(fmt.Sprintf("links[%d]", i), err)
		}
		if at := slices.IndexFunc(old, func(o Link) bool { return o.URL == l.URL }); at >= 0 {
			one.ID = old[at].ID
		}
		f.Links = append(f.Links, one)
	}
	var err error
	f.Tags, err = settledTags(pl, slices.Clone(in.Tags))
	return f, err
}
