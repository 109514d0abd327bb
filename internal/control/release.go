package control

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/sdk/eval"
)

// ReleaseState is where a release stands.
type ReleaseState string

// The states of a release. The last three are final, but for a completed
// release that is watched, which may yet be rolled back.
const (
	Scheduled  ReleaseState = "scheduled"   // starts later: serves nobody and changes nothing
	Running    ReleaseState = "running"     // serving a milestone, gathering evidence
	Held       ReleaseState = "held"        // evidence, or its lack, speaks against going on
	Paused     ReleaseState = "paused"      // by a person: serves its milestone, is not evaluated
	Completed  ReleaseState = "completed"   // reached 100 %
	RolledBack ReleaseState = "rolled_back" // serves control to all; the build is latched
	Aborted    ReleaseState = "aborted"     // ended by a person before it served anyone
)

// Releases are listed under whether they have begun, whether they are still open
// or, if they are not, whether clients are served something by them all the same.
const (
	releasesScheduled = "scheduled"
	releasesOpen      = "open"
	releasesServing   = "serving" // completed and watched, or rolled back with conversations pinned
	releasesClosed    = "closed"
)

// releasePrefix begins the id of a release, and of the strategy that it leaves.
const releasePrefix = "rel-"

// releaseParameter marks a release's own strategy on the wire, for our SDK.
const releaseParameter = "release"

// Release is the movement of one build behind one flag in one environment
// through a plan of milestones.
type Release struct {
	ID           string             `json:"id"`
	Project      string             `json:"project"`
	Flag         string             `json:"flag"`
	Environment  string             `json:"environment"`
	Build        string             `json:"build"`
	Control      string             `json:"control,omitempty"` // the build it is compared with
	Plan         gate.Plan          `json:"plan"`
	Template     *PlanRef           `json:"template,omitempty"` // that the plan was copied from; nil: given at the start
	Stickiness   string             `json:"stickiness"`         // the context field that decides the arm
	Constraints  []eval.Constraint  `json:"constraints,omitempty"`
	Segments     []int              `json:"segments,omitempty"`
	Joinable     bool               `json:"joinable"`            // a unit's id alone decides its arm
	Withdrawn    *Withdrawal        `json:"withdrawn,omitempty"` // of the flag above, where others go on
	With         []Target           `json:"with,omitempty"`      // the further flags that move together with it
	State        ReleaseState       `json:"state"`
	Milestone    int                `json:"milestone"` // index in the plan, from 0
	Approvals    []Approval         `json:"approvals,omitempty"`
	Forecast     *Forecast          `json:"forecast,omitempty"` // made at the start; nil where usage says too little
	Verdict      *Verdict           `json:"verdict,omitempty"`
	Progress     gate.Progress      `json:"progress"`
	Marks        map[string][]int64 `json:"marks,omitempty"`        // the gate's restart points, by signal
	Epoch        *Epoch             `json:"epoch,omitempty"`        // of its evidence; nil in the first
	CooldownFrom *time.Time         `json:"cooldownFrom,omitempty"` // the flag's last rollback here
	Note         string             `json:"note,omitempty"`         // the reason that a person gave last
	Request      string             `json:"request,omitempty"`      // change request that it was started by
	Stages       []gate.Stage       `json:"stages,omitempty"`       // of the plan that follow, in other environments
	After        string             `json:"after,omitempty"`        // the release of the stage before
	Next         string             `json:"next,omitempty"`         // that of the stage that followed
	StartAt      *time.Time         `json:"startAt,omitempty"`      // of one that was scheduled
	Starter      *Starter           `json:"starter,omitempty"`      // by whose rights it starts then
	FrozenBy     string             `json:"frozenBy,omitempty"`     // the Kill of the agent that started it, by key
	StartedBy    string             `json:"startedBy"`
	StartedAt    time.Time          `json:"startedAt"`
	ChangedAt    time.Time          `json:"changedAt"`  // when what is served last changed
	ServedFrom   int64              `json:"servedFrom"` // sequence number from which on clients serve that
	EndedAt      *time.Time         `json:"endedAt,omitempty"`
	Watch        *Watch             `json:"watch,omitempty"` // after 100 %
	Pin          *Pin               `json:"pin,omitempty"`   // after a rollback; nil once it is over
}

