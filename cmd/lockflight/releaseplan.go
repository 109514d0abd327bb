package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/lockflight/lockflight/internal/control"
)

// planDoc is a kept release plan as the server tells it.
type planDoc struct {
	Name      string           `json:"name"`
	Rev       int64            `json:"rev"`
	SHA256    string           `json:"sha256"`
	Document  control.PlanSpec `json:"document"`
	CreatedAt time.Time        `json:"createdAt"`
}

func planPath(name string) string { return "/api/v1/plans/" + url.PathEscape(name) }

type planListCmd struct {
	remote
	format
}

// Run prints the plans by name.
func (c *planListCmd) Run(ctx context.Context, s streams) error {
	return printList(ctx, c.remote, c.format, s, nil, "/api/v1/plans", "plans", "NAME\tREV\tPOLICY\tWAY", func(p planDoc) string {
		return fmt.Sprintf("%s\t%d\t%s\t%s", p.Name, p.Rev, policyOf(p.Document), wayOf(p.Document))
	})
}

// policyOf is the name of the policy that a plan decides by.
func policyOf(doc control.PlanSpec) string {
	switch p := doc["policy"].(type) {
	case string:
		return p
	case map[string]any:
		return planName(p)
	}
	return "-"
}

// planName is what a document calls itself.
func planName(doc map[string]any) string {
	metadata, _ := doc["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	return name
}

// wayOf is the percents of a plan's milestones.
func wayOf(doc map[string]any) string {
	if stages, _ := doc["stages"].([]any); len(stages) > 0 {
		var all []string
		for _, st := range stages {
			if one, ok := st.(map[string]any); ok {
				all = append(all, fmt.Sprint(one["environment"], " ", wayOf(one)))
			}
		}
		return strings.Join(all, ", ")
	}
	milestones, _ := doc["milestones"].([]any)
	var way []string
	for _, m := range milestones {
		if one, ok := m.(map[string]any); ok {
			way = append(way, fmt.Sprint(one["percent"]))
		}
	}
	return strings.Join(way, " - ") + " %"
}

type planShowCmd struct {
	remote
	format
	Name string `arg:"" help:"The plan's name."`
}

// Run prints the plan as a file that put takes.
func (c *planShowCmd) Run(ctx context.Context, s streams) error {
	var doc planDoc
	if err := c.call(ctx, http.MethodGet, planPath(c.Name), nil, &doc); err != nil {
		return err
	}
	if c.Output == "json" {
		return printJSON(s.out, doc)
	}
	text, err := planDocument(doc.Document)
	if err != nil {
		return err
	}
	_, err = s.out.Write(text)
	return err
}

type planPutCmd struct {
	remote
	format
	File string `arg:"" help:"A ReleasePlan, YAML or JSON."`
}

// Run keeps the plan under its own name.
func (c *planPutCmd) Run(ctx context.Context, s streams) error {
	raw, err := readDocument(c.File)
	if err != nil {
		return err
	}
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		return fmt.Errorf("%s: want a ReleasePlan, a mapping", c.File)
	}
	name := planName(doc)
	if name == "" {
		return fmt.Errorf("%s: metadata.name: must not be empty", c.File)
	}
	var out planDoc
	if err := c.call(ctx, http.MethodPut, planPath(name), doc, &out); err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	if c.Output == "json" {
		return printJSON(s.out, out)
	}
	fmt.Fprintf(s.out, "plan %s is at revision %d: %s\n", out.Name, out.Rev, wayOf(out.Document))
	return nil
}

type planDeleteCmd struct {
	remote
	Name string `arg:"" help:"The plan's name."`
}

// Run deletes the plan.
func (c *planDeleteCmd) Run(ctx context.Context, s streams) error {
	if err := c.call(ctx, http.MethodDelete, planPath(c.Name), nil, nil); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "plan %s deleted; releases that were started by it go on\n", c.Name)
	return nil
}

// planKeys is the order in which people read a plan.
var planKeys = []string{"apiVersion", "kind", "metadata", "policy", "milestones", "stages", "calendar"}

// planDocument returns a plan as a YAML document.
func planDocument(doc control.PlanSpec) ([]byte, error) {
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("encoding the plan: %w", err)
	}
	var tree yaml.Node
	if err := yaml.Load(raw, &tree); err != nil {
		return nil, fmt.Errorf("encoding the plan: %w", err)
	}
	root := tree.Content[0]
	plain(root)
	pairs := slices.Collect(slices.Chunk(root.Content, 2))
	slices.SortStableFunc(pairs, func(a, b []*yaml.Node) int { return planRank(a[0]) - planRank(b[0]) })
	root.Content = slices.Concat(pairs...)
	return yaml.Dump(root, yaml.WithIndent(2))
}

// planRank is where a key of a plan stands; what is not named comes last.
func planRank(key *yaml.Node) int {
	if i := slices.Index(planKeys, key.Value); i >= 0 {
		return i
	}
	return len(planKeys)
}
