package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"text/tabwriter"
	"time"
)

type rollbackCmd struct {
	remote
	format
	Build  string        `short:"b" xor:"what" help:"Take this build back, wherever it is served."`
	Agent  string        `xor:"what" help:"Take back what this agent has raised (ag_...)."`
	Since  time.Duration `default:"24h" help:"How far back, with --agent."`
	DryRun bool          `help:"Change nothing; print what would be done."`
	Reason string        `help:"Why, for whoever looks later."`
}

// rollbackDoc is what is done, as the server tells it.
type rollbackDoc struct {
	Steps []struct {
		Project     string `json:"project"`
		Flag        string `json:"flag"`
		Environment string `json:"environment"`
		Action      string `json:"action"`
		Release     string `json:"release,omitempty"`
		From        int    `json:"from"`
		To          int    `json:"to"`
		Units       int64  `json:"units"`
	} `json:"steps"`
	Record *int64 `json:"record,omitempty"`
}

// Run takes back what was named, and prints where.
func (c *rollbackCmd) Run(ctx context.Context, s streams) error {
	if (c.Build == "") == (c.Agent == "") {
		return usageError{errors.New("name --build or --agent")}
	}
	in := map[string]any{"build": c.Build, "agent": c.Agent, "dryRun": c.DryRun, "reason": c.Reason}
	if c.Agent != "" {
		in["since"] = time.Now().Add(-c.Since).UTC()
	}
	var out rollbackDoc
	if err := c.call(ctx, http.MethodPost, "/api/v1/rollback", in, &out); err != nil {
		return err
	}
	if c.Output == "json" {
		return printJSON(s.out, out)
	}
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ENVIRONMENT\tFLAG\tACTION\tPERCENT\tUNITS/24H")
	for _, one := range out.Steps {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d to %d\t%d\n", one.Environment, one.Flag, one.Action, one.From, one.To, one.Units)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	switch {
	case len(out.Steps) == 0:
		fmt.Fprintln(s.err, "nothing to take back")
	case c.DryRun:
		fmt.Fprintln(s.err, "nothing was changed: without --dry-run this is done, all of it or nothing")
	default:
		fmt.Fprintf(s.err, "done, under record %d\n", *out.Record)
	}
	return nil
}
