package risk

import (
	"slices"
	"strings"
)

// Action is what is recommended for a change.
type Action string

// The actions.
const (
	None        Action = "none"
	UseExisting Action = "use_existing" // the change is behind a flag already
	Flag        Action = "flag"
	FlagAndGate Action = "flag_and_gate" // a flag, released step by step on evidence
	AskPerson   Action = "ask_person"    // no flag can hold the change back
)

// Advice is what to do with a change.
type Advice struct {
	Action Action `json:"recommendation"`
	// Ask says that a person should decide, whatever else is recommended.
	Ask bool `json:"ask"`
	// Confidence is low where a flag is a matter of taste, empty otherwise.
	Confidence    string   `json:"confidence,omitempty"`
	FlagType      FlagType `json:"flagType,omitempty"`
	LifetimeDays  int      `json:"lifetimeDays,omitempty"` // 0 for no end
	SuggestedName string   `json:"suggestedName,omitempty"`
	GuardedBy     []string `json:"guardedBy,omitempty"` // the flags that the change is behind
	Plan          *Plan    `json:"plan,omitempty"`      // of the release of the flag
	Route         []string `json:"route,omitempty"`     // the steps of a release without a flag
}

// advise recommends what to do with a change of that score.
func (c *change) advise(score int, r Request) Advice {
	guarded, all := c.flagged()
	flaggable := c.flaggable()
	a := Advice{Action: None}
	switch {
	case all > 0 && guarded == all:
		a.Action, a.GuardedBy = UseExisting, c.flags()
	case !flaggable && score >= 60:
		a.Action, a.Route = AskPerson, c.route()
	case !flaggable && score >= 20:
		a.Route = c.route()
	case score >= 40:
		a.Action = FlagAndGate
	case score >= 20:
		a.Action = Flag
	case score > 10 && flaggable && c.visible():
		a.Action, a.Confidence = Flag, "low"
	}
	a.Ask = score >= 60
	if a.Action == Flag || a.Action == FlagAndGate {
		a.FlagType = c.flagType()
		a.LifetimeDays = lifetimes[a.FlagType]
		a.SuggestedName = c.suggest(r)
		if score >= 20 {
			a.Plan = c.plan(a.SuggestedName, BandOf(score))
		}
	}
	return a
}

// flaggable reports whether half of what the change does or more is inside
// functions, where a flag can stand: the indented lines of code, of all lines that
// have an effect.
func (c *change) flaggable() bool {
	inside, all := 0, 0
	for _, f := range c.files {
		if f.class.in(harmless...) {
			continue
		}
		all += f.effective
		if f.class != Code {
			continue
		}
		for _, side := range [][]*line{f.add, f.del} {
			for _, l := range side {
				if spaceBefore(l.raw) > 0 {
					inside++
				}
			}
		}
	}
	return all > 0 && 2*inside >= all
}

// visible reports whether a user may see something new: a route, a component, or
// a branch of a user interface.
func (c *change) visible() bool {
	if c.has("iface.route") || c.has("iface.route_protection") {
		return true
	}
	return slices.ContainsFunc(c.live, func(f *file) bool {
		return f.ui && (f.status == created || countLines(f.add, branch) > 0)
	})
}

// flags returns the names of the flags that the change is behind, in order.
func (c *change) flags() []string {
	names := map[string]bool{}
	for _, f := range c.live {
		for _, h := range f.hunks {
			for i := range h.lines {
				l := &h.lines[i]
				if l.sign == '-' || !l.matches(flagCall, l.raw) {
					continue
				}
				if m := lexicon().expressions[flagName].FindStringSubmatch(l.source); m != nil {
					names[m[1]] = true
				}
			}
		}
	}
	return sorted(names)
}

// route returns how to release what no flag can hold back.
func (c *change) route() []string {
	classes := map[Class]bool{}
	for _, f := range c.files {
		classes[f.class] = classes[f.class] || f.effective > 0
	}
	var out []string
	if classes[Migration] || classes[SQL] {
		out = append(out,
			"expand: add what is new beside what is there, in a migration of its own",
			"deploy code that writes both and reads the old; then code that reads the new",
			"contract: remove the old in a later release, once nothing reads it and there is a backup")
	}
	if classes[Infra] || classes[Config] || classes[CI] {
		out = append(out, "staged deploy: one instance or environment first, then the rest; keep the old values at hand")
	}
	if classes[Dep] {
		out = append(out, "staged deploy of a build with the new dependencies and nothing else, so that it can be taken back alone")
	}
	if c.fires("op.secret") {
		out = append(out, "revoke the secret: what has been in a diff is known")
	}
	if len(out) == 0 {
		out = append(out, "staged deploy: a few instances first, with the build before it ready to return to")
	}
	return out
}

// FlagType is the kind of a flag, in the words of the API.
type FlagType string

// The types of flags.
const (
	ReleaseFlag     FlagType = "release"
	ExperimentFlag  FlagType = "experiment"
	OperationalFlag FlagType = "operational"
	KillSwitch      FlagType = "kill-switch"
	PermissionFlag  FlagType = "permission"
)

// lifetimes is how many days a flag of each type is expected to live.
var lifetimes = map[FlagType]int{ReleaseFlag: 40, ExperimentFlag: 40, OperationalFlag: 7}

// flagType tells the type by what the added lines do.
func (c *change) flagType() FlagType {
	var entitlements, variants, calls, tuning bool
	for _, f := range c.live {
		for _, l := range f.add {
			entitlements = entitlements || l.words&(aboutAuth|aboutMoney) != 0 && l.matches(guardStatement, l.blank)
			variants = variants || f.ui && l.matches(tracked, l.text)
			calls = calls || l.matches(network, l.blank) || l.matches(outbound, l.blank)
			tuning = tuning || l.matches(tuned, l.blank)
		}
	}
	switch {
	case entitlements:
		return PermissionFlag
	case variants:
		return ExperimentFlag
	case calls:
		return KillSwitch
	case tuning:
		return OperationalFlag
	}
	return ReleaseFlag
}

// Milestone is one step of a plan.
type Milestone struct {
	Percent     int    `json:"percent"`
	MinDuration string `json:"min_duration,omitempty"`
	Approvals   int    `json:"approvals,omitempty"`
	Final       bool   `json:"final,omitempty"`
}

// Plan is a release plan to start from, in the form that release start reads.
type Plan struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Policy     string      `json:"policy"`
	Milestones []Milestone `json:"milestones"`
}

// plan returns the template for a band. High begins at 1 % once two people have
// approved it; what belongs to agents is watched by their five signals.
func (c *change) plan(name string, band Band) *Plan {
	p := &Plan{APIVersion: "lockflight/v1", Kind: "ReleasePlan", Policy: "service"}
	p.Metadata.Name = name
	if slices.ContainsFunc(c.live, func(f *file) bool { return agentPath.in(strings.ToLower(f.path)) }) {
		p.Policy = "agent-default"
	}
	percents, stay, approvals := []int{5, 25, 50}, "30m", 0
	if band == High {
		percents, stay, approvals = []int{1, 5, 10, 25, 50}, "60m", 2
	}
	for _, percent := range percents {
		p.Milestones = append(p.Milestones, Milestone{Percent: percent, MinDuration: stay})
	}
	p.Milestones[0].Approvals = approvals
	p.Milestones = append(p.Milestones, Milestone{Percent: 100, Final: true})
	return p
}
