package native

import (
	"context"
	"encoding/json"
	"maps"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/evidence"
	"github.com/lockflight/lockflight/internal/gate"
)

// ReleaseInput asks for a release.
type ReleaseInput struct {
	Flag        string `json:"flag"`
	Environment string `json:"environment,omitempty" doc:"absent where the plan has stages"`
	Build       string `json:"build" doc:"as its telemetry names it"`
	Control     string `json:"control,omitempty" doc:"the build it is compared with"`
	Stickiness  string `json:"stickiness,omitempty" doc:"the context field that decides a unit's arm; userId where absent"`
	Plan        any    `json:"plan" doc:"a ReleasePlan or a GatePolicy (api/plan.schema.json), or the name of a plan or of a built-in policy"`

	With []ReleaseTarget `json:"with,omitempty" doc:"further flags, often of other services, that move together with the first"`

	StartAt *time.Time `json:"startAt,omitempty" doc:"when it begins; now where absent"`

	CasesPerDay float64 `json:"casesPerDay,omitempty" doc:"cases that a day is expected to bring; estimated from usage where absent"`
}

// ReleaseTarget asks for one more flag in a release.
type ReleaseTarget struct {
	Flag    string `json:"flag"`
	Build   string `json:"build" doc:"as its telemetry names it"`
	Control string `json:"control,omitempty" doc:"the build it is compared with"`
}

// ReleaseFlag is one flag of a release.
type ReleaseFlag struct {
	Project   string              `json:"project"`
	Flag      string              `json:"flag"`
	Build     string              `json:"build"`
	Control   string              `json:"control,omitempty"`
	Withdrawn *control.Withdrawal `json:"withdrawn,omitempty" doc:"how it was rolled back while others went on"`
}

// Release is a release as it stands.
type Release struct {
	ID          string               `json:"id"`
	Project     string               `json:"project"`
	Flag        string               `json:"flag"`
	Environment string               `json:"environment"`
	Build       string               `json:"build"`
	Control     string               `json:"control,omitempty"`
	State       control.ReleaseState `json:"state" enum:"scheduled,waiting_approval,running,held,paused,completed,rolled_back,aborted"`
	Rev         int64                `json:"rev"`
	Milestone   Milestone            `json:"milestone"`
	Verdict     *Verdict             `json:"verdict,omitempty" doc:"the latest that was applied"`
	Live        *Verdict             `json:"live,omitempty" doc:"the latest evaluation; most change nothing and are not stored"`
	Plan        *control.PlanRef     `json:"plan,omitempty" doc:"the kept plan that it was started by, as it was then"`
	Epoch       *control.Epoch       `json:"epoch,omitempty" doc:"of its evidence: what answered has changed; absent in the first"`
	Policy      string               `json:"policy"`
	Asks        []SignalAsk          `json:"asks" doc:"what the policy asks of each signal at the milestone being served"`
	Forecast    *control.Forecast    `json:"forecast,omitempty" doc:"made at the start; absent where usage says too little"`
	Proof       *PolicyProof         `json:"proof,omitempty" doc:"the latest self-test of the policy that decides now"`
	Note        string               `json:"note,omitempty"`
	StartedBy   string               `json:"startedBy"`
	Flags       []ReleaseFlag        `json:"flags,omitempty" doc:"all that move together, where there are several"`
	Stages      []string             `json:"stages,omitempty" doc:"the environments in which the plan goes on"`
	After       string               `json:"after,omitempty" doc:"the release of the stage before"`
	Following   string               `json:"next,omitempty" doc:"the release of the stage that followed"`
	StartAt     *time.Time           `json:"startAt,omitempty" doc:"of one that was scheduled"`
	StartedAt   time.Time            `json:"startedAt"`
	EndedAt     *time.Time           `json:"endedAt,omitempty"`
	Change      *Change              `json:"change,omitempty"`
	Drift       *Drift               `json:"drift,omitempty" doc:"after 100 %: what is watched, and what was found"`
	Evidence    map[string]int64     `json:"evidence,omitempty" doc:"observations taken and refused, by cause, since this server started"`
	LeftOut     map[gate.Cause]int64 `json:"leftOut,omitempty" doc:"observations that were taken and do not count, by cause: late, duplicate, foreign_build and others"`
	Unjoined    map[string]int64     `json:"unjoined,omitempty" doc:"outcomes of which no release was found, of this one or another: unjoinable and incomplete, since this server started"`
	Mark        string               `json:"mark" doc:"give it as ?after= to be answered at the next change"`
}