// Verdict is one decision about a release, as it was applied.
type Verdict struct {
	ID             string        `json:"id"` // the release's id and the revision that holds it
	At             time.Time     `json:"at"`
	Milestone      int           `json:"milestone"` // the one being served when it was made
	By             string        `json:"by"`        // the principal that decided
	PolicySHA256   string        `json:"policySha256,omitempty"`
	SnapshotSHA256 string        `json:"snapshotSha256,omitempty"`
	State          *gate.State   `json:"state,omitempty"`
	Decision       gate.Decision `json:"decision"`
	Reason         string        `json:"reason"`
}

// Open tells whether the release has not ended.
func (r Release) Open() bool { return r.EndedAt == nil }

// Ref names the flag and environment that the release is about.
func (r Release) Ref() Ref { return Ref{r.Project, r.Flag, r.Environment} }

// Percent is the share of units that the milestone serves: 0 to 100.
func (r Release) Percent() int {
	if r.State == Scheduled || r.State == RolledBack || r.State == Aborted || r.Milestone >= len(r.Plan.Milestones) {
		return 0
	}
	if r.Watched() {
		policy := r.Plan.PolicyAt(r.Milestone)
		return 100 - policy.Drift.Holdback
	}
	return r.Plan.Milestones[r.Milestone].Percent
}

// Arm returns the arm of a unit, eval.Treatment or eval.Control, by its hash
// alone; false where that does not decide, or the unit is in neither.
func (r Release) Arm(unit string) (string, bool) {
	if !r.Joinable || !r.Open() && !r.Watched() || r.State == Scheduled {
		return "", false
	}
	arm := eval.ArmOf(r.ID, unit, r.Percent())
	return arm, arm != eval.Rest
}

// strategy is what the release serves. The groupId is the release's id, so
// that no two releases try themselves on the same people first.
func (r Release) strategy() eval.Strategy {
	constraints := r.Constraints
	if constraints == nil {
		constraints = []eval.Constraint{}
	}
	return eval.Strategy{
		Name: "flexibleRollout", Constraints: constraints, Segments: r.Segments,
		Parameters: eval.Parameters{
			"rollout": strconv.Itoa(r.Percent()), "stickiness": r.Stickiness,
			"groupId": r.ID, releaseParameter: r.ID, "build": r.Build,
		},
	}
}

// StartRelease asks for a release.
type StartRelease struct {
	Flag, Environment, Build, Control string
	Stickiness                        string // userId where empty
	Plan                              gate.Plan
	PlanName                          string // of a template or a built-in policy, in place of Plan

	// With are further flags that move together with the first.
	With []StartTarget

	// StartAt is when the release begins; now where it is zero.
	StartAt time.Time

	// CasesPerDay is how many the caller expects; 0 estimates it from usage.
	CasesPerDay float64

	// Template is what PlanName was when it was looked up, and Stages are those of
	// the plan that follow the first. [Service.StartRelease] sets both.
	Template *PlanRef
	Stages   []gate.Stage
}

// maxName is the most bytes of a name that is the user's own, such as a
// build's; evidence that names it in more is refused.
const maxName = 256

// StartRelease begins the movement of a build at the plan's first milestone.
// A build that was rolled back here is refused: it is latched. So is a plan that
// cannot be decided in time on the cases that there are; see [Forecast].
func (s *Service) StartRelease(ctx context.Context, p Principal, in StartRelease) (Release, error) {
	if err := s.planned(ctx, &in); err != nil {
		return Release{}, err
	}
	if err := in.enterStages(); err != nil {
		return Release{}, err
	}
	if err := in.check(s.now()); err != nil {
		return Release{}, err
	}
	if err := s.checkBlocks(ctx, p, in); err != nil {
		return Release{}, err
	}
	if in.CasesPerDay == 0 {
		var err error
		if in.CasesPerDay, err = s.casesPerDay(ctx, in.Flag, in.Environment, s.now()); err != nil {
			return Release{}, err
		}
	}
	var out Release
	err := s.write(ctx, p, Normal, func(w *work) (err error) {
		out, err = w.start(in)
		return err
	})
	return out, err
}

