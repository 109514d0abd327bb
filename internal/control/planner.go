package control

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/sdk/eval"
)

// planner compares a Configuration with the state, and drafts what it takes.
type planner struct {
	draft

	p        Principal
	now      time.Time
	segments []Segment                      // all that there are, those of the plan included
	releases map[string]map[string]*Release // the open ones by environment and flag, where they were asked for
	steps    []step
	verb     string                // ends the types of the records, with a dot before it
	imported map[string]ImportFlag // what an Import says of flags beyond their spec, by name
}

// step is one Change with all that writing it needs.
type step struct {
	Change

	event event
	after any // the spec, for the digest: without ids that are drawn anew
	scope Scope
	perms []Permission
}

func newPlanner(tx ReadTx, p Principal, now time.Time, verb string) (*planner, error) {
	segments, err := list[Segment](tx, KindSegment, "")
	return &planner{draft: draft{ReadTx: tx}, p: p, now: now, segments: segments, releases: map[string]map[string]*Release{}, verb: verb}, err
}

func planConfiguration(tx ReadTx, p Principal, now time.Time, in Configuration) (*planner, error) {
	pl, err := newPlanner(tx, p, now, applied)
	if err == nil {
		err = pl.configuration(in)
	}
	return pl, err
}

// configuration plans a Configuration.
func (pl *planner) configuration(in Configuration) error {
	if err := pl.vocabulary(in); err != nil {
		return err
	}
	projectName := func(pr ProjectSpec) string { return pr.Name }
	if err := eachSpec("projects", in.Projects, projectName, pl.draftProject); err != nil {
		return err
	}
	for i, seg := range in.Segments {
		twice := slices.ContainsFunc(in.Segments[:i], func(o SegmentSpec) bool { return o.Name == seg.Name })
		if err := pl.segment(seg, twice); err != nil {
			return within(fmt.Sprintf("segments[%d]", i), err)
		}
	}
	// Projects after segments: their default strategies may use them.
	if err := eachSpec("projects", in.Projects, projectName, pl.project); err != nil {
		return err
	}
	seen := map[string]bool{}
	for i, f := range in.Flags {
		if err := pl.flag(f, seen[f.Name]); err != nil {
			return within(fmt.Sprintf("flags[%d]", i), err)
		}
		seen[f.Name] = true
	}
	// Parents last: one may be in the Configuration itself, after its child.
	for i, f := range in.Flags {
		if err := pl.parents(f); err != nil {
			return within(fmt.Sprintf("flags[%d]", i), err)
		}
	}
	return nil
}

// within puts the path of what was looked at before the field of an Error.
func within(path string, err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind == Denied {
		return err
	}
	out := *e
	if out.Field = path; e.Field != "" {
		out.Field += "." + e.Field
	}
	return &out
}

// segment plans one segment. One that a running release is for is not to be
// changed: that would change who takes part in it.
func (pl *planner) segment(in SegmentSpec, twice bool) error {
	if in.Name == "" {
		return Invalidf("name", "must not be empty")
	}
	if twice {
		return Invalidf("name", "segment %q is there twice", in.Name)
	}
	if err := pl.p.May(PermRead, Scope{}); err != nil {
		return err
	}
	at, err := pl.segmentAt(in)
	if err != nil {
		return err
	}
	next := pl.segments[at]
	if next.Project != in.Project {
		return Invalidf("project", "segment %q is in another: %q", in.Name, next.Project)
	}
	next.Description, next.Constraints = in.Description, constraintsOf(in.Constraints)
	if err := checkSegment(pl, next); err != nil {
		return err
	}
	st := step{
		Change: Change{Kind: KindSegment, Name: in.Name}, after: specOfSegment(next),
		scope: Scope{Project: in.Project}, perms: []Permission{PermSegmentWrite},
		event: segmentEvent("", next),
	}
	old := pl.segments[at]
	pl.segments[at] = next
	if _, err := pl.Resource(KindSegment, st.event.Key); KindOf(err) == NotFound {
		return pl.step(st, nil)
	}
	if !reflect.DeepEqual(specOfSegment(old), st.after) {
		if st.Release, err = pl.releaseFor(next.ID); err != nil {
			return err
		}
	}
	return pl.step(st, specOfSegment(old))
}

// segmentAt finds a segment by its name among all that there are, or puts a
// new one there.
func (pl *planner) segmentAt(in SegmentSpec) (int, error) {
	at := slices.IndexFunc(pl.segments, func(o Segment) bool { return o.Name == in.Name })
	if at >= 0 {
		return at, nil
	}
	id, err := nextSegmentID(pl)
	next := Segment{Project: in.Project, CreatedAt: pl.now, CreatedBy: pl.p.ID}
	next.ID, next.Name = id, in.Name
	pl.segments = append(pl.segments, next)
	return len(pl.segments) - 1, err
}

// releaseFor returns an open release that a segment is used beside, or "".
func (pl *planner) releaseFor(segment int) (string, error) {
	uses, err := usesOf(pl, segment)
	if err != nil {
		return "", err
	}
	for _, u := range uses {
		open, err := pl.open(u.Environment)
		if r := open[u.Flag]; r != nil || err != nil {
			if err != nil {
				return "", err
			}
			return r.ID, nil
		}
	}
	return "", nil
}