// Milestone is where a release is in its plan.
type Milestone struct {
	Index   int   `json:"index" doc:"from 0"`
	Percent int   `json:"percent" doc:"of the units that are served the new build: 0 to 100"`
	Of      []int `json:"of" doc:"the percents of the plan"`
	Awaits  int   `json:"awaitsApprovals,omitempty" doc:"people who must approve before the next is entered, and have not"`
}

// SignalAsk is what the policy asks of one signal.
type SignalAsk struct {
	Name      string  `json:"name"`
	Kind      string  `json:"kind"`
	Direction string  `json:"direction" doc:"higher or lower is better"`
	Q         float64 `json:"q,omitempty" doc:"of a quantile, whose estimate is the share of cases over promote: it wants at most 1 - q"`
	Promote   float64 `json:"promote" doc:"to go on"`
	Rollback  float64 `json:"rollback" doc:"proven worse than that is a rollback"`
	OnFail    string  `json:"onFail,omitempty"`
	Required  bool    `json:"required"`
}

// Change is how far the latest change of what is served has come.
type Change struct {
	Seq       int64     `json:"seq" doc:"sequence number that a client must have reached"`
	At        time.Time `json:"at"`
	Instances int       `json:"instances" doc:"edges and clients that acknowledge what they serve, seen since two minutes before the change"`
	Confirmed int       `json:"confirmed" doc:"those that have said they serve it"`
	SlowestMS int64     `json:"slowestMs" doc:"from the change to the last of those that were there before it, by their own clocks"`
}

// Verdict is a decision with what explains it.
type Verdict struct {
	ID string `json:"id,omitempty"`
	gate.Decision
	At        time.Time       `json:"at"`
	By        string          `json:"by,omitempty"`
	Milestone int             `json:"milestone"`
	Exposures *gate.Exposures `json:"exposures,omitempty"`
}

// ReleaseList is a page of releases, the newest first.
type ReleaseList struct {
	Releases []Release `json:"releases"`
	Next
}

// ReleaseID is the path of one release. It is exported for huma, which sets it
// through reflection.
type ReleaseID struct {
	ID string `path:"id"`
}

func (p ReleaseID) entity() control.Entity {
	return control.Entity{Kind: control.KindRelease, Key: p.ID}
}

// releasePages go by the ids, which begin with the time.
var releasePages = pager[control.ReleaseView]{
	list: "releases", key: func(r control.ReleaseView) string { return r.ID }, backwards: true,
}

type releaseQuery struct {
	Page
	Open bool `query:"open" doc:"only those that run"`
}

type releaseGet struct {
	ReleaseID
	After string `query:"after" doc:"a mark: answer when something changed after it, or after 20 s"`
}

// operation is what a person does to a release, whose body may be absent.
type operation struct {
	ReleaseID
	Body *Reason
}

// Reason is why a person does something.
type Reason struct {
	Reason string `json:"reason,omitempty" doc:"kept with the release; promote needs one"`
}

const (
	awaitLimit = 20 * time.Second // how long a request with ?after= waits
	startLimit = time.Second      // how long a start waits for the release to be followed
)

