package control

import (
	"cmp"
	"slices"
	"time"
)

// StaleReason is why a flag is due to be removed from the code.
type StaleReason string

// The reasons, the most certain first.
const (
	StaleCompleted StaleReason = "completed" // a person said that it has done its work
	StaleReleased  StaleReason = "released"  // its last release in production has reached everyone
	StaleSettled   StaleReason = "settled"   // production has given one answer alone for SettledAfter
	StaleMarked    StaleReason = "marked"    // a person marked it as stale
	StaleExpired   StaleReason = "expired"   // it is past the lifetime of its type
	StaleUnused    StaleReason = "unused"    // nobody has asked about it for UnusedAfter
)

var staleReasons = []StaleReason{StaleCompleted, StaleReleased, StaleSettled, StaleMarked, StaleExpired, StaleUnused}

// How long it takes until a flag counts as settled or unused, and over how long
// the share of yes is counted.
const (
	SettledAfter = 30 * 24 * time.Hour
	UnusedAfter  = 30 * 24 * time.Hour
	ShareOver    = 7 * 24 * time.Hour
)

// The sides of a flag that may be kept; a variant is the other one.
const (
	SideOn  = "on"
	SideOff = "off"
)

// FlagFacts is all that staleness is judged by.
type FlagFacts struct {
	Flag         Flag
	LifetimeDays *int // of its type; nil where it is meant to stay
	Life         Lifecycle
	Environments []EnvironmentFacts // in which it is served
	Released     *Release           // the last one to end in production, nil where it has none there
	Open         []string           // ids of releases that are running
	Children     []string           // names of flags that depend on it
}

// EnvironmentFacts is what is known of a flag in one environment. Zero times
// are of what never was.
type EnvironmentFacts struct {
	Name, Type  string
	Enabled     bool
	FirstAt     time.Time // when it was first asked about
	SeenAt      time.Time // when it was last
	YesAt, NoAt time.Time // when the answer was last on, and last off
	Yes, No     int64     // answers over ShareOver
}

// StaleFlag is a flag to be removed from the code, and why.
type StaleFlag struct {
	Flag         string             `json:"flag"`
	Project      string             `json:"project"`
	Type         string             `json:"type"`
	CreatedAt    time.Time          `json:"createdAt"`
	CreatedBy    string             `json:"createdBy,omitempty"`
	Stage        Stage              `json:"stage"`
	Reasons      []StaleReason      `json:"reasons"`                // the most certain first
	Keep         string             `json:"keep,omitempty"`         // on, off or a variant; empty where nothing tells
	LifetimeDays *int               `json:"lifetimeDays,omitempty"` // of its type
	ExceededDays int                `json:"exceededDays,omitempty"` // days past that, begun ones counted
	LastSeenAt   *time.Time         `json:"lastSeenAt,omitempty"`   // in any environment
	Completion   *Completion        `json:"completion,omitempty"`
	Released     *ReleasedEvidence  `json:"released,omitempty"`
	Environments []StaleEnvironment `json:"environments"`
	Blockers     []string           `json:"blockers,omitempty"` // what stands in the way, in words
}

// ReleasedEvidence is the release that took a flag to everyone.
type ReleasedEvidence struct {
	Release     string    `json:"release"`
	Environment string    `json:"environment"`
	Build       string    `json:"build"`
	EndedAt     time.Time `json:"endedAt"`
}

// StaleEnvironment is the evidence of one environment.
type StaleEnvironment struct {
	Name         string     `json:"name"`
	Type         string     `json:"type"`
	Enabled      bool       `json:"enabled"`
	LastSeenAt   *time.Time `json:"lastSeenAt,omitempty"`
	Yes          int64      `json:"yes"` // over the last 7 days
	No           int64      `json:"no"`
	ShareOfYes   *float64   `json:"shareOfYes,omitempty"` // 0 to 1; absent where nobody asked
	Settled      string     `json:"settled,omitempty"`    // on or off: the one answer that it has given since
	SettledSince *time.Time `json:"settledSince,omitempty"`
}

