package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"
)

type flagCmd struct {
	List   flagListCmd   `cmd:"" help:"List flags."`
	Create flagCreateCmd `cmd:"" help:"Make a flag, off everywhere."`
	Show   flagShowCmd   `cmd:"" help:"Show a flag in each environment."`
	On     flagOnCmd     `cmd:"" help:"Switch a flag on in an environment."`
	Off    flagOffCmd    `cmd:"" help:"Switch a flag off in an environment."`
	Stale  flagStaleCmd  `cmd:"" help:"List the flags that are due to be removed from the code, and why."`
	Kill   flagKillCmd   `cmd:"" help:"Switch a flag off in every environment, and roll back its releases."`

	History flagHistoryCmd `cmd:"" help:"List the versions of a flag's configuration in an environment."`
	Restore flagRestoreCmd `cmd:"" help:"Make an earlier version of it the current one."`
	Explain flagExplainCmd `cmd:"" help:"Say how a flag is decided for a context, now or in the past, and why."`
}

type flagDoc struct {
	Name         string    `json:"name"`
	Project      string    `json:"project"`
	Type         string    `json:"type"`
	Description  string    `json:"description,omitempty"`
	Stale        bool      `json:"stale"`
	CreatedAt    time.Time `json:"createdAt"`
	Environments []struct {
		Name       string `json:"name"`
		Enabled    bool   `json:"enabled"`
		Release    string `json:"release,omitempty"`
		Strategies []struct {
			ID         string            `json:"id"`
			Name       string            `json:"name"`
			Parameters map[string]string `json:"parameters"`
		} `json:"strategies"`
	} `json:"environments,omitempty"`
	Receipts []propagationDoc `json:"receipts,omitempty"` // of a kill
}

type flagListCmd struct {
	remote
	format
	Project string `short:"p" help:"Only this project's."`
}

// Run prints the flags.
func (c *flagListCmd) Run(ctx context.Context, s streams) error {
	flags, err := all[flagDoc](ctx, c.remote, "/api/v1/flags", url.Values{"project": {c.Project}}, "flags")
	if err != nil {
		return err
	}
	if c.Output == "json" {
		return printJSON(s.out, map[string]any{"flags": flags})
	}
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "FLAG\tPROJECT\tTYPE\tCREATED")
	for _, f := range flags {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.Name, f.Project, f.Type, f.CreatedAt.Format(time.DateOnly))
	}
	return w.Flush()
}

type flagCreateCmd struct {
	remote
	format
	Name        string `arg:"" help:"The flag's name: URL-friendly."`
	Project     string `short:"p" default:"default" help:"The project."`
	Type        string `default:"release" help:"release, experiment, operational, kill-switch, permission or sunset."`
	Description string `help:"What it guards."`
}

// Run makes the flag.
func (c *flagCreateCmd) Run(ctx context.Context, s streams) error {
	in := map[string]any{"name": c.Name, "project": c.Project, "type": c.Type, "description": c.Description}
	var out flagDoc
	if err := c.call(ctx, http.MethodPost, "/api/v1/flags", in, &out); err != nil {
		return err
	}
	return c.show(s, out)
}

type flagShowCmd struct {
	remote
	format
	Name string `arg:"" help:"The flag."`
}

// Run prints the flag.
func (c *flagShowCmd) Run(ctx context.Context, s streams) error {
	var out flagDoc
	if err := c.call(ctx, http.MethodGet, "/api/v1/flags/"+url.PathEscape(c.Name), nil, &out); err != nil {
		return err
	}
	return c.show(s, out)
}

func (f format) show(s streams, doc flagDoc) error {
	if f.Output == "json" {
		return printJSON(s.out, doc)
	}
	fmt.Fprintf(s.out, "%s  (%s, project %s)\n", doc.Name, doc.Type, doc.Project)
	if doc.Description != "" {
		fmt.Fprintln(s.out, doc.Description)
	}
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ENVIRONMENT\tSTATE\tSTRATEGIES\tRELEASE")
	for _, e := range doc.Environments {
		state := "off"
		if e.Enabled {
			state = "on"
		}
		var names []string
		for _, st := range e.Strategies {
			name := st.Name
			if r := st.Parameters["rollout"]; r != "" {
				name += " " + r + " %"
			}
			names = append(names, name)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", e.Name, state, strings.Join(names, ", "), e.Release)
	}
	return w.Flush()
}

// toggle is what on and off have in common.
type toggle struct {
	remote
	format
	Name        string `arg:"" help:"The flag."`
	Environment string `short:"e" required:"" help:"The environment."`
}

func (c *toggle) set(ctx context.Context, s streams, to string) error {
	var out flagDoc
	path := "/api/v1/flags/" + url.PathEscape(c.Name) + "/environments/" + url.PathEscape(c.Environment) + "/" + to
	if err := c.call(ctx, http.MethodPost, path, nil, &out); err != nil {
		return err
	}
	return c.show(s, out)
}

type flagOnCmd struct{ toggle }

// Run switches the flag on.
func (c *flagOnCmd) Run(ctx context.Context, s streams) error { return c.set(ctx, s, "on") }

type flagOffCmd struct{ toggle }

// Run switches the flag off.
func (c *flagOffCmd) Run(ctx context.Context, s streams) error { return c.set(ctx, s, "off") }

type flagKillCmd struct {
	remote
	format
	waiting
	Name string `arg:"" help:"The flag."`
}

// Run switches the flag off everywhere, and says who serves that.
func (c *flagKillCmd) Run(ctx context.Context, s streams) error {
	var out flagDoc
	path := "/api/v1/flags/" + url.PathEscape(c.Name)
	if err := c.call(ctx, http.MethodPost, path+"/kill", nil, &out); err != nil {
		return err
	}
	until := time.Now().Add(c.Wait)
	for _, e := range out.Environments {
		if c.Wait == 0 {
			break
		}
		d, err := c.receipts(ctx, path+"/environments/"+url.PathEscape(e.Name), until)
		if err != nil {
			return fmt.Errorf("the flag is off; asking who serves that: %w", err)
		}
		out.Receipts = append(out.Receipts, d)
	}
	if err := c.show(s, out); err != nil || c.Output == "json" {
		return err
	}
	for _, d := range out.Receipts {
		d.print(s.out)
	}
	return nil
}
