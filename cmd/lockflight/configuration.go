package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// apiVersion is that of every document.
const apiVersion = "lockflight/v1"

// configuration is documents as they were read, for the server to check, and
// where each of them is from.
type configuration struct {
	lists map[string][]map[string]any // by what the API calls a list of the kind
	files map[string]string           // by place: flags[0], segments[2]
}

// MarshalJSON returns what the API takes.
func (c *configuration) MarshalJSON() ([]byte, error) { return json.Marshal(c.lists) }

// kinds are the kinds of document, by what the API calls a list of them.
var kinds = map[string]string{
	"TagType": "tagTypes", "ContextField": "contextFields", "Environment": "environments", "Project": "projects",
	"Segment": "segments", "Flag": "flags", releasePlan: "plans",
}

// releasePlan is a document that is kept as it is written.
const releasePlan = "ReleasePlan"

// elsewhere are the kinds of document that other commands read.
var elsewhere = []string{"GatePolicy", "Suite"}

// readConfiguration reads the documents of files, and of the YAML and JSON
// files below directories. All that is wrong is reported, as FILE: PATH: what.
func readConfiguration(paths []string) (*configuration, error) {
	out := &configuration{lists: map[string][]map[string]any{}, files: map[string]string{}}
	var errs []error
	for _, path := range paths {
		err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			ours := slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(file))
			if !d.IsDir() && (ours || file == path) {
				errs = append(errs, out.read(file))
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("reading the configuration: %w", err)
		}
	}
	return out, errors.Join(errs...)
}

// read adds the documents of one file.
func (c *configuration) read(file string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	var docs []map[string]any
	if err := yaml.Load(raw, &docs, yaml.WithAllDocuments()); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	var errs []error
	for _, doc := range docs {
		if doc == nil { // nothing between two ---
			continue
		}
		if err := c.add(file, doc); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", file, err))
		}
	}
	return errors.Join(errs...)
}

// add takes one document in.
func (c *configuration) add(file string, doc map[string]any) error {
	kind, _ := doc["kind"].(string)
	if doc["apiVersion"] != apiVersion {
		return fmt.Errorf("apiVersion: want %s", apiVersion)
	}
	if slices.Contains(elsewhere, kind) {
		return checkElsewhere(kind, doc)
	}
	list, known := kinds[kind]
	if !known {
		return fmt.Errorf("kind: want one of %v, not %q", slices.Sorted(maps.Keys(kinds)), kind)
	}
	metadata, ok := doc["metadata"].(map[string]any)
	if !ok {
		return errors.New("metadata: want a mapping with a name")
	}
	if kind == releasePlan {
		c.keep(file, list, doc)
		return checkPlan(doc)
	}
	own := []string{"name", "project"}
	for key := range metadata {
		if !slices.Contains(own, key) {
			return fmt.Errorf("metadata.%s: a %s has no such field", key, kind)
		}
	}
	for _, key := range own {
		if _, ok := doc[key]; ok {
			return fmt.Errorf("%s: belongs into metadata", key)
		}
		if value, ok := metadata[key]; ok {
			doc[key] = value
		}
	}
	for _, key := range []string{"apiVersion", "kind", "metadata"} {
		delete(doc, key)
	}
	c.keep(file, list, doc)
	return nil
}

func (c *configuration) keep(file, list string, doc map[string]any) {
	c.files[fmt.Sprintf("%s[%d]", list, len(c.lists[list]))] = file
	c.lists[list] = append(c.lists[list], doc)
}

// checkElsewhere says what is wrong with a policy that stands beside the
// configuration, before a release is started by it.
func checkElsewhere(kind string, doc map[string]any) error {
	if kind == "Suite" {
		return nil
	}
	return checkPlan(doc)
}

func checkPlan(doc map[string]any) error {
	raw, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	plan, err := gate.ParsePlan(raw)
	if err != nil {
		return err
	}
	return control.CheckRules(plan)
}

// locate says of an answer about a place in the configuration in which file
// that is, and where there.
func (c *configuration) locate(err error) error {
	p, ok := errors.AsType[*problem](err)
	if !ok {
		return err
	}
	place, path, _ := strings.Cut(p.Field, ".")
	file, ok := c.files[place]
	if !ok {
		return err
	}
	if path == "name" || path == "project" {
		path = "metadata." + path
	}
	what := strings.TrimPrefix(p.Detail, p.Field+": ")
	if path != "" {
		what = path + ": " + what
	}
	return fmt.Errorf("%s: %s", file, what)
}
