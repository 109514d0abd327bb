package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// Report is what came of both releases, by the API and the audit log.
type Report struct {
	OK       bool            `json:"ok"` // the good build at 100 %, the bad one rolled back
	Releases []ReleaseReport `json:"releases"`
}

// ReleaseReport is one release.
type ReleaseReport struct {
	ID       string          `json:"id"`
	Flag     string          `json:"flag"`
	Build    string          `json:"build"`
	State    string          `json:"state"`
	Percent  int             `json:"percent"` // being served
	Verdicts []VerdictReport `json:"verdicts"`
	// FirstBadToVerdictMS is from the record of the milestone at which the bad
	// build breaks to the record of its rollback.
	FirstBadToVerdictMS int64 `json:"firstBadToVerdictMs,omitempty"`
	// BadCases is how many cases of the treatment the failing signal had since
	// then: at the rollback, less those at the promotion.
	BadCases int64 `json:"badCases,omitempty"`
	// VerdictToLastSDKMS is from the final verdict to the last client that
	// serves what it says, by the client's own clock.
	VerdictToLastSDKMS int64 `json:"verdictToLastSdkMs"`
	Clients            int   `json:"clients"`
	Confirmed          int   `json:"confirmed"`
}

// VerdictReport is one verdict.
type VerdictReport struct {
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	Percent int       `json:"percent"` // being served when it was made
	Verdict string    `json:"verdict"`
	Reason  string    `json:"reason"`
	N       int64     `json:"n"` // cases of the treatment, of the signal with the most
}

// Final is the id of the last verdict.
func (r ReleaseReport) Final() string { return r.Verdicts[len(r.Verdicts)-1].ID }

// record is what the report reads of a record of the audit log.
type record struct {
	TS   string `json:"ts"`
	Type string `json:"type"`
	Cor  struct {
		Rollout string `json:"rollout"`
	} `json:"cor"`
}

func report(ctx context.Context, call Call, ends []release) (Report, error) {
	log, err := records(ctx, call)
	if err != nil {
		return Report{}, err
	}
	out := Report{OK: true}
	for i, r := range ends {
		one, err := reportOf(ctx, call, agents[i], r, log)
		if err != nil {
			return Report{}, err
		}
		want := control.Completed
		if agents[i].degrades {
			want = control.RolledBack
		}
		out.OK = out.OK && r.State == string(want)
		out.Releases = append(out.Releases, one)
	}
	return out, nil
}

func reportOf(ctx context.Context, call Call, a agent, r release, log []record) (ReleaseReport, error) {
	out := ReleaseReport{
		ID: r.ID, Flag: r.Flag, Build: r.Build, State: r.State, Percent: r.Milestone.Percent,
		VerdictToLastSDKMS: r.Change.SlowestMS, Clients: r.Change.Instances, Confirmed: r.Change.Confirmed,
	}
	var all struct {
		Verdicts []verdict `json:"verdicts"`
	}
	if err := call(ctx, http.MethodGet, "/api/v1/releases/"+url.PathEscape(r.ID)+"/verdicts?limit=1000", nil, &all); err != nil {
		return out, err
	}
	for _, v := range all.Verdicts {
		one := VerdictReport{ID: v.ID, At: v.At, Percent: r.Milestone.Of[v.Milestone], Verdict: v.Verdict, Reason: v.Reason}
		for _, s := range v.Signals {
			one.N = max(one.N, s.N)
		}
		out.Verdicts = append(out.Verdicts, one)
	}
	if !a.degrades || r.State != string(control.RolledBack) {
		return out, nil
	}
	bad, end := breaking(log, r)
	out.FirstBadToVerdictMS = end.Sub(bad).Milliseconds()
	out.BadCases = badCases(all.Verdicts)
	return out, nil
}

// breaking returns the moments of the last promotion, to the milestone at
// which the bad build breaks, and of the rollback, by the audit log.
func breaking(log []record, r release) (promoted, rolledBack time.Time) {
	for _, rec := range log {
		if rec.Cor.Rollout != r.ID {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, rec.TS)
		if err != nil {
			continue
		}
		switch rec.Type {
		case "release.milestone.promote":
			promoted = at
		case "release.milestone.rollback":
			rolledBack = at
		}
	}
	return promoted, rolledBack
}

// badCases returns the cases of the signal that decided on the rollback, the
// last verdict, since the last promotion.
func badCases(verdicts []verdict) int64 {
	if len(verdicts) == 0 {
		return 0
	}
	last := verdicts[len(verdicts)-1]
	_, signal, _ := strings.Cut(last.Reason, ":")
	n := last.cases(signal)
	for _, v := range slices.Backward(verdicts) {
		if v.Verdict == "PROMOTE" {
			return n - v.cases(signal)
		}
	}
	return n
}

// cases returns how many cases of the treatment a verdict had of a signal.
func (v verdict) cases(signal string) int64 {
	for _, s := range v.Signals {
		if s.Name == signal {
			return s.N
		}
	}
	return 0
}

func records(ctx context.Context, call Call) ([]record, error) {
	var out []record
	for cursor := ""; ; {
		var page struct {
			Records []record `json:"records"`
			Next    string   `json:"next"`
		}
		if err := call(ctx, http.MethodGet, "/api/v1/audit/records?limit=1000&cursor="+url.QueryEscape(cursor), nil, &page); err != nil {
			return nil, fmt.Errorf("reading the audit log: %w", err)
		}
		out = append(out, page.Records...)
		if cursor = page.Next; cursor == "" {
			return out, nil
		}
	}
}

// Print writes the report for people.
func (r Report) Print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "BUILD\tSERVED\tVERDICT\tCASES\tREASON")
	for _, rel := range r.Releases {
		for i, v := range rel.Verdicts {
			if v.Verdict == "HOLD" && i+1 < len(rel.Verdicts) && rel.Verdicts[i+1].Verdict == "HOLD" {
				continue // of a run of HOLDs, the last: what it waited for
			}
			fmt.Fprintf(w, "%s\t%d %%\t%s\t%d\t%s\n", rel.Build, v.Percent, v.Verdict, v.N, v.Reason)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	for _, rel := range r.Releases {
		fmt.Fprintf(out, "%s is %s at %d %%\n", rel.Build, strings.ReplaceAll(rel.State, "_", " "), rel.Percent)
		if rel.FirstBadToVerdictMS > 0 {
			fmt.Fprintf(out, "  first bad evidence to verdict       %6d ms, %d bad cases\n", rel.FirstBadToVerdictMS, rel.BadCases)
		}
		fmt.Fprintf(out, "  verdict to the last SDK serving it  %6d ms, %d of %d SDKs confirmed\n", rel.VerdictToLastSDKMS, rel.Confirmed, rel.Clients)
	}
	return nil
}

// FinalVerdicts returns the last verdict of each release.
func (r Report) FinalVerdicts() []string {
	var out []string
	for _, rel := range r.Releases {
		if len(rel.Verdicts) > 0 {
			out = append(out, rel.Final())
		}
	}
	return slices.Clip(out)
}
