package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"
)

type releaseCmd struct {
	Start    releaseStartCmd    `cmd:"" help:"Start releasing a build behind a flag, by a plan."`
	Status   releaseStatusCmd   `cmd:"" help:"Show a release as a tree: milestones, verdict, every signal with its interval, and what a HOLD waits for."`
	List     releaseListCmd     `cmd:"" help:"List releases."`
	Pause    releasePauseCmd    `cmd:"" help:"Keep serving the milestone and stop evaluating."`
	Resume   releaseResumeCmd   `cmd:"" help:"Evaluate a paused release again."`
	Approve  releaseApproveCmd  `cmd:"" help:"Let a release enter its next milestone, as a person who signs in; no token may."`
	Promote  releasePromoteCmd  `cmd:"" help:"Serve the next milestone out of a HOLD that only waits; needs a reason."`
	Rollback releaseRollbackCmd `cmd:"" help:"Serve the old build to everyone, at once."`
}

// releaseDoc is a release as the server tells it.
type releaseDoc struct {
	ID          string       `json:"id"`
	Project     string       `json:"project"`
	Flag        string       `json:"flag"`
	Environment string       `json:"environment"`
	Build       string       `json:"build"`
	State       string       `json:"state"`
	Milestone   milestoneDoc `json:"milestone"`
	Verdict     *verdictDoc  `json:"verdict"`
	Live        *verdictDoc  `json:"live"`
	StartAt     *time.Time   `json:"startAt,omitempty"`
	StartedAt   time.Time    `json:"startedAt"`
	EndedAt     *time.Time   `json:"endedAt"`
	Note        string       `json:"note,omitempty"`
	Mark        string       `json:"mark"`
	Policy      string       `json:"policy"`
	Plan        *planRefDoc  `json:"plan,omitempty"`
	Asks        []askDoc     `json:"asks,omitempty"`
	Change      *changedDoc  `json:"change,omitempty"`
	Stages      []string     `json:"stages,omitempty"`
	Flags       []targetDoc  `json:"flags,omitempty"`
	After       string       `json:"after,omitempty"`
	Next        string       `json:"next,omitempty"`
	Forecast    *forecastDoc `json:"forecast,omitempty"`
	Proof       *proofDoc    `json:"proof,omitempty"`
	Drift       *driftDoc    `json:"drift,omitempty"`
	Epoch       *epochDoc    `json:"epoch,omitempty"`
	received
}

// epochDoc says since when the evidence speaks of what answers now.
type epochDoc struct {
	Number  int       `json:"number"`
	Since   time.Time `json:"since"`
	Changed []string  `json:"changed"`
}

// forecastDoc is how long the milestones take at least.
type forecastDoc struct {
	CasesPerDay float64 `json:"casesPerDay"`
	Milestones  []struct {
		Percent int     `json:"percent"`
		Cases   int64   `json:"cases"`
		Days    float64 `json:"days"`
	} `json:"milestones"`
	Warnings []string `json:"warnings,omitempty"`
}

// print says what a release is to expect; nothing where that is not known.
func (f *forecastDoc) print(s streams) {
	if f == nil {
		return
	}
	fmt.Fprintf(s.out, "at about %.0f cases a day, a build that never fails takes at least:\n", f.CasesPerDay)
	for _, m := range f.Milestones {
		fmt.Fprintf(s.out, "  %3d %%  %6.1f days for %d cases in each arm\n", m.Percent, m.Days, m.Cases)
	}
	for _, w := range f.Warnings {
		fmt.Fprintln(s.out, "  warning:", w)
	}
}

// proofDoc is the latest self-test of the policy.
type proofDoc struct {
	At     time.Time `json:"at"`
	Blocks bool      `json:"blocks"`
	Builds int       `json:"builds"`
}

func (p *proofDoc) String() string {
	switch age := time.Since(p.At).Round(time.Minute); {
	case p.Blocks:
		return fmt.Sprintf("the policy blocked all %d known-bad builds %v ago", p.Builds, age)
	default:
		return fmt.Sprintf("the policy CANNOT BLOCK: its self-test failed %v ago", age)
	}
}

// planRefDoc is the kept plan that a release was started by.
type planRefDoc struct {
	Name   string `json:"name"`
	Rev    int64  `json:"rev"`
	SHA256 string `json:"sha256"`
}

// targetDoc is one flag of a release of several.
type targetDoc struct {
	Flag      string `json:"flag"`
	Build     string `json:"build"`
	Withdrawn *struct {
		At     time.Time `json:"at"`
		By     string    `json:"by"`
		Reason string    `json:"reason"`
	} `json:"withdrawn,omitempty"`
}

// changedDoc is how far the latest change of what is served has come.
type changedDoc struct {
	Instances int   `json:"instances"`
	Confirmed int   `json:"confirmed"`
	SlowestMS int64 `json:"slowestMs"`
}