func (a api) releases(h huma.API) {
	route(a, h, create("/releases", "startRelease", "Start a release"), a.startRelease)
	route(a, h, get("/releases", "listReleases", "List releases"),
		func(ctx context.Context, p control.Principal, in *releaseQuery) (ReleaseList, error) {
			all, err := a.Service.Releases(ctx, p, in.Open)
			if err != nil {
				return ReleaseList{}, err
			}
			out := ReleaseList{Releases: []Release{}}
			part, next, err := releasePages.cut(in.Page, all)
			out.Next = next
			for _, r := range part {
				out.Releases = append(out.Releases, a.release(r))
			}
			return out, err
		})
	show(a, h, get("/releases/{id}", "getRelease", "Get a release"), a.getRelease)
	for _, o := range []struct {
		verb, summary string
		do            operate
	}{
		{"pause", "Keep serving the milestone and stop evaluating", (*control.Service).PauseRelease},
		{"resume", "Evaluate a paused release again", (*control.Service).ResumeRelease},
		{"approve", "Let the release enter its next milestone, as a person", (*control.Service).ApproveRelease},
		{"promote", "Serve the next milestone out of a HOLD that only waits", (*control.Service).PromoteRelease},
	} {
		write(a, h, post("/releases/{id}/"+o.verb, o.verb+"Release", o.summary),
			func(ctx context.Context, s *control.Service, p control.Principal, in *operation) (Release, error) {
				return a.operate(ctx, s, p, in, o.do)
			})
	}
	// What reduces exposure is never made conditional.
	route(a, h, post("/releases/{id}/rollback", "rollbackRelease", "Serve the old build to everyone, at once, behind all flags or some"),
		func(ctx context.Context, p control.Principal, in *rollbackRequest) (Release, error) {
			var why RollbackInput
			if in.Body != nil {
				why = *in.Body
			}
			if len(why.Flags) == 0 {
				return a.operate(ctx, a.Service, p, &operation{in.ReleaseID, &Reason{why.Reason}}, (*control.Service).RollbackRelease)
			}
			r, err := a.Service.RollbackTargets(ctx, p, in.ID, why.Flags, why.Reason)
			if err != nil {
				return Release{}, err
			}
			return a.withChange(ctx, r)
		})
}

// rollbackRequest is a rollback, whose body may be absent.
type rollbackRequest struct {
	ReleaseID
	Body *RollbackInput
}

// RollbackInput says what is rolled back, and why.
type RollbackInput struct {
	Reason string   `json:"reason,omitempty" doc:"kept with the release"`
	Flags  []string `json:"flags,omitempty" doc:"those that are rolled back, while others go on; all where absent"`
}

// operate is what a person does to a release, for a reason.
type operate func(s *control.Service, ctx context.Context, p control.Principal, id, reason string) (control.ReleaseView, error)

func (a api) operate(ctx context.Context, s *control.Service, p control.Principal, in *operation, do operate) (Release, error) {
	var why Reason
	if in.Body != nil {
		why = *in.Body
	}
	r, err := do(s, ctx, p, in.ID, why.Reason)
	if err != nil {
		return Release{}, err
	}
	return a.withChange(ctx, r)
}

func (a api) getRelease(ctx context.Context, p control.Principal, in *releaseGet) (Release, error) {
	r, err := a.Service.Release(ctx, p, in.ID)
	if err == nil && in.After != "" {
		wait, cancel := context.WithTimeout(ctx, awaitLimit)
		defer cancel()
		a.Live.Await(wait, in.ID, in.After)
		r, err = a.Service.Release(ctx, p, in.ID)
	}
	if err != nil {
		return Release{}, err
	}
	return a.withChange(ctx, r)
}

func (a api) startRelease(ctx context.Context, p control.Principal, in *body[ReleaseInput]) (Release, error) {
	start, err := in.Body.start()
	if err != nil {
		return Release{}, err
	}
	r, err := a.Service.StartRelease(ctx, p, start)
	if err != nil {
		return Release{}, err
	}
	// The answer has the mark to follow the release by.
	known, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	a.Live.Await(known, r.ID, "")
	return a.withChange(ctx, control.ReleaseView{Release: r, Rev: 1})
}

