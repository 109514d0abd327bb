package native

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

// FlagInput asks for a flag.
type FlagInput struct {
	Name           string `json:"name" doc:"URL-friendly, unique in the installation"`
	Project        string `json:"project,omitempty" default:"default"`
	Type           string `json:"type,omitempty" default:"release"`
	Description    string `json:"description,omitempty"`
	ImpressionData bool   `json:"impressionData,omitempty"`
	Owner          string `json:"owner,omitempty" doc:"the person who answers for it; of an agent's flag, the person it acts for where absent"`
	LifetimeDays   int    `json:"lifetimeDays,omitempty" minimum:"0" maximum:"3650" doc:"how long it is needed; as its type where absent"`
	Risk           string `json:"risk,omitempty" enum:"low,medium,high" doc:"how much harm it can do; of an agent's flag, high where absent"`
}

// FlagEdit says what to change of a flag; what is absent stays.
type FlagEdit struct {
	Type           *string `json:"type,omitempty"`
	Description    *string `json:"description,omitempty"`
	Stale          *bool   `json:"stale,omitempty"`
	ImpressionData *bool   `json:"impressionData,omitempty"`
}

// CloneInput names the flag that is made like another.
type CloneInput struct {
	Name    string `json:"name"`
	Regroup bool   `json:"regroup,omitempty" doc:"rollouts of the new flag pick their own people"`
}

// Flag is a flag with its environments.
type Flag struct {
	control.Flag
	Environments []FlagEnvironment `json:"environments,omitempty"`
}

// FlagEnvironment is a flag's own configuration in one environment, and the
// release that runs on top of it, if one does.
type FlagEnvironment struct {
	Name       string                 `json:"name"`
	Enabled    bool                   `json:"enabled"`
	Strategies []control.Strategy     `json:"strategies"`
	Variants   []eval.WeightedVariant `json:"variants,omitempty"`
	Release    string                 `json:"release,omitempty"`
}

// FlagList is a page of flags, by name.
type FlagList struct {
	Flags []control.Flag `json:"flags"`
	Next
}

type flagQuery struct {
	Project string `query:"project" doc:"only this project's"`
}

type flagListQuery struct {
	Page
	Project  string `query:"project" doc:"only this project's"`
	Archived bool   `query:"archived" doc:"those in the archive, rather than those in service"`
}

// FlagPath is the path of one flag. It is exported for huma, which sets it
// through reflection; so are the other paths.
type FlagPath struct {
	Flag string `path:"flag"`
}

func (p FlagPath) entity() control.Entity { return control.Entity{Kind: control.KindFlag, Key: p.Flag} }

// FlagEnvPath is the path of one flag in one environment.
type FlagEnvPath struct {
	Flag        string `path:"flag"`
	Environment string `path:"environment"`
}

func (p FlagEnvPath) entity() control.Entity { return p.ref().Entity() }

func (p FlagEnvPath) ref() control.Ref {
	return control.Ref{Flag: p.Flag, Environment: p.Environment}
}

type flagEditRequest struct {
	FlagPath
	Body FlagEdit
}

type flagCloneRequest struct {
	FlagPath
	Body CloneInput
}

var flagPages = pager[control.Flag]{list: "flags", key: func(f control.Flag) string { return f.Name }}