type milestoneDoc struct {
	Index   int   `json:"index"`
	Percent int   `json:"percent"`
	Of      []int `json:"of"`
	Awaits  int   `json:"awaitsApprovals,omitempty"`
}

type verdictDoc struct {
	ID      string      `json:"id"`
	Verdict string      `json:"verdict"`
	Reason  string      `json:"reason"`
	At      time.Time   `json:"at"`
	Also    []string    `json:"also"`
	Warn    []string    `json:"warn"`
	Detail  string      `json:"detail"`
	Needs   []string    `json:"needs"`
	Signals []signalDoc `json:"signals"`

	Exposures *struct {
		Treatment int64 `json:"treatment"`
		Control   int64 `json:"control"`
	} `json:"exposures"`
}

type signalDoc struct {
	Name     string   `json:"name"`
	Status   string   `json:"status"`
	N        int64    `json:"n_t"`
	NC       int64    `json:"n_c"`
	Why      string   `json:"why"`
	Estimate *float64 `json:"estimate"`
	Coverage *float64 `json:"telemetry_coverage"`
	Detail   string   `json:"detail"`
	Lower    *float64 `json:"lower"`
	Upper    *float64 `json:"upper"`
}

type releaseStartCmd struct {
	remote
	format
	Flag       string            `required:"" help:"The flag."`
	Env        string            `short:"e" help:"The environment; absent where the plan has stages."`
	Build      string            `required:"" help:"The build to release, as its telemetry names it."`
	Control    string            `help:"The build it is compared with."`
	Plan       string            `required:"" help:"A ReleasePlan or GatePolicy, YAML or JSON, or the name of a built-in policy, such as service."`
	With       map[string]string `placeholder:"FLAG=BUILD" mapsep:"," help:"Further flags that move together with the first, with their builds; repeatable."`
	At         string            `placeholder:"TIME" help:"When it begins, as 2026-12-01T09:00:00Z, or in so long, as 2h; now where absent."`
	Stickiness string            `default:"userId" help:"The context field that decides a unit's arm."`

	CasesPerDay float64 `help:"Cases that a day is expected to bring; estimated from usage where absent."`
}

// Run starts the release and prints its id.
func (c *releaseStartCmd) Run(ctx context.Context, s streams) error {
	plan, err := loadPlan(c.Plan)
	if err != nil {
		return err
	}
	in := map[string]any{
		"flag": c.Flag, "build": c.Build, "control": c.Control,
		"stickiness": c.Stickiness, "plan": plan,
	}
	with := []map[string]string{}
	for _, flag := range slices.Sorted(maps.Keys(c.With)) {
		with = append(with, map[string]string{"flag": flag, "build": c.With[flag]})
	}
	if len(with) > 0 {
		in["with"] = with
	}
	if c.Env != "" {
		in["environment"] = c.Env
	}
	if c.At != "" {
		at, err := startAt(c.At, time.Now())
		if err != nil {
			return err
		}
		in["startAt"] = at
	}
	if c.CasesPerDay != 0 {
		in["casesPerDay"] = c.CasesPerDay
	}
	var out releaseDoc
	if err := c.call(ctx, http.MethodPost, "/api/v1/releases", in, &out); err != nil {
		return err
	}
	if c.Output == "json" {
		return printJSON(s.out, out)
	}
	if out.StartAt != nil {
		fmt.Fprintf(s.out, "%s scheduled: build %s of %s in %s at %s\n", out.ID, out.Build, out.Flag, out.Environment, out.StartAt.Local().Format(time.DateTime))
		return nil
	}
	fmt.Fprintf(s.out, "%s started: build %s of %s in %s at %d %%\n", out.ID, out.Build, out.Flag, out.Environment, out.Milestone.Percent)
	out.Forecast.print(s)
	fmt.Fprintf(s.out, "watch it with: lockflight release status %s --watch\n", out.ID)
	return nil
}

// startAt reads a moment, or how long until it.
func startAt(text string, now time.Time) (time.Time, error) {
	if in, err := time.ParseDuration(text); err == nil {
		return now.Add(in), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, usageError{fmt.Errorf("--at %q: want a time such as 2026-12-01T09:00:00Z, or a duration such as 2h", text)}
	}
	return at, nil
}

type releaseStatusCmd struct {
	remote
	format
	ID    string `arg:"" help:"The release's id."`
	Watch bool   `short:"w" help:"Print each change until the release ends."`
}

// Run prints the release, once or at each change.
func (c *releaseStatusCmd) Run(ctx context.Context, s streams) error {
	if !c.Watch {
		raw, doc, err := c.fetch(ctx, "")
		if err != nil {
			return err
		}
		return c.print(s, raw, doc)
	}
	return c.watch(ctx, s)
}

