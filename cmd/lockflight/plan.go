package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// configurationFiles is what plan and apply read.
type configurationFiles struct {
	remote
	format
	Files []string `name:"file" short:"f" required:"" type:"existingpath" placeholder:"DIR" help:"Files, or directories of YAML files, as export writes them."`
}

// planCmd is two nouns: what apply would do, and a release's way.
type planCmd struct {
	Changes planChangesCmd `cmd:"" default:"withargs" help:"Show what would change for files of configuration to hold."`
	List    planListCmd    `cmd:"" help:"List the release plans that are kept."`
	Show    planShowCmd    `cmd:"" help:"Print a release plan."`
	Put     planPutCmd     `cmd:"" help:"Keep a release plan under its name, for release start --plan NAME."`
	Delete  planDeleteCmd  `cmd:"" help:"Delete a release plan. Running releases keep theirs."`
}

type planChangesCmd struct{ configurationFiles }

// Run prints what apply would change.
func (c *planChangesCmd) Run(ctx context.Context, s streams) error {
	set, err := c.submit(ctx, "plan", "")
	if err != nil {
		return err
	}
	if c.Output == "json" {
		return printJSON(s.out, set.raw)
	}
	set.print(s.out)
	if len(set.Changes) > 0 {
		fmt.Fprintf(s.out, "%s: apply them with\n  lockflight apply -f %s --digest %s\n", set.count(), strings.Join(c.Files, " -f "), set.Digest)
	}
	return nil
}

type applyCmd struct {
	configurationFiles
	Digest string `help:"Of the plan that is to be carried out, and of no other."`
}

// Run makes the files hold, and prints what that changed.
func (c *applyCmd) Run(ctx context.Context, s streams) error {
	set, err := c.submit(ctx, "apply", c.Digest)
	if err != nil {
		return err
	}
	if c.Output == "json" {
		return printJSON(s.out, set.raw)
	}
	set.print(s.out)
	if len(set.Changes) > 0 {
		fmt.Fprintln(s.out, set.count()+" applied")
	}
	return nil
}

func (c *configurationFiles) submit(ctx context.Context, to, digest string) (changeSet, error) {
	all, err := readConfiguration(c.Files)
	if err != nil {
		return changeSet{}, err
	}
	set, err := c.change(ctx, to, applyInput{all, digest})
	return set, all.locate(err)
}

// applyInput is a configuration, read from files or put together, and the
// digest of the plan that is meant.
type applyInput struct {
	configuration any
	digest        string
}

// MarshalJSON puts the digest beside the configuration's own members.
func (in applyInput) MarshalJSON() ([]byte, error) {
	raw, err := json.Marshal(in.configuration)
	if err != nil || in.digest == "" {
		return raw, err
	}
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, err
	}
	doc["digest"] = in.digest
	return json.Marshal(doc)
}

// change asks the server to plan or apply.
func (r remote) change(ctx context.Context, to string, in applyInput) (changeSet, error) {
	var out changeSet
	if err := r.call(ctx, http.MethodPost, "/api/v1/configuration/"+to, in, &out.raw); err != nil {
		return out, err
	}
	if err := json.Unmarshal(out.raw, &out); err != nil {
		return out, fmt.Errorf("reading the plan: %w", err)
	}
	return out, nil
}

// changeSet is what the server says has to change, or was changed.
type changeSet struct {
	raw     json.RawMessage
	Digest  string      `json:"digest"`
	Changes []changeDoc `json:"changes"`
}

type changeDoc struct {
	Kind        string          `json:"kind"`
	Name        string          `json:"name"`
	Environment string          `json:"environment"`
	Revision    int64           `json:"revision"`
	Differences []differenceDoc `json:"differences"`
	Drift       *struct {
		Event string    `json:"event"`
		By    string    `json:"by"`
		At    time.Time `json:"at"`
	} `json:"drift"`
	Release string `json:"release"`
}

func (c changeSet) count() string {
	if len(c.Changes) == 1 {
		return "1 change"
	}
	return fmt.Sprintf("%d changes", len(c.Changes))
}

// print writes each change with its differences, and what was done outside the
// files since they were last applied.
func (c changeSet) print(w io.Writer) {
	if len(c.Changes) == 0 {
		fmt.Fprintln(w, "nothing to change")
	}
	for _, one := range c.Changes {
		fmt.Fprintln(w, headline(control.ResourceKind(one.Kind), one.Name, one.Environment, one.Revision))
		if d := one.Drift; d != nil {
			fmt.Fprintf(w, "    changed outside the files: %s by %s at %s\n", d.Event, d.By, d.At.Format(time.RFC3339))
		}
		if one.Release != "" {
			fmt.Fprintf(w, "    release %s is running: it must end first\n", one.Release)
		}
		for _, d := range one.Differences {
			d.print(w)
		}
	}
}

// headline names one change: + where the document is new, ~ where it is not.
func headline(kind control.ResourceKind, name, env string, revision int64) string {
	sign := "~"
	if revision == 0 {
		sign = "+"
	}
	what, _, _ := strings.Cut(string(kind), "_")
	out := fmt.Sprintf("%s %s %s", sign, what, name)
	if env != "" {
		out += " in " + env
	}
	return out
}
