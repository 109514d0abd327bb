package main

import (
	"context"
	"encoding/json"
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
func (c *importUnleashCmd) Run(ctx context.Context, s streams) error {
	src, err := c.read(ctx, s.err)
	if err != nil {
		return err
	}
	plan := src.Plan()
	if c.DryRun {
		return c.preview(s, plan)
	}
	result, err := plan.Carry(ctx, importTarget{c.remote})
	if c.Output == "json" {
		return errors.Join(err, printJSON(s.out, result))
	}
	for _, made := range result.Created {
		fmt.Fprintf(s.out, "+ %s %s\n", made.Kind, made.Name)
	}
	for _, change := range result.Changes {
		fmt.Fprintln(s.out, headline(change.Kind, change.Name, change.Environment, change.Revision))
	}
	printLosses(s.out, result.Losses)
	fmt.Fprintf(s.out, "%d created, %d written, %d not carried\n", len(result.Created), len(result.Changes), len(result.Losses))
	return err
}

// read reads a file, or the Unleash at an address.
func (c *importUnleashCmd) read(ctx context.Context, progress io.Writer) (migrate.Source, error) {
	if strings.HasPrefix(c.From, "http://") || strings.HasPrefix(c.From, "https://") {
		there := migrate.Unleash{
			URL: c.From, Token: c.FromToken, Client: http.DefaultClient,
			Progress: func(done, of int, what string) { fmt.Fprintf(progress, "reading %s (%d of %d)\n", what, done+1, of) },
		}
		return there.Read(ctx)
	}
	f, err := os.Open(c.From)
	if err != nil {
		return migrate.Source{}, fmt.Errorf("reading the export: %w\nhint: name a file, or a URL that begins with http", err)
	}
	defer f.Close()
	return migrate.ReadFile(f)
}

func (c *importUnleashCmd) preview(s streams, plan migrate.Plan) error {
	if c.Output == "json" {
		return printJSON(s.out, plan)
	}
	fmt.Fprintf(s.out, "%d environments, %d projects, %d context fields, %d tag types, %d custom strategies, %d segments, %d flags\n",
		len(plan.Environments), len(plan.Projects), len(plan.ContextFields), len(plan.TagTypes), len(plan.Strategies),
		len(plan.Configuration.Segments), len(plan.Configuration.Flags))
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

// importTarget is the server as an import writes to it. It takes the documents
// of Unleash's admin API as they are, since it serves that API itself.
type importTarget struct{ remote }

// adminPaths are where documents are listed and created, and how a list of
// them is wrapped.
var adminPaths = map[migrate.Kind]struct{ path, list, name string }{
	migrate.Environments:  {"environments", "environments", "name"},
	migrate.Projects:      {"projects", "projects", "id"},
	migrate.ContextFields: {"context", "", "name"},
	migrate.TagTypes:      {"tag-types", "tagTypes", "name"},
	migrate.Strategies:    {"strategies", "strategies", "name"},
}

// Names lists what is there of a kind.
func (t importTarget) Names(ctx context.Context, kind migrate.Kind) ([]string, error) {
	at := adminPaths[kind]
	var raw json.RawMessage
	if err := t.call(ctx, http.MethodGet, "/api/admin/"+at.path, nil, &raw); err != nil {
		return nil, err
	}
	if at.list != "" {
		var wrapped map[string]json.RawMessage
		if err := json.Unmarshal(raw, &wrapped); err != nil {
			return nil, fmt.Errorf("reading the list of %s: %w", at.path, err)
		}
		raw = wrapped[at.list]
	}
	var docs []map[string]any
	if err := json.Unmarshal(raw, &docs); err != nil {
		return nil, fmt.Errorf("reading the list of %s: %w", at.path, err)
	}
	var out []string
	for _, doc := range docs {
		name, _ := doc[at.name].(string)
		out = append(out, name)
	}
	return out, nil
}

// Create makes one document.
func (t importTarget) Create(ctx context.Context, kind migrate.Kind, doc any) error {
	return refusal(t.call(ctx, http.MethodPost, "/api/admin/"+adminPaths[kind].path, doc, nil))
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
