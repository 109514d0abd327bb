package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"
)

type flagStaleCmd struct {
	remote
	format
	Project string `short:"p" help:"Only this project's."`
}

// staleDoc is one flag that is due to be removed from the code.
type staleDoc struct {
	Flag         string     `json:"flag"`
	Project      string     `json:"project"`
	Reasons      []string   `json:"reasons"`
	Keep         string     `json:"keep"`
	ExceededDays int        `json:"exceededDays"`
	LastSeenAt   *time.Time `json:"lastSeenAt"`
	Blockers     []string   `json:"blockers"`
	Environments []struct {
		Name       string   `json:"name"`
		ShareOfYes *float64 `json:"shareOfYes"`
	} `json:"environments"`
}

// Run prints the flags, the most certain first.
func (c *flagStaleCmd) Run(ctx context.Context, s streams) error {
	var raw json.RawMessage
	if err := c.call(ctx, http.MethodGet, "/api/v1/stale-flags?project="+url.QueryEscape(c.Project), nil, &raw); err != nil {
		return err
	}
	if c.Output == "json" {
		return printJSON(s.out, raw)
	}
	var out struct {
		Flags []staleDoc `json:"flags"`
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return fmt.Errorf("reading the stale flags: %w", err)
	}
	return printStale(s.out, out.Flags)
}

func printStale(to io.Writer, flags []staleDoc) error {
	if len(flags) == 0 {
		_, err := fmt.Fprintln(to, "no flag is due to be removed")
		return err
	}
	w := tabwriter.NewWriter(to, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "FLAG\tPROJECT\tWHY\tKEEP\tOVERDUE\tLAST SEEN\tYES IN 7 DAYS\tBLOCKED BY")
	for _, f := range flags {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.Flag, f.Project, strings.Join(f.Reasons, ", "),
			orDash(f.Keep), f.overdue(), f.lastSeen(), f.shares(), orDash(strings.Join(f.Blockers, "; ")))
	}
	return w.Flush()
}

func (f staleDoc) overdue() string {
	if f.ExceededDays == 0 {
		return "-"
	}
	return fmt.Sprintf("%d d", f.ExceededDays)
}

func (f staleDoc) lastSeen() string {
	if f.LastSeenAt == nil {
		return "never"
	}
	return f.LastSeenAt.Format(time.DateOnly)
}

// shares is the share of yes in each environment that has asked.
func (f staleDoc) shares() string {
	var out []string
	for _, e := range f.Environments {
		if e.ShareOfYes != nil {
			out = append(out, fmt.Sprintf("%s %.0f %%", e.Name, 100**e.ShareOfYes))
		}
	}
	return orDash(strings.Join(out, ", "))
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
