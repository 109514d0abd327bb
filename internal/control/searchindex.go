package control

import (
	"slices"
	"strings"
	"time"
)

// index is what a search looks through, read at one moment.
type index struct {
	flags      []Flag
	types      []FlagType
	projects   map[string]Project
	configured map[string][]FlagEnv // by flag
	segments   map[int]string       // names
	lives      map[string]Lifecycle // by flag
	children   map[string][]string  // by parent
}

func newIndex(tx ReadTx) (index, error) {
	x := index{projects: map[string]Project{}, segments: map[int]string{}, children: map[string][]string{}}
	var err error
	if x.flags, err = list[Flag](tx, KindFlag, ""); err != nil {
		return x, err
	}
	for _, f := range x.flags {
		for _, d := range f.Dependencies {
			x.children[d.Feature] = append(x.children[d.Feature], f.Name)
		}
	}
	if x.types, err = flagTypesOf(tx); err != nil {
		return x, err
	}
	if x.configured, err = configuredEnvs(tx); err != nil {
		return x, err
	}
	if x.lives, err = lifecycles(tx); err != nil {
		return x, err
	}
	projects, err := list[Project](tx, KindProject, "")
	if err != nil {
		return x, err
	}
	for _, pr := range projects {
		x.projects[pr.ID] = pr
	}
	segments, err := list[Segment](tx, KindSegment, "")
	for _, seg := range segments {
		x.segments[seg.ID] = seg.Name
	}
	return x, err
}

// found puts together what is shown of a flag.
func (x index) found(f Flag) FoundFlag {
	out := FoundFlag{FlagView: FlagView{Flag: f, Children: x.children[f.Name], Stages: x.lives[f.Name].Stages(f)}, Segments: []string{}}
	for _, env := range x.projects[f.Project].Environments {
		fe := FlagEnv{Flag: f.Name, Environment: env, Strategies: []Strategy{}}
		if i := slices.IndexFunc(x.configured[f.Name], func(fe FlagEnv) bool { return fe.Environment == env }); i >= 0 {
			fe = x.configured[f.Name][i]
		}
		for _, st := range fe.Strategies {
			for _, id := range st.Segments {
				out.Segments = append(out.Segments, x.segments[id])
			}
		}
		out.Environments = append(out.Environments, fe)
	}
	slices.Sort(out.Segments)
	out.Segments = slices.Compact(out.Segments)
	return out
}

// takes reports whether a flag by itself is looked for.
func (in FlagSearch) takes(f Flag, types []FlagType, now func() time.Time) bool {
	state := "active"
	switch {
	case f.Stale:
		state = "stale"
	case f.outlived(types, now()):
		state = "potentially-stale"
	}
	var tags []string
	for _, t := range f.Tags {
		tags = append(tags, t.Type+":"+t.Value)
	}
	text := strings.ToLower(f.Name + "\n" + f.Description + "\n" + strings.Join(tags, "\n"))
	for word := range strings.FieldsSeq(strings.ToLower(in.Query)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return in.Archived == (f.ArchivedAt != nil) && in.Project.Takes(f.Project) && in.Type.Takes(f.Type) &&
		in.CreatedBy.Takes(f.CreatedBy) && in.State.Takes(state) && in.Tag.Takes(tags...)
}

// takesConfigured reports whether a flag's configuration is looked for.
func (in FlagSearch) takesConfigured(f FoundFlag) bool {
	if !in.Segment.Takes(f.Segments...) || !in.Lifecycle.Takes(string(f.Stage())) || in.Favorite && !f.Favorite {
		return false
	}
	if !in.CreatedAt.takes(f.CreatedAt) || !in.LastSeenAt.takes(f.LastSeenAt()) {
		return false
	}
	return len(in.Status) == 0 || slices.ContainsFunc(in.Status, func(status string) bool {
		env, want, _ := strings.Cut(status, ":")
		return f.on(env) == (want == "enabled")
	})
}