// start is what the input asks for.
func (in ReleaseInput) start() (control.StartRelease, error) {
	plan, name, err := in.plan()
	if err != nil {
		return control.StartRelease{}, err
	}
	start := control.StartRelease{
		Flag: in.Flag, Environment: in.Environment, Build: in.Build, Control: in.Control,
		Stickiness: in.Stickiness, Plan: plan, PlanName: name, CasesPerDay: in.CasesPerDay,
	}
	for _, t := range in.With {
		start.With = append(start.With, control.StartTarget(t))
	}
	if in.StartAt != nil {
		start.StartAt = *in.StartAt
	}
	return start, nil
}

// plan returns the plan that is asked for, or its name.
func (in ReleaseInput) plan() (gate.Plan, string, error) {
	if name, ok := in.Plan.(string); ok {
		return gate.Plan{}, name, nil
	}
	raw, err := json.Marshal(in.Plan)
	if err != nil {
		return gate.Plan{}, "", control.Invalidf("plan", "%v", err)
	}
	plan, err := gate.ParsePlan(raw)
	if err != nil {
		return plan, "", control.InvalidPlan("plan", err)
	}
	return plan, "", nil
}

// withChange adds how far the latest change has come.
func (a api) withChange(ctx context.Context, r control.ReleaseView) (Release, error) {
	now, err := a.propagation(ctx, releaseChange(r))
	if err != nil {
		return Release{}, err
	}
	out := a.release(r)
	if out.Proof, err = a.policyProof(ctx, r); err != nil {
		return Release{}, err
	}
	out.Change = &Change{now.Seq, now.At, now.Instances, now.Confirmed, now.SlowestMS}
	return out, nil
}

func (a api) release(r control.ReleaseView) Release {
	out := Release{
		ID: r.ID, Project: r.Project, Flag: r.Flag, Environment: r.Environment, Build: r.Build, Control: r.Control,
		State: r.State, Rev: r.Rev, Plan: r.Template, Policy: r.Plan.Policy.Metadata.Name, Note: r.Note, Forecast: r.Forecast,
		Asks: []SignalAsk{}, Milestone: Milestone{Index: r.Milestone, Percent: r.Percent(), Awaits: r.AwaitsApprovals()}, Epoch: r.Epoch,
		After: r.After, Following: r.Next, StartedBy: r.StartedBy, StartAt: r.StartAt, StartedAt: r.StartedAt, EndedAt: r.EndedAt,
		Evidence: a.Ingest.Counts(r.ID), Unjoined: a.unjoined(), Mark: a.Live.Mark(r.ID),
	}
	for _, t := range r.Targets() {
		if len(r.With) > 0 {
			out.Flags = append(out.Flags, ReleaseFlag{t.Project, t.Flag, t.Build, t.Control, t.Withdrawn})
		}
	}
	for _, st := range r.Stages {
		out.Stages = append(out.Stages, st.Environment)
	}
	for _, m := range r.Plan.Milestones {
		out.Milestone.Of = append(out.Milestone.Of, m.Percent)
	}
	policy := r.Plan.PolicyAt(r.Milestone)
	for _, s := range policy.Signals {
		out.Asks = append(out.Asks, SignalAsk{s.Name, s.Kind, s.Direction, s.Q, s.Promote, s.Rollback, s.OnFail, s.Required})
	}
	if v := r.Verdict; v != nil {
		out.Verdict = &Verdict{ID: v.ID, Decision: v.Decision, At: v.At, By: v.By, Milestone: v.Milestone}
	}
	if e, ok := a.Live.Latest(r.ID); ok && r.Open() {
		out.LeftOut = e.LeftOut
		out.Live = &Verdict{Decision: e.Decision, At: e.At, Milestone: e.Snapshot.Step, Exposures: &e.Snapshot.Exposures}
	}
	out.Drift = a.drift(r)
	return out
}

// unjoined counts what may belong to any release.
func (a api) unjoined() map[string]int64 {
	all := a.Ingest.Counts("")
	maps.DeleteFunc(all, func(cause string, _ int64) bool {
		return cause != string(evidence.Unjoinable) && cause != string(evidence.Incomplete)
	})
	return all
}
