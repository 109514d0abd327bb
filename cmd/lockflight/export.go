package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v4"

	"github.com/lockflight/lockflight/internal/control"
)

type exportCmd struct {
	remote
	Project string `short:"p" help:"Only this project's flags."`
	Out     string `short:"o" type:"path" placeholder:"DIR" help:"Write a file for each document; standard output where absent."`
}

// Run writes the configuration as YAML.
func (c *exportCmd) Run(ctx context.Context, s streams) error {
	all, err := c.configuration(ctx, c.Project)
	if err != nil {
		return err
	}
	write := func(_, _ string, text []byte) error {
		_, err := fmt.Fprintf(s.out, "---\n%s", text)
		return err
	}
	if c.Out != "" {
		write = c.writeFile
	}
	documents, err := documentsOf(all)
	if err != nil {
		return err
	}
	for _, d := range documents {
		if err := write(d.dir, d.name, d.text); err != nil {
			return err
		}
	}
	if c.Out != "" {
		fmt.Fprintf(s.out, "%d documents in %s: %d segments, %d flags\n", len(documents), c.Out, len(all.Segments), len(all.Flags))
	}
	return nil
}

// file is one document and where it is written.
type file struct {
	dir, name string
	text      []byte
}

// documentsOf returns the documents of a configuration, what others need first.
func documentsOf(all control.Configuration) ([]file, error) {
	var out []file
	var errs []error
	add := func(kind, dir, name, project string, spec any) {
		text, err := document(kind, name, project, spec)
		errs = append(errs, err)
		out = append(out, file{dir, name, text})
	}
	for _, x := range all.TagTypes {
		add("TagType", "tag-types", x.Name, "", x)
	}
	for _, x := range all.ContextFields {
		add("ContextField", "context-fields", x.Name, "", x)
	}
	for _, x := range all.Environments {
		add("Environment", "environments", x.Name, "", x)
	}
	for _, x := range all.Plans {
		text, err := planDocument(x)
		errs = append(errs, err)
		out = append(out, file{"plans", planName(x), text})
	}
	for _, x := range all.Projects {
		add("Project", "projects", x.Name, "", x)
	}
	for _, x := range all.Segments {
		add("Segment", "segments", x.Name, x.Project, x)
	}
	for _, x := range all.Flags {
		add("Flag", filepath.Join("flags", x.Project), x.Name, x.Project, x)
	}
	return out, errors.Join(errs...)
}

// writeFile writes one document below the directory. What is no letter of a
// file's name is escaped as in a URL.
func (c *exportCmd) writeFile(dir, name string, text []byte) error {
	dir = filepath.Join(c.Out, dir)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	file := filepath.Join(dir, url.PathEscape(name)+".yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	return nil
}

// configuration reads flags and segments of the server.
func (r remote) configuration(ctx context.Context, project string) (control.Configuration, error) {
	var out control.Configuration
	err := r.call(ctx, http.MethodGet, "/api/v1/configuration?project="+url.QueryEscape(project), nil, &out)
	return out, err
}

// document returns a spec as one YAML document, its fields in the order that
// the spec's type has them.
func document(kind, name, project string, spec any) ([]byte, error) {
	meta := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
	add(meta, "name", name)
	if project != "" {
		add(meta, "project", project)
	}
	root := &yaml.Node{Kind: yaml.MappingNode}
	add(root, "apiVersion", apiVersion)
	add(root, "kind", kind)
	root.Content = append(root.Content, text("metadata"), meta)

	raw, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("encoding %s %s: %w", kind, name, err)
	}
	var tree yaml.Node
	if err := yaml.Load(raw, &tree); err != nil {
		return nil, fmt.Errorf("encoding %s %s: %w", kind, name, err)
	}
	fields := tree.Content[0].Content
	for i := 0; i+1 < len(fields); i += 2 {
		if key := fields[i].Value; key != "name" && key != "project" {
			plain(fields[i])
			plain(fields[i+1])
			root.Content = append(root.Content, fields[i], fields[i+1])
		}
	}
	out, err := yaml.Dump(root, yaml.WithIndent(2))
	if err != nil {
		return nil, fmt.Errorf("encoding %s %s: %w", kind, name, err)
	}
	return out, nil
}

func add(mapping *yaml.Node, key, value string) {
	mapping.Content = append(mapping.Content, text(key), text(value))
}

func text(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
}

// plain takes JSON's quotes and braces from a tree; what needs quotes to stay
// text keeps them.
func plain(n *yaml.Node) {
	n.Style = 0
	for _, child := range n.Content {
		plain(child)
	}
}