// Stale judges one flag, and reports whether it is due to be removed. A flag of
// a type without a lifetime is meant to stay: it is stale only when a person
// says so, when its release is through, or when nobody asks about it.
func Stale(in FlagFacts, now time.Time) (StaleFlag, bool) {
	f := in.Flag
	if f.ArchivedAt != nil {
		return StaleFlag{}, false
	}
	life := in.Life.Of(f)
	stages := life.Stages(f)
	out := StaleFlag{
		Flag: f.Name, Project: f.Project, Type: f.Type, CreatedAt: f.CreatedAt, CreatedBy: f.CreatedBy,
		Stage: stages[len(stages)-1].Stage, LifetimeDays: in.LifetimeDays, Completion: life.Completion,
		Environments: []StaleEnvironment{}, Blockers: blockers(in),
	}
	var seen time.Time
	for _, e := range in.Environments {
		seen = latest(seen, e.SeenAt)
		out.Environments = append(out.Environments, e.evidence())
	}
	out.LastSeenAt = moment(seen)
	side := settledSide(in.Environments, now)
	out.ExceededDays = f.exceeded(in.LifetimeDays, now)
	if r := in.Released; r != nil && r.State == Completed && len(in.Open) == 0 && r.EndedAt != nil {
		out.Released = &ReleasedEvidence{Release: r.ID, Environment: r.Environment, Build: r.Build, EndedAt: *r.EndedAt}
	}
	holds := map[StaleReason]bool{
		StaleCompleted: life.CompletedAt != nil,
		StaleReleased:  out.Released != nil,
		StaleSettled:   side != "" && in.LifetimeDays != nil,
		StaleMarked:    f.Stale,
		StaleExpired:   out.ExceededDays > 0,
		StaleUnused:    now.Sub(latest(seen, f.since())) > UnusedAfter,
	}
	for _, reason := range staleReasons {
		if holds[reason] {
			out.Reasons = append(out.Reasons, reason)
		}
	}
	out.Keep = keep(out, side)
	return out, len(out.Reasons) > 0
}

// keep is the side that the evidence speaks for: what a person decided, else
// what was released, else what production answers.
func keep(s StaleFlag, side string) string {
	switch {
	case s.Completion != nil && s.Completion.Status == Discarded:
		return SideOff
	case s.Completion != nil:
		return cmp.Or(s.Completion.Variant, SideOn)
	case s.Released != nil:
		return SideOn
	}
	return side
}

// blockers says what keeps a flag from being archived.
func blockers(in FlagFacts) (out []string) {
	for _, child := range in.Children {
		out = append(out, "flag "+child+" depends on it")
	}
	for _, release := range in.Open {
		out = append(out, "release "+release+" is running on it")
	}
	return out
}

// settledSide is the one answer that every environment for production has
// given for SettledAfter, of those in which anybody has asked lately. It is
// empty where none has, or they differ.
func settledSide(all []EnvironmentFacts, now time.Time) string {
	side := ""
	for _, e := range all {
		if e.Type != productionType || now.Sub(e.SeenAt) > UnusedAfter {
			continue
		}
		one, since := e.settled()
		if one == "" || now.Sub(since) < SettledAfter || side != "" && one != side {
			return ""
		}
		side = one
	}
	return side
}

// settled returns the answer that an environment has given alone, and since
// when: since the last other answer, or since anybody asked.
func (e EnvironmentFacts) settled() (side string, since time.Time) {
	switch {
	case e.YesAt.After(e.NoAt):
		return SideOn, latest(e.NoAt, e.FirstAt)
	case e.NoAt.After(e.YesAt):
		return SideOff, latest(e.YesAt, e.FirstAt)
	}
	return "", time.Time{}
}

func (e EnvironmentFacts) evidence() StaleEnvironment {
	out := StaleEnvironment{
		Name: e.Name, Type: e.Type, Enabled: e.Enabled, LastSeenAt: moment(e.SeenAt), Yes: e.Yes, No: e.No,
	}
	if asked := e.Yes + e.No; asked > 0 {
		out.ShareOfYes = new(float64(e.Yes) / float64(asked))
	}
	var since time.Time
	if out.Settled, since = e.settled(); out.Settled != "" {
		out.SettledSince = &since
	}
	return out
}

// moment is nil for the zero time.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// exceeded returns by how many days a flag is past a lifetime, begun ones
// counted, or 0.
func (f Flag) exceeded(lifetimeDays *int, now time.Time) int {
	if lifetimeDays == nil {
		return 0
	}
	over := now.Sub(f.CreatedAt.AddDate(0, 0, *lifetimeDays))
	if over <= 0 {
		return 0
	}
	return 1 + int((over-1)/(24*time.Hour))
}

// outlived reports whether a flag is past its lifetime: what
// Unleash calls potentially stale.
func (f Flag) outlived(types []FlagType, now time.Time) bool {
	return f.exceeded(f.lifetime(types), now) > 0
}

// lifetime is how many days a flag is needed: as it says itself, or as its type
// does; nil where neither does.
func (f Flag) lifetime(types []FlagType) *int {
	if f.LifetimeDays > 0 {
		return &f.LifetimeDays
	}
	if i := slices.IndexFunc(types, func(t FlagType) bool { return t.ID == f.Type }); i >= 0 {
		return types[i].LifetimeDays
	}
	return nil
}

// compareStale orders by certainty, then by how long a flag is overdue.
func compareStale(a, b StaleFlag) int {
	return cmp.Or(
		slices.Index(staleReasons, a.Reasons[0])-slices.Index(staleReasons, b.Reasons[0]),
		b.ExceededDays-a.ExceededDays, cmp.Compare(a.Flag, b.Flag))
}