// start begins a release that was checked, or schedules it; or offers it, where
// it is only proposed.
func (w *work) start(in StartRelease) (Release, error) {
	r, err := w.drafted(in)
	if err != nil {
		return r, err
	}
	if err := w.staged(&r, in.Stages); err != nil {
		return r, err
	}
	if r.Forecast, err = forecast(in.Plan, in.CasesPerDay); err != nil {
		return r, err
	}
	switch {
	case w.taking != nil:
		return r, w.offer(r, in)
	case !in.StartAt.IsZero():
		return r, w.schedule(&r, in.StartAt)
	}
	return r, w.enter(&r)
}

// offer takes the start of a release into what is proposed. It is judged as if
// it began now, and no calendar is asked: that is when it does begin.
func (w *work) offer(r Release, in StartRelease) error {
	w.taking.start = &in
	return w.putRelease("release.milestone.enter", r, audit.Decision{})
}

// drafted returns the release that is asked for, where whoever asks may start it
// and nothing stands against it but the calendar.
func (w *work) drafted(in StartRelease) (Release, error) {
	f, err := get[Flag](w, KindFlag, in.Flag)
	if err != nil {
		return Release{}, asMissing(err, "flag", in.Flag)
	}
	ref := Ref{f.Project, f.Name, in.Environment}
	if err := w.mayOn(ref.scope(), "flag", f.Name, PermReleaseStart); err != nil {
		return Release{}, err
	}
	if err := alive(w, w.p, f.Project); err != nil {
		return Release{}, err
	}
	if err := f.inService(); err != nil {
		return Release{}, err
	}
	if _, pr, err := flagOf(w, f.Project, f.Name); err != nil {
		return Release{}, err
	} else if !slices.Contains(pr.Environments, in.Environment) {
		return Release{}, Invalidf("environment", "project %q is not served in an environment %q", pr.ID, in.Environment)
	}
	if err := w.unmoved(in.Template); err != nil {
		return Release{}, err
	}
	if err := w.noRelease(ref); err != nil {
		return Release{}, err
	}
	fe, err := flagEnv(w, ref)
	if err != nil {
		return Release{}, err
	}
	r, err := w.newRelease(ref, fe, in)
	if err == nil {
		err = w.join(&r, in)
	}
	return r, err
}

// enter begins a release: its first milestone is served from here on.
func (w *work) enter(r *Release) error {
	env, err := calendarOf(w, r.Environment)
	if err != nil {
		return err
	}
	if why := (ReleaseView{Release: *r, Calendar: env}).Closed(w.now); why != "" {
		return Errorf(Conflict, calendarClosed, "nothing may be started now: %s", why)
	}
	for _, one := range r.Each() {
		if err := w.cutPins(one.Ref()); err != nil {
			return err
		}
	}
	if err := w.changed(r); err != nil {
		return err
	}
	return w.putRelease("release.milestone.enter", *r, audit.Decision{})
}