// flag plans one flag, and its environments after it.
func (pl *planner) flag(in FlagSpec, twice bool) error {
	if err := checkName("name", in.Name); err != nil {
		return err
	}
	if twice {
		return Invalidf("name", "flag %q is there twice", in.Name)
	}
	project := cmp.Or(in.Project, "default")
	if err := pl.p.May(PermRead, Scope{Project: project}); err != nil {
		return err
	}
	pr, err := get[Project](pl, KindProject, project)
	if err != nil {
		return asField(err, "project", "there is no project %q", project)
	}
	perm, before := PermFlagUpdate, any(nil)
	f, err := get[Flag](pl, KindFlag, in.Name)
	switch {
	case KindOf(err) == NotFound:
		if err := namable(pl, project, in.Name); err != nil {
			return err
		}
		perm, f = PermFlagCreate, Flag{Name: in.Name, Project: project, CreatedAt: pl.now, CreatedBy: pl.p.ID}
	case err != nil:
		return err
	case f.Project != project:
		return Invalidf("project", "flag %q is in another project: move it first", in.Name)
	default:
		before = specOfFlag(f)
	}
	if err := f.inService(); err != nil {
		return err
	}
	f.Type, f.Description, f.ImpressionData = cmp.Or(in.Type, "release"), in.Description, in.ImpressionData
	f.Dependencies = settledParents(in.Parents)
	if err := checkFlagType(f.Type); err != nil {
		return err
	}
	if pl.imported == nil {
		f, err = pl.labelled(f, in)
	} else {
		f, err = pl.completed(f)
	}
	if err != nil {
		return err
	}
	err = pl.step(step{
		Change: Change{Kind: KindFlag, Name: f.Name}, after: specOfFlag(f), perms: []Permission{perm}, scope: Scope{Project: project},
		event: event{Kind: KindFlag, Key: f.Name, Project: project, Doc: f},
	}, before)
	if err != nil {
		return err
	}
	for _, env := range slices.Sorted(maps.Keys(in.Environments)) {
		if err := pl.env(projectFlag{f, pr}, env, in.Environments[env]); err != nil {
			return within("environments."+env, err)
		}
	}
	return nil
}

// settledParents returns dependencies as they are stored.
func settledParents(in []eval.Dependency) []eval.Dependency {
	out := slices.Clone(in)
	for i, d := range out {
		on := d.Enabled == nil || *d.Enabled
		out[i].Enabled = &on
		if len(d.Variants) == 0 {
			out[i].Variants = nil
		}
	}
	slices.SortStableFunc(out, byParent)
	return out
}

// parents checks what a flag depends on, once all flags are drafted.
func (pl *planner) parents(in FlagSpec) error {
	if len(in.Parents) == 0 {
		return nil
	}
	f, err := get[Flag](pl, KindFlag, in.Name)
	if err != nil {
		return err
	}
	for i, d := range in.Parents {
		twice := slices.ContainsFunc(in.Parents[:i], func(o eval.Dependency) bool { return o.Feature == d.Feature })
		err := checkParent(pl, f, d)
		switch {
		case twice:
			err = Invalidf("feature", "%q is there twice", d.Feature)
		case err == nil && d.Enabled != nil && !*d.Enabled && len(d.Variants) > 0:
			err = Invalidf("variants", "a parent that must be off has no variant: leave them out")
		}
		if err != nil {
			return within(fmt.Sprintf("parents[%d]", i), err)
		}
	}
	return nil
}

// step adds a change, unless there is nothing to change.
func (pl *planner) step(st step, before any) error {
	var err error
	if st.Differences, err = Differences(before, st.after); err != nil || len(st.Differences) == 0 {
		return err
	}
	old, err := pl.Resource(st.Kind, st.event.Key)
	if err != nil && KindOf(err) != NotFound {
		return err
	}
	if err == nil && old.Rev > 0 { // a project may be in the draft before its step is
		st.Revision = old.Rev
		if st.Drift, err = driftOf(pl, old); err != nil {
			return err
		}
	}
	if err := pl.addDoc(st.Kind, st.event.Key, st.event.Doc); err != nil {
		return err
	}
	st.event.Type = eventNames[st.Kind] + pl.verb
	pl.steps = append(pl.steps, st)
	return nil
}

// addDoc puts a document into the draft.
func (pl *planner) addDoc(kind ResourceKind, key string, doc any) error {
	raw, err := audit.Canonical(doc)
	if err != nil {
		return fmt.Errorf("encoding %s %s: %w", kind, key, err)
	}
	parent, err := ParentOf(string(kind), raw)
	if err != nil {
		return err
	}
	pl.add(Resource{Kind: kind, Key: key, Parent: parent, Doc: raw})
	return nil
}

// eventNames begin the types of the records of what a Configuration, or an
// Import, changes.
var eventNames = map[ResourceKind]string{
	KindEnvironment: "env", KindProject: "project",
	KindPlan: "plan", KindSegment: "segment", KindFlag: "flag", KindFlagEnv: "flag.env", KindContextField: "context", KindTagType: "tag_type",
}