// watch prints each change. The server answers when the release has changed,
// or after a while; the end of ctx is the person's, and no error.
func (c *releaseStatusCmd) watch(ctx context.Context, s streams) error {
	after := ""
	for ctx.Err() == nil {
		raw, doc, err := c.fetch(ctx, after)
		if err == nil && isTerminal(s.out) && c.Output != "json" {
			fmt.Fprint(s.out, "\x1b[H\x1b[2J") // from the top of an empty screen
		}
		if err == nil {
			err = c.print(s, raw, doc)
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
		if doc.EndedAt != nil {
			break
		}
		after = "?after=" + url.QueryEscape(doc.Mark)
	}
	return nil
}

func (c *releaseStatusCmd) fetch(ctx context.Context, query string) (json.RawMessage, releaseDoc, error) {
	var raw json.RawMessage
	var doc releaseDoc
	if err := c.call(ctx, http.MethodGet, "/api/v1/releases/"+url.PathEscape(c.ID)+query, nil, &raw); err != nil {
		return nil, doc, err
	}
	return raw, doc, json.Unmarshal(raw, &doc)
}

func (f format) print(s streams, raw json.RawMessage, doc releaseDoc) error {
	if f.Output == "json" {
		return printJSON(s.out, raw)
	}
	if err := doc.draw(s.out, isTerminal(s.out)); err != nil {
		return err
	}
	return doc.Drift.print(s)
}

type releaseListCmd struct {
	remote
	format
	Open bool `help:"Only those that run."`
}

// Run prints the releases, the newest first.
func (c *releaseListCmd) Run(ctx context.Context, s streams) error {
	query := url.Values{}
	if c.Open {
		query.Set("open", "true")
	}
	return printList(ctx, c.remote, c.format, s, query, "/api/v1/releases", "releases", "ID\tFLAG\tENVIRONMENT\tBUILD\tSTATE\tPERCENT\tREASON", func(r releaseDoc) string {
		reason := "-"
		if r.Verdict != nil {
			reason = r.Verdict.Reason
		}
		return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%d\t%s", r.ID, r.Flag, r.Environment, r.Build, r.State, r.Milestone.Percent, reason)
	})
}

// operation is what a person does to a release.
type operation struct {
	remote
	format
	ID     string `arg:"" help:"The release's id."`
	Reason string `short:"r" help:"Why."`
}

func (c *operation) do(ctx context.Context, s streams, verb string) error {
	return c.send(ctx, s, verb, map[string]string{"reason": c.Reason})
}

func (c *operation) send(ctx context.Context, s streams, verb string, in any) error {
	var raw json.RawMessage
	path := "/api/v1/releases/" + url.PathEscape(c.ID) + "/" + verb
	if err := c.call(ctx, http.MethodPost, path, in, &raw); err != nil {
		return err
	}
	var doc releaseDoc
	if err := json.Unmarshal(raw, &doc); err != nil {
		return fmt.Errorf("reading the release: %w", err)
	}
	return c.print(s, raw, doc)
}

type releasePauseCmd struct{ operation }

// Run pauses the release.
func (c *releasePauseCmd) Run(ctx context.Context, s streams) error { return c.do(ctx, s, "pause") }

type releaseResumeCmd struct{ operation }

// Run resumes the release.
func (c *releaseResumeCmd) Run(ctx context.Context, s streams) error { return c.do(ctx, s, "resume") }

// releaseApproveCmd is no operation by token: only people approve.
type releaseApproveCmd struct {
	person
	format
	ID     string `arg:"" help:"The release's id."`
	Reason string `short:"r" required:"" help:"Why the next milestone may be entered."`
}

// Run approves the next milestone, in a session of its own.
func (c *releaseApproveCmd) Run(ctx context.Context, s streams) error {
	return c.signedIn(ctx, s, func(r remote) error {
		op := operation{remote: r, format: c.format, ID: c.ID, Reason: c.Reason}
		return op.do(ctx, s, "approve")
	})
}

type releasePromoteCmd struct{ operation }

// Run promotes the release by one milestone.
func (c *releasePromoteCmd) Run(ctx context.Context, s streams) error { return c.do(ctx, s, "promote") }

type releaseRollbackCmd struct {
	operation
	waiting
	Only []string `placeholder:"FLAG" help:"Roll back these flags alone; the others of the release go on."`
}

// Run rolls the release back, or some of its flags, and says who serves that.
func (c *releaseRollbackCmd) Run(ctx context.Context, s streams) error {
	in := map[string]any{"reason": c.Reason}
	if len(c.Only) > 0 {
		in["flags"] = c.Only
	}
	if err := c.send(ctx, s, "rollback", in); err != nil || c.Wait == 0 || c.Output == "json" {
		return err
	}
	d, err := c.receipts(ctx, "/api/v1/releases/"+url.PathEscape(c.ID), time.Now().Add(c.Wait))
	if err != nil {
		return fmt.Errorf("the release is rolled back; asking who serves that: %w", err)
	}
	d.print(s.out)
	return nil
}