func (in StartRelease) check(now time.Time) error {
	for _, f := range []struct {
		field, value string
		optional     bool
	}{
		{"flag", in.Flag, false},
		{"environment", in.Environment, false},
		{"build", in.Build, false},
		{"control", in.Control, true},
		{"stickiness", in.Stickiness, true},
	} {
		switch {
		case f.value == "" && !f.optional:
			return Invalidf(f.field, "must not be empty")
		case len(f.value) > maxName:
			return Invalidf(f.field, "is longer than %d bytes", maxName)
		}
	}
	if err := in.Plan.Validate(); err != nil {
		return InvalidPlan("plan", err)
	}
	if err := checkPlan(in.Plan); err != nil {
		return err
	}
	if err := in.checkStart(now); err != nil {
		return err
	}
	if err := in.checkTargets(); err != nil {
		return err
	}
	if in.CasesPerDay < 0 || math.IsNaN(in.CasesPerDay) || math.IsInf(in.CasesPerDay, 0) {
		return Invalidf("casesPerDay", "%v: want more than 0, or nothing", in.CasesPerDay)
	}
	if in.Build == in.Control {
		return Invalidf("control", "is the build itself: name the one that it replaces")
	}
	if in.Stickiness == "default" || in.Stickiness == "random" {
		return Invalidf("stickiness", "%q may change a unit's arm from one call to the next: name the field that identifies a unit, such as userId", in.Stickiness)
	}
	return nil
}

// InvalidPlan says what is wrong with a release plan or a policy that is the
// input's field, by the path within it: plan.policy.signals[2].limit.
func InvalidPlan(field string, fault error) error {
	out := &Error{Kind: Invalid, Code: "policy_invalid", Field: field, Msg: fault.Error()}
	if f, ok := errors.AsType[*gate.FieldError](fault); ok {
		out.Msg = f.Msg
		out.Field = strings.Trim(field+"."+f.Field, ".")
	}
	return out
}

// newRelease makes the release, after looking at what went before on this flag
// in this environment.
func (w *work) newRelease(ref Ref, fe FlagEnv, in StartRelease) (Release, error) {
	r := Release{
		ID: newID(releasePrefix, w.now), Project: ref.Project, Flag: ref.Flag, Environment: ref.Environment,
		Build: in.Build, Control: in.Control, Plan: in.Plan, Template: in.Template, Stickiness: in.Stickiness,
		State: Running, StartedBy: w.acting().ID, StartedAt: w.now, Request: w.requestID(),
		Progress: gate.NewProgress(w.now),
	}
	if r.Stickiness == "" {
		r.Stickiness = "userId"
	}
	if fe.Enabled && servesAll(fe.enabled()) {
		return r, Errorf(Conflict, "already_on", "flag %q is on for everyone in %s: there is nobody left to compare with; switch it off, or narrow its strategies, first", ref.Flag, ref.Environment)
	}
	if served := fe.enabled(); len(served) > 0 {
		r.Constraints, r.Segments = served[0].Constraints, served[0].Segments
	}
	r.Joinable = len(r.Constraints) == 0 && len(r.Segments) == 0 && !fe.Enabled
	all, err := list[Release](w, KindRelease, "")
	if err != nil {
		return r, err
	}
	for _, old := range all {
		builds, at := old.latched(r.Flag, r.Environment)
		if slices.Contains(builds, r.Build) {
			return r, Errorf(Conflict, "build_latched", "build %q was rolled back here by %s: a new build starts at the first milestone", r.Build, old.ID)
		}
		if at != nil && (r.CooldownFrom == nil || at.After(*r.CooldownFrom)) {
			r.CooldownFrom = at
		}
	}
	return r, nil
}

// servesAll tells whether the strategies turn the flag on for everyone whom a
// release beside them would be for: one without condition does, and so does
// the first, whose conditions the release takes over.
func servesAll(served []eval.Strategy) bool {
	for i, st := range served {
		if (i == 0 || len(st.Constraints) == 0 && len(st.Segments) == 0) &&
			(st.Name == "default" || st.Parameters["rollout"] == "100" || st.Parameters["percentage"] == "100") {
			return true
		}
	}
	return len(served) == 0
}

// policy is the policy of the milestone being served, resolved.
func (r *Release) policy() gate.Policy { return r.Plan.PolicyAt(r.Milestone) }

// changed notes that what clients serve is another from here on: from the
// sequence number that follows the record which is about to be appended.
func (w *work) changed(r *Release) error {
	head, err := w.Head()
	r.ChangedAt, r.ServedFrom = w.now, head.Size+1
	return err
}

