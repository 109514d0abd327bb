package native

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
)

// FlagUsage is who asks about a flag, and what they were answered.
type FlagUsage struct {
	Hours []UsageHour `json:"hours" doc:"by hour, environment and application, oldest first"`
	Uses  []FlagUse   `json:"uses" doc:"kept when the hours are dropped"`
}

// UsageHour counts the answers of one hour.
type UsageHour struct {
	At          time.Time        `json:"at" doc:"when the hour begins"`
	Environment string           `json:"environment"`
	App         string           `json:"app"`
	Yes         int64            `json:"yes"`
	No          int64            `json:"no"`
	Variants    map[string]int64 `json:"variants,omitempty"`
}

// FlagUse says when an application asked about a flag in an environment.
type FlagUse struct {
	Environment string    `json:"environment"`
	App         string    `json:"app"`
	FirstAt     time.Time `json:"firstAt"`
	LastAt      time.Time `json:"lastAt"`
	LastOnAt    time.Time `json:"lastOnAt,omitzero" doc:"when the answer was last on"`
	LastOffAt   time.Time `json:"lastOffAt,omitzero" doc:"when it was last off"`
}

type usageQuery struct {
	Flag  string    `path:"flag"`
	Since time.Time `query:"since" doc:"48 hours ago where absent"`
}

// FlagLifecycle is the stages that a flag has gone through.
type FlagLifecycle struct {
	Stages []control.StageEntry `json:"stages" doc:"in order; the last one is where it is"`
}

// UnknownFlagList is the flags that applications ask about and nobody serves.
type UnknownFlagList struct {
	Flags []UnknownFlag `json:"flags"`
}

// UnknownFlag is one name that applications ask about.
type UnknownFlag struct {
	Name        string       `json:"name"`
	LastSeenAt  time.Time    `json:"lastSeenAt"`
	LastEventAt *time.Time   `json:"lastEventAt,omitempty" doc:"when a flag of that name was archived or last changed; absent where there never was one"`
	Uses        []UnknownUse `json:"uses"`
}

// UnknownUse says who asks, where.
type UnknownUse struct {
	Environment string    `json:"environment"`
	App         string    `json:"app"`
	SeenAt      time.Time `json:"seenAt"`
}

// ApplicationList is the applications that ask about flags.
type ApplicationList struct {
	Applications []Application `json:"applications"`
}

// Application is something that asks about flags.
type Application struct {
	Name         string     `json:"name"`
	Description  string     `json:"description,omitempty"`
	Projects     []string   `json:"projects"`
	Environments []string   `json:"environments"`
	Flags        int        `json:"flags" doc:"how many it asks about"`
	LastSeenAt   time.Time  `json:"lastSeenAt"`
	Instances    []Instance `json:"instances"`
}

// Instance is one process of an application.
type Instance struct {
	ID          string    `json:"id"`
	Environment string    `json:"environment"`
	SDK         string    `json:"sdk,omitempty"`
	SeenAt      time.Time `json:"seenAt"`
}

func (a api) usage(h huma.API) {
	route(a, h, get("/flags/{flag}/usage", "getFlagUsage", "Get who asks about a flag, and what they were answered"), a.flagUsage)
	route(a, h, get("/flags/{flag}/lifecycle", "getFlagLifecycle", "Get the stages that a flag has gone through"),
		func(ctx context.Context, p control.Principal, in *FlagPath) (FlagLifecycle, error) {
			stages, err := a.Service.FlagLifecycle(ctx, p, "", in.Flag)
			return FlagLifecycle{stages}, err
		})
	route(a, h, get("/unknown-flags", "listUnknownFlags", "List the flags that applications ask about and nobody serves"), a.unknownFlags)
	route(a, h, get("/applications", "listApplications", "List the applications that ask about flags"),
		func(ctx context.Context, p control.Principal, _ *none) (ApplicationList, error) {
			all, err := a.Service.Applications(ctx, p, "")
			out := ApplicationList{Applications: []Application{}}
			for _, app := range all {
				out.Applications = append(out.Applications, applicationOf(app))
			}
			return out, err
		})
}

func (a api) flagUsage(ctx context.Context, p control.Principal, in *usageQuery) (FlagUsage, error) {
	if in.Since.IsZero() {
		in.Since = time.Now().Add(-48 * time.Hour)
	}
	hours, uses, err := a.Service.FlagUsage(ctx, p, in.Flag, in.Since)
	out := FlagUsage{Hours: []UsageHour{}, Uses: []FlagUse{}}
	for _, u := range hours {
		out.Hours = append(out.Hours, UsageHour{u.Hour, u.Environment, u.App, u.Yes, u.No, u.Variants})
	}
	for _, u := range uses {
		out.Uses = append(out.Uses, FlagUse{u.Environment, u.App, u.FirstAt, u.SeenAt, u.YesAt, u.NoAt})
	}
	return out, err
}

func (a api) unknownFlags(ctx context.Context, p control.Principal, _ *none) (UnknownFlagList, error) {
	all, err := a.Service.UnknownFlags(ctx, p)
	out := UnknownFlagList{Flags: []UnknownFlag{}}
	for _, f := range all {
		one := UnknownFlag{Name: f.Name, LastSeenAt: f.LastSeenAt, LastEventAt: f.LastEventAt, Uses: []UnknownUse{}}
		for _, u := range f.Uses {
			one.Uses = append(one.Uses, UnknownUse{u.Environment, u.App, u.SeenAt})
		}
		out.Flags = append(out.Flags, one)
	}
	return out, err
}

func applicationOf(a control.Application) Application {
	out := Application{
		Name: a.Name, Description: a.Description, Projects: append([]string{}, a.Projects...),
		Environments: append([]string{}, a.Environments()...), Flags: len(a.Flags), LastSeenAt: a.LastSeenAt, Instances: []Instance{},
	}
	for _, i := range a.Instances {
		out.Instances = append(out.Instances, Instance{i.ID, i.Environment, i.SDK, i.SeenAt})
	}
	return out
}
