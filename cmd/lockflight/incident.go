package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

type incidentCmd struct {
	List    incidentListCmd    `cmd:"" help:"List incidents."`
	Show    incidentShowCmd    `cmd:"" help:"Show an incident."`
	Resolve incidentResolveCmd `cmd:"" help:"Say that an incident was dealt with."`
}

// incidentDoc is an incident as the server tells it.
type incidentDoc struct {
	ID          string      `json:"id"`
	Kind        string      `json:"kind"`
	Release     string      `json:"release"`
	Flag        string      `json:"flag"`
	Environment string      `json:"environment"`
	Build       string      `json:"build"`
	Signal      string      `json:"signal"`
	Action      string      `json:"action"`
	Finding     *findingDoc `json:"finding"`
	OpenedAt    time.Time   `json:"openedAt"`
	ResolvedAt  *time.Time  `json:"resolvedAt"`
	ResolvedBy  string      `json:"resolvedBy"`
	Note        string      `json:"note"`
}

// actions say what was done about an alarm.
var actions = map[string]string{
	"warn":           "a warning",
	"incident":       "an incident, by policy",
	"await_control":  "an incident; it falls back unless the control drifts too",
	"fallback":       "it fell back to the build before",
	"control_drifts": "the control drifts too: falling back would be no help",
}

func (d incidentDoc) state() string {
	if d.ResolvedAt == nil {
		return "open"
	}
	return "resolved"
}

type incidentListCmd struct {
	remote
	format
	Open bool `help:"Only those that are not resolved."`
}

// Run prints the incidents, the newest first.
func (c *incidentListCmd) Run(ctx context.Context, s streams) error {
	query := url.Values{}
	if c.Open {
		query.Set("open", "true")
	}
	return printList(ctx, c.remote, c.format, s, query, "/api/v1/incidents", "incidents", "ID\tKIND\tFLAG\tENVIRONMENT\tBUILD\tSIGNAL\tSTATE\tOPENED", func(d incidentDoc) string {
		return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", d.ID, d.Kind, d.Flag, d.Environment, d.Build, d.Signal, d.state(), d.OpenedAt.Local().Format(time.DateTime))
	})
}

type incidentShowCmd struct {
	remote
	format
	ID string `arg:"" help:"The incident's id."`
}

// Run prints the incident.
func (c *incidentShowCmd) Run(ctx context.Context, s streams) error {
	return c.incident(ctx, s, c.remote, http.MethodGet, c.ID, nil)
}

type incidentResolveCmd struct {
	remote
	format
	ID     string `arg:"" help:"The incident's id."`
	Reason string `short:"r" help:"What was done about it."`
}

// Run resolves the incident and prints it.
func (c *incidentResolveCmd) Run(ctx context.Context, s streams) error {
	return c.incident(ctx, s, c.remote, http.MethodPost, c.ID+"/resolve", map[string]string{"reason": c.Reason})
}

// incident asks for an incident, or something of it, and prints the answer.
func (f format) incident(ctx context.Context, s streams, r remote, method, path string, in any) error {
	id, verb, _ := strings.Cut(path, "/")
	path = "/api/v1/incidents/" + url.PathEscape(id)
	if verb != "" {
		path += "/" + verb
	}
	var raw json.RawMessage
	if err := r.call(ctx, method, path, in, &raw); err != nil {
		return err
	}
	if f.Output == "json" {
		return printJSON(s.out, raw)
	}
	var d incidentDoc
	if err := json.Unmarshal(raw, &d); err != nil {
		return fmt.Errorf("reading the incident: %w", err)
	}
	fmt.Fprintf(s.out, "%s  %s of %s: build %s of %s in %s (release %s)\n", d.ID, d.Kind, d.Signal, d.Build, d.Flag, d.Environment, d.Release)
	fmt.Fprintf(s.out, "%s since %s: %s\n", d.state(), d.OpenedAt.Local().Format(time.DateTime), actions[d.Action])
	if d.Finding != nil {
		fmt.Fprintf(s.out, "  %s\n", d.Finding)
	}
	if d.ResolvedAt != nil {
		fmt.Fprintf(s.out, "resolved by %s at %s: %s\n", d.ResolvedBy, d.ResolvedAt.Local().Format(time.DateTime), d.Note)
	}
	return nil
}

// driftDoc is how a release is watched after 100 %.
type driftDoc struct {
	Holdback  int               `json:"holdback"`
	EndedAt   *time.Time        `json:"endedAt"`
	Ended     string            `json:"ended"`
	Signals   []findingDoc      `json:"signals"`
	Mixes     map[string]mixDoc `json:"mixes"`
	Overflow  int64             `json:"overflow"`
	Incidents map[string]string `json:"incidents"`
}

type findingDoc struct {
	Signal  string      `json:"signal"`
	Build   readingDoc  `json:"build"`
	Control *readingDoc `json:"control"`
	Action  string      `json:"action"`
}

type readingDoc struct {
	P0        float64 `json:"p0"`
	Cases     int64   `json:"cases"`
	Value     float64 `json:"value"`
	Threshold float64 `json:"threshold"`
}

type mixDoc struct {
	Shift string  `json:"shift"`
	PSI   float64 `json:"psi"`
	JS    float64 `json:"js"`
}

func (r readingDoc) String() string {
	return fmt.Sprintf("%.3g of %.3g after %d cases, at least %.3f while nothing drifts", r.Value, r.Threshold, r.Cases, r.P0)
}

func (f findingDoc) String() string {
	out := f.Signal + "  " + f.Build.String()
	if f.Signal == "critical_events" {
		out = fmt.Sprintf("%s  seen by %d or more, at most %.0f may", f.Signal, f.Build.Cases, f.Build.Threshold)
	}
	if f.Control != nil {
		out += fmt.Sprintf("; control %.3g of %.3g after %d", f.Control.Value, f.Control.Threshold, f.Control.Cases)
	}
	if f.Action != "" {
		out += "  ALARM: " + actions[f.Action]
	}
	return out
}

// print says how a release is watched; nothing where it is not.
func (d *driftDoc) print(s streams) error {
	if d == nil {
		return nil
	}
	if d.EndedAt != nil {
		_, err := fmt.Fprintf(s.out, "watched until %s: %s\n", d.EndedAt.Local().Format(time.DateTime), d.Ended)
		return err
	}
	fmt.Fprintf(s.out, "watched, with %d %% held back\n", d.Holdback)
	for _, f := range d.Signals {
		fmt.Fprintf(s.out, "  %s\n", f)
	}
	for _, name := range slices.Sorted(maps.Keys(d.Mixes)) {
		if m := d.Mixes[name]; m.Shift == "warning" || m.Shift == "alert" {
			fmt.Fprintf(s.out, "  %s: the mix has shifted (%s), PSI %.2f, Jensen-Shannon distance %.2f\n", name, m.Shift, m.PSI, m.JS)
		}
	}
	for _, signal := range slices.Sorted(maps.Keys(d.Incidents)) {
		fmt.Fprintf(s.out, "  %s: incident %s is open\n", signal, d.Incidents[signal])
	}
	if d.Overflow > 0 {
		fmt.Fprintf(s.out, "  %d outcomes were not watched for want of room\n", d.Overflow)
	}
	return nil
}