// putRelease writes the release with its record, and in it the verdict that
// moved it, if one did.
func (w *work) putRelease(typ string, r Release, d audit.Decision) error {
	return w.put(event{
		Type: typ, Kind: KindRelease, Key: r.ID, Project: r.Project, Env: r.Environment,
		Doc: r, Decision: d, Cause: r.cause(),
	})
}

// cause is what records name that belong to the release.
func (r Release) cause() audit.Correlation { return audit.Correlation{Rollout: r.ID, Build: r.Build} }

// openReleases returns the open releases of an environment by flag, each as its
// flag sees it.
func openReleases(tx ReadTx, env string) (map[string]*Release, error) {
	open, err := list[Release](tx, KindRelease, releasesOpen)
	out := map[string]*Release{}
	for _, r := range open {
		if r.Environment != env {
			continue
		}
		for _, one := range r.Each() {
			out[one.Flag] = &one
		}
	}
	return out, err
}

// noRelease refuses what must not happen beside a running release.
func (w *work) noRelease(ref Ref) error {
	open, err := openReleases(w, ref.Environment)
	if r := open[ref.Flag]; r != nil {
		return Errorf(Conflict, "release_running", "release %s is running on this flag in %s: wait for its end, or roll it back, first", r.ID, ref.Environment)
	}
	return err
}

// ReleaseView is a release as stored, with its revision.
type ReleaseView struct {
	Release
	Rev      int64
	Calendar *gate.Calendar // the environment's, which holds beside the plan's
}

// Release returns one release.
func (s *Service) Release(ctx context.Context, p Principal, id string) (ReleaseView, error) {
	var out ReleaseView
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = releaseOf(tx, id)
		return err
	})
	if err == nil {
		err = p.sees(out.Ref().scope(), "release", id)
	}
	if err != nil {
		return ReleaseView{}, err
	}
	return out, nil
}

// Releases lists the releases that p may read, the newest first; those that have
// not ended only where open is set.
func (s *Service) Releases(ctx context.Context, p Principal, open bool) ([]ReleaseView, error) {
	if open {
		return s.releases(ctx, p, releasesOpen, releasesScheduled)
	}
	return s.releases(ctx, p, "")
}

// ServingReleases lists the releases that have ended and by which clients are
// still served something: they are watched, or pin conversations.
func (s *Service) ServingReleases(ctx context.Context, p Principal) ([]ReleaseView, error) {
	return s.releases(ctx, p, releasesServing)
}

func (s *Service) releases(ctx context.Context, p Principal, parents ...string) ([]ReleaseView, error) {
	var out []ReleaseView
	err := s.store.View(ctx, func(tx ReadTx) error {
		calendars := map[string]*gate.Calendar{}
		for _, parent := range parents {
			all, err := tx.Resources(KindRelease, parent)
			if err != nil {
				return err
			}
			for _, res := range all {
				r, err := decode[Release](res)
				if err != nil {
					return err
				}
				if p.May(PermRead, r.Ref().scope()) != nil {
					continue
				}
				if _, known := calendars[r.Environment]; !known {
					if calendars[r.Environment], err = calendarOf(tx, r.Environment); err != nil {
						return err
					}
				}
				out = append(out, ReleaseView{r, res.Rev, calendars[r.Environment]})
			}
		}
		return nil
	})
	slices.SortFunc(out, func(a, b ReleaseView) int { return strings.Compare(b.ID, a.ID) })
	return out, err
}

func releaseOf(tx ReadTx, id string) (ReleaseView, error) {
	res, err := tx.Resource(KindRelease, id)
	if err != nil {
		return ReleaseView{}, asMissing(err, "release", id)
	}
	r, err := decode[Release](res)
	if err != nil {
		return ReleaseView{}, err
	}
	calendar, err := calendarOf(tx, r.Environment)
	return ReleaseView{r, res.Rev, calendar}, err
}
