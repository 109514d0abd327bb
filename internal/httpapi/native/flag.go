package native

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
)

// FlagInput asks for a flag.
type FlagInput struct {
	Name           string `json:"name" doc:"URL-friendly, unique in the installation"`
	Project        string `json:"project,omitempty" default:"default"`
	Type           string `json:"type,omitempty" default:"release"`
	Description    string `json:"description,omitempty"`
	ImpressionData bool   `json:"impressionData,omitempty"`
}

// Flag is a flag with its environments.
type Flag struct {
	control.Flag
	Environments []FlagEnvironment `json:"environments,omitempty"`
}

// FlagEnvironment is a flag's own configuration in one environment, and the
// release that runs on top of it, if one does.
type FlagEnvironment struct {
	Name       string             `json:"name"`
	Enabled    bool               `json:"enabled"`
	Strategies []control.Strategy `json:"strategies"`
	Release    string             `json:"release,omitempty"`
}

// FlagList is a list of flags.
type FlagList struct {
	Flags []control.Flag `json:"flags"`
}

type flagQuery struct {
	Project string `query:"project" doc:"only this project's"`
}

type flagPath struct {
	Flag string `path:"flag"`
}

// FlagEnvPath is the path of one flag in one environment. It is exported for
// huma, which sets it through reflection.
type FlagEnvPath struct {
	Flag        string `path:"flag"`
	Environment string `path:"environment"`
}

func (a api) flags(h huma.API) {
	route(a, h, get("/flags", "listFlags", "List flags"),
		func(ctx context.Context, p control.Principal, in *flagQuery) (FlagList, error) {
			all, err := a.Service.Flags(ctx, p, in.Project)
			return FlagList{all}, err
		})
	route(a, h, create("/flags", "createFlag", "Create a flag, off everywhere"),
		func(ctx context.Context, p control.Principal, in *body[FlagInput]) (Flag, error) {
			f, err := a.Service.CreateFlag(ctx, p, control.Flag{
				Name: in.Body.Name, Project: in.Body.Project, Type: in.Body.Type,
				Description: in.Body.Description, ImpressionData: in.Body.ImpressionData,
			})
			if err != nil {
				return Flag{}, err
			}
			v, err := a.Service.Flag(ctx, p, f.Project, f.Name)
			return flagOf(v), err
		})
	route(a, h, get("/flags/{flag}", "getFlag", "Get a flag with its environments"),
		func(ctx context.Context, p control.Principal, in *flagPath) (Flag, error) {
			v, err := a.Service.Flag(ctx, p, "", in.Flag)
			return flagOf(v), err
		})
	route(a, h, act("/flags/{flag}/environments/{environment}/on", "switchFlagOn", "Switch a flag on in one environment"), a.toggle(true))
	route(a, h, act("/flags/{flag}/environments/{environment}/off", "switchFlagOff", "Switch a flag off in one environment"), a.toggle(false))
	route(a, h, act("/flags/{flag}/kill", "killFlag", "Switch a flag off everywhere and roll back its releases"),
		func(ctx context.Context, p control.Principal, in *flagPath) (Flag, error) {
			v, err := a.Service.KillFlag(ctx, p, in.Flag)
			return flagOf(v), err
		})
}

func (a api) toggle(on bool) func(context.Context, control.Principal, *FlagEnvPath) (Flag, error) {
	return func(ctx context.Context, p control.Principal, in *FlagEnvPath) (Flag, error) {
		v, err := a.Service.SetEnabled(ctx, p, control.Ref{Flag: in.Flag, Environment: in.Environment}, on)
		return flagOf(v), err
	}
}

func flagOf(v control.FlagView) Flag {
	out := Flag{Flag: v.Flag}
	for _, e := range v.Environments {
		out.Environments = append(out.Environments, FlagEnvironment{
			Name: e.Environment, Enabled: e.Enabled, Strategies: e.Strategies, Release: v.Releases[e.Environment],
		})
	}
	return out
}
