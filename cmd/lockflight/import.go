package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/migrate"
)

type importCmd struct {
	Unleash importUnleashCmd `cmd:"" help:"Bring in what an Unleash holds."`
}

type importUnleashCmd struct {
	remote
	format
	From      string `arg:"" name:"source" placeholder:"FILE|URL" help:"An export file of Unleash, or the address of one that runs."`
	FromToken string `name:"from-token" help:"An admin token of the Unleash that runs."`
	DryRun    bool   `name:"dry-run" help:"Only show what would be brought in."`
}

// Run brings in what it reads, and prints what could not be carried. It may be
// run again: what is here already as it is there stays as it is.
func (u *importUnleashCmd) Run(ctx context.Context, s streams) error {
	src, err := u.read(ctx, s.err)
	if err != nil {
		return err
	}
	plan := src.Plan()
	if u.DryRun {
		return u.preview(s, plan)
	}
	result, err := plan.Carry(ctx, importTarget{u.remote})
	if u.Output == "json" {
		return errors.Join(err, printJSON(s.out, result))
	}
	for _, name := range result.Strategies {
		fmt.Fprintln(s.out, "+ strategy "+name)
	}
	for _, change := range result.Changes {
		fmt.Fprintln(s.out, headline(change.Kind, change.Name, change.Environment, change.Revision))
	}
	printLosses(s.out, result.Losses)
	fmt.Fprintf(s.out, "%d written, %d not carried\n", len(result.Strategies)+len(result.Changes), len(result.Losses))
	return err
}

// read reads a file, or the Unleash at an address.
func (u *importUnleashCmd) read(ctx context.Context, progress io.Writer) (migrate.Source, error) {
	if strings.HasPrefix(u.From, "http://") || strings.HasPrefix(u.From, "https://") {
		there := migrate.Unleash{
			URL: u.From, Token: u.FromToken, Client: http.DefaultClient,
			Progress: func(done, of int, what string) { fmt.Fprintf(progress, "reading %s (%d of %d)\n", what, done+1, of) },
		}
		return there.Read(ctx)
	}
	f, err := os.Open(u.From)
	if err != nil {
		return migrate.Source{}, fmt.Errorf("reading the export: %w\nhint: name a file, or a URL that begins with http", err)
	}
	defer f.Close()
	return migrate.ReadFile(f)
}

func (u *importUnleashCmd) preview(s streams, plan migrate.Plan) error {
	if u.Output == "json" {
		return printJSON(s.out, plan)
	}
	c := plan.Configuration
	fmt.Fprintf(s.out, "%d environments, %d projects, %d context fields, %d tag types, %d custom strategies, %d segments, %d flags\n",
		len(c.Environments), len(c.Projects), len(c.ContextFields), len(c.TagTypes), len(plan.Strategies), len(c.Segments), len(c.Flags))
	printLosses(s.out, plan.Losses)
	return nil
}

func printLosses(w io.Writer, losses []migrate.Loss) {
	for _, l := range losses {
		where := ""
		if l.Environment != "" {
			where = " in " + l.Environment
		}
		fmt.Fprintf(w, "! %s %s%s: %s\n", l.Kind, l.Name, where, l.Reason)
	}
}

// importTarget is the server as an import writes to it.
type importTarget struct{ remote }

// Strategies lists the strategies that are known.
func (t importTarget) Strategies(ctx context.Context) ([]string, error) {
	var in struct{ Strategies []struct{ Name string } }
	if err := t.call(ctx, http.MethodGet, "/api/admin/strategies", nil, &in); err != nil {
		return nil, err
	}
	out := make([]string, len(in.Strategies))
	for i, s := range in.Strategies {
		out[i] = s.Name
	}
	return out, nil
}

// CreateStrategy makes one known.
func (t importTarget) CreateStrategy(ctx context.Context, s migrate.Strategy) error {
	return refusal(t.call(ctx, http.MethodPost, "/api/admin/strategies", s, nil))
}

// PlanConfiguration asks what would change.
func (t importTarget) PlanConfiguration(ctx context.Context, in control.Configuration) (out control.ChangeSet, err error) {
	err = t.call(ctx, http.MethodPost, "/api/v1/configuration/plan", in, &out)
	return out, refusal(err)
}

// ApplyConfiguration carries out what was planned.
func (t importTarget) ApplyConfiguration(ctx context.Context, in control.Configuration, digest string) (out control.ChangeSet, err error) {
	err = t.call(ctx, http.MethodPost, "/api/v1/configuration/apply", applyInput{in, digest}, &out)
	return out, refusal(err)
}

// refusal tells a document that is wrong from all other errors.
func refusal(err error) error {
	p, ok := errors.AsType[*problem](err)
	if !ok || p.Status != http.StatusBadRequest && p.Status != http.StatusConflict && p.Status != http.StatusNotFound {
		return err
	}
	return &migrate.Refusal{Field: p.Field, Reason: p.Error()}
}