func (a api) flags(h huma.API) {
	route(a, h, get("/flags", "listFlags", "List flags"), a.listFlags)
	route(a, h, create("/flags", "createFlag", "Create a flag, off everywhere"), a.createFlag)
	read(a, h, get("/flags/{flag}", "getFlag", "Get a flag with its environments"),
		func(ctx context.Context, p control.Principal, in *FlagPath) (Flag, error) {
			v, err := a.Service.Flag(ctx, p, "", in.Flag)
			return flagOf(v), err
		})
	write(a, h, patch("/flags/{flag}", "editFlag", "Change what is true of a flag everywhere"),
		onFlag(func(ctx context.Context, s *control.Service, p control.Principal, project string, in *flagEditRequest) error {
			return s.EditFlags(ctx, p, project, []string{in.Flag}, control.FlagEdit(in.Body))
		}))
	for verb, act := range map[string]func(*control.Service, context.Context, control.Principal, string, []string) error{
		"archive": (*control.Service).ArchiveFlags, "revive": (*control.Service).ReviveFlags,
	} {
		write(a, h, post("/flags/{flag}/"+verb, verb+"Flag", verbs[verb]),
			onFlag(func(ctx context.Context, s *control.Service, p control.Principal, project string, in *FlagPath) error {
				return act(s, ctx, p, project, []string{in.Flag})
			}))
	}
	write(a, h, remove("/flags/{flag}", "deleteFlag", "Delete an archived flag for good"),
		func(ctx context.Context, s *control.Service, p control.Principal, in *FlagPath) (none, error) {
			v, err := s.Flag(ctx, p, "", in.Flag)
			if err != nil {
				return none{}, err
			}
			return none{}, s.DeleteFlags(ctx, p, v.Project, []string{in.Flag})
		})
	route(a, h, create("/flags/{flag}/clone", "cloneFlag", "Create a flag like another, off everywhere"),
		func(ctx context.Context, p control.Principal, in *flagCloneRequest) (Flag, error) {
			v, err := a.Service.CloneFlag(ctx, p, "", in.Flag, in.Body.Name, in.Body.Regroup)
			return flagOf(v), err
		})
	// What reduces exposure is never made conditional.
	route(a, h, post("/flags/{flag}/kill", "killFlag", "Switch a flag off everywhere and roll back its releases"),
		func(ctx context.Context, p control.Principal, in *FlagPath) (Flag, error) {
			v, err := a.Service.KillFlag(ctx, p, in.Flag)
			return flagOf(v), err
		})
}

// verbs say what is done to a flag, or to several.
var verbs = map[string]string{
	"archive": "Take out of service", "revive": "Put back into service, off everywhere", "delete": "Delete for good what is archived",
}

func (a api) listFlags(ctx context.Context, p control.Principal, in *flagListQuery) (FlagList, error) {
	list := a.Service.Flags
	if in.Archived {
		list = a.Service.ArchivedFlags
	}
	all, err := list(ctx, p, in.Project)
	if err != nil {
		return FlagList{}, err
	}
	flags, next, err := flagPages.cut(in.Page, all)
	return FlagList{flags, next}, err
}

func (a api) createFlag(ctx context.Context, p control.Principal, in *body[FlagInput]) (Flag, error) {
	f, err := a.Service.CreateFlag(ctx, p, control.Flag{
		Name: in.Body.Name, Project: in.Body.Project, Type: in.Body.Type,
		Description: in.Body.Description, ImpressionData: in.Body.ImpressionData,
		Owner: in.Body.Owner, LifetimeDays: in.Body.LifetimeDays, Risk: control.Risk(in.Body.Risk),
	})
	if err != nil {
		return Flag{}, err
	}
	v, err := a.Service.Flag(ctx, p, f.Project, f.Name)
	return flagOf(v), err
}

// onFlag finds the project of the flag that a request is about, lets act change
// it, and answers with the flag as it is then.
func onFlag[I located](act func(ctx context.Context, s *control.Service, p control.Principal, project string, in *I) error,
) func(context.Context, *control.Service, control.Principal, *I) (Flag, error) {
	return func(ctx context.Context, s *control.Service, p control.Principal, in *I) (Flag, error) {
		name := (*in).entity().Key
		v, err := s.Flag(ctx, p, "", name)
		if err == nil {
			err = act(ctx, s, p, v.Project, in)
		}
		if err == nil {
			v, err = s.Flag(ctx, p, v.Project, name)
		}
		return flagOf(v), err
	}
}

func flagOf(v control.FlagView) Flag {
	out := Flag{Flag: v.Flag}
	for _, e := range v.Environments {
		out.Environments = append(out.Environments, flagEnvironmentOf(v, e))
	}
	return out
}

func flagEnvironmentOf(v control.FlagView, e control.FlagEnv) FlagEnvironment {
	return FlagEnvironment{
		Name: e.Environment, Enabled: e.Enabled, Strategies: e.Strategies, Variants: e.Variants, Release: v.Releases[e.Environment],
	}
}
