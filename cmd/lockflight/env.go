package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lockflight/lockflight/internal/control"
)

type envCmd struct {
	Diff    envDiffCmd    `cmd:"" help:"Show in what flags differ between two environments."`
	Promote envPromoteCmd `cmd:"" help:"Give flags in one environment the configuration that they have in another."`
}

// twoEnvironments is what diff and promote compare.
type twoEnvironments struct {
	remote
	format
	From    string `arg:"" help:"The environment to compare with, or to promote from."`
	To      string `arg:"" help:"The environment that is compared, or promoted to."`
	Project string `short:"p" help:"Only this project's flags."`
}

// flagDifferences is in what one flag differs.
type flagDifferences struct {
	Flag        string               `json:"flag"`
	Project     string               `json:"project"`
	Differences []control.Difference `json:"differences"`
}

// compared reads the flags, once both environments are known to exist.
func (c *twoEnvironments) compared(ctx context.Context) ([]control.FlagSpec, error) {
	there, err := all[control.Environment](ctx, c.remote, "/api/v1/environments", nil, "environments")
	if err != nil {
		return nil, err
	}
	for _, name := range []string{c.From, c.To} {
		if !slices.ContainsFunc(there, func(e control.Environment) bool { return e.Name == name }) {
			return nil, fmt.Errorf("there is no environment %q", name)
		}
	}
	now, err := c.configuration(ctx, c.Project)
	return now.Flags, err
}

type envDiffCmd struct{ twoEnvironments }

// Run prints the differences, flag by flag.
func (c *envDiffCmd) Run(ctx context.Context, s streams) error {
	all, err := c.compared(ctx)
	if err != nil {
		return err
	}
	found := []flagDifferences{}
	for _, f := range all {
		differences, err := control.Differences(f.Environments[c.From], f.Environments[c.To])
		if err != nil {
			return err
		}
		if len(differences) > 0 {
			found = append(found, flagDifferences{f.Name, f.Project, differences})
		}
	}
	if c.Output == "json" {
		return printJSON(s.out, map[string]any{"flags": found})
	}
	if len(found) == 0 {
		fmt.Fprintf(s.out, "%s and %s are the same\n", c.From, c.To)
	}
	for _, one := range found {
		fmt.Fprintln(s.out, one.Flag)
		for _, d := range one.Differences {
			line, err := differenceOf(d)
			if err != nil {
				return err
			}
			line.print(s.out)
		}
	}
	return nil
}

// differenceOf returns a difference that was found here as those that the
// server finds are printed.
func differenceOf(d control.Difference) (out differenceDoc, err error) {
	raw, err := json.Marshal(d)
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	return out, err
}

type envPromoteCmd struct {
	twoEnvironments
	Flag   []string `required:"" help:"A flag to promote; may be repeated."`
	DryRun bool     `name:"dry-run" help:"Only show what would change."`
}

// Run promotes the flags in one transaction, exactly as it was planned, and
// prints what changed.
func (c *envPromoteCmd) Run(ctx context.Context, s streams) error {
	in, err := c.promoted(ctx)
	if err != nil {
		return err
	}
	set, err := c.change(ctx, "plan", applyInput{configuration: in})
	if err == nil && !c.DryRun {
		set, err = c.change(ctx, "apply", applyInput{in, set.Digest})
	}
	if err != nil {
		return err
	}
	if c.Output == "json" {
		return printJSON(s.out, set.raw)
	}
	set.print(s.out)
	return nil
}

// promoted is the flags with the one environment as it shall be.
func (c *envPromoteCmd) promoted(ctx context.Context) (control.Configuration, error) {
	all, err := c.compared(ctx)
	if err != nil {
		return control.Configuration{}, err
	}
	var out control.Configuration
	missing := slices.Clone(c.Flag)
	for _, f := range all {
		if !slices.Contains(c.Flag, f.Name) {
			continue
		}
		env, ok := f.Environments[c.From]
		if !ok {
			return out, fmt.Errorf("flag %q was never configured in %s", f.Name, c.From)
		}
		f.Environments = map[string]control.EnvSpec{c.To: env}
		out.Flags = append(out.Flags, f)
		missing = slices.DeleteFunc(missing, func(name string) bool { return name == f.Name })
	}
	if len(missing) > 0 {
		return out, errors.New("there is no flag " + strings.Join(missing, ", "))
	}
	return out, nil
}
