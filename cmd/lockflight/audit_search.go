package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/store"
)

type auditSearchCmd struct {
	remote
	format
	Actor       string    `help:"Who did it: the id of a principal."`
	Agent       string    `help:"The agent that acted."`
	OBO         string    `name:"obo" help:"On whose behalf."`
	Approver    string    `help:"Who approved."`
	Resource    string    `help:"A type, a slash and a key: flag/checkout."`
	Type        string    `help:"What happened: flag.env.enable."`
	Environment string    `short:"e" help:"The environment."`
	Project     string    `help:"The project."`
	Since       time.Time `help:"Not before: 2026-11-22T10:00:00Z."`
	Until       time.Time `help:"Before: 2026-11-22T11:00:00Z."`
	Limit       int       `default:"100" help:"How many at most: 1 to 1000."`
	Cursor      string    `help:"Go on where the page before has ended."`
}

// Run prints the records that are found, the oldest first.
func (c *auditSearchCmd) Run(ctx context.Context, s streams) error {
	var raw json.RawMessage
	if err := c.call(ctx, http.MethodGet, "/api/v1/audit/records?"+c.query().Encode(), nil, &raw); err != nil {
		return err
	}
	if c.Output == "json" {
		return printJSON(s.out, raw)
	}
	var page struct {
		Records []audit.Record `json:"records"`
		Next    string         `json:"next"`
	}
	if err := json.Unmarshal(raw, &page); err != nil {
		return fmt.Errorf("reading the records: %w", err)
	}
	for i := range page.Records {
		printRecord(s.out, &page.Records[i])
	}
	if page.Next != "" {
		fmt.Fprintf(s.out, "more with --cursor %s\n", page.Next)
	}
	return nil
}

func (c *auditSearchCmd) query() url.Values {
	q := url.Values{"limit": {strconv.Itoa(c.Limit)}}
	for name, value := range map[string]string{
		"actor": c.Actor, "agent": c.Agent, "obo": c.OBO, "approver": c.Approver, "resource": c.Resource, "type": c.Type,
		"environment": c.Environment, "project": c.Project, "cursor": c.Cursor,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for name, at := range map[string]time.Time{"since": c.Since, "until": c.Until} {
		if !at.IsZero() {
			q.Set(name, at.Format(time.RFC3339Nano))
		}
	}
	return q
}

func printRecord(w io.Writer, r *audit.Record) {
	fmt.Fprintf(w, "%d  %s  %s  %s  %s", r.Seq, r.TS, r.Outcome, r.Type, r.Actor.ID)
	if r.OBO.ID != "" {
		fmt.Fprintf(w, " for %s", r.OBO.ID)
	}
	if r.Res.Type != "" {
		fmt.Fprintf(w, "  %s/%s", r.Res.Type, r.Res.Key)
	}
	for _, a := range r.CR.Appr {
		fmt.Fprintf(w, "  approved by %s", a.By)
	}
	fmt.Fprintln(w)
}

type auditReindexCmd struct {
	Data        string `default:"lockflight-data" type:"path" help:"Directory of the server's data."`
	DatabaseURL string `name:"database-url" help:"PostgreSQL of the servers."`
}

// Run makes the index anew. Servers may run meanwhile, and their writes wait.
func (c *auditReindexCmd) Run(ctx context.Context, s streams) error {
	o := store.Options{URL: c.DatabaseURL}
	if o.URL == "" {
		if _, err := os.Stat(c.Data); err != nil {
			return fmt.Errorf("finding the data: %w", err)
		}
		o.Dir = c.Data
	}
	db, err := store.Open(ctx, o)
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	defer db.Close()
	if err := db.Reindex(ctx); err != nil {
		return err
	}
	fmt.Fprintln(s.out, "the index of the log was made anew")
	return nil
}
