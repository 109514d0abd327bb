package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Step is one request and what is known of its answer.
type Step struct {
	Name    string            // unique
	Send    string            // method and path; one without a leading slash is below /api/admin/
	As      string            // admin (the default), backend, frontend, none, or a token
	Headers map[string]string // beside Authorization and Content-Type
	Body    any               // sent as JSON
	Raw     string            // sent as it is, in place of Body
	Want    int               // the status that Unleash answers

	Bind       map[string]string // name: path in the answer, from then on ${name}
	Sort       map[string]string // path of a list without an order: the key to sort it by
	Eventually bool              // the answer follows earlier writes with a delay
	Documented string            // schema that Unleash documents for the answer, and leaves empty
}

// Method returns the request's.
func (s Step) Method() string {
	method, _, _ := strings.Cut(s.Send, " ")
	return method
}

// Path returns the request's, with its query.
func (s Step) Path() string {
	_, path, _ := strings.Cut(s.Send, " ")
	if !strings.HasPrefix(path, "/") {
		return "/api/admin/" + path
	}
	return path
}

func (s Step) check() error {
	switch method, path, found := strings.Cut(s.Send, " "); {
	case s.Name == "":
		return errors.New("a step has no name")
	case !found || method != strings.ToUpper(method) || path == "":
		return fmt.Errorf("%s: send is %q, want METHOD PATH", s.Name, s.Send)
	case s.Want < 200 || s.Want > 599:
		return fmt.Errorf("%s: want is %d, not a status", s.Name, s.Want)
	case s.Body != nil && s.Raw != "":
		return fmt.Errorf("%s: has both body and raw", s.Name)
	}
	return nil
}

// readScript returns the steps of all files in dir, in the order of their names.
func readScript(dir string) ([]Step, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.yml"))
	if err != nil {
		return nil, err
	}
	var all []Step
	known := map[string]bool{}
	for _, file := range files {
		var steps []Step
		if err := readYAML(file, &steps); err != nil {
			return nil, err
		}
		for _, s := range steps {
			if err := s.check(); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			if known[s.Name] {
				return nil, fmt.Errorf("%s: two steps are called %q", file, s.Name)
			}
			known[s.Name] = true
			all = append(all, s)
		}
	}
	return all, nil
}

// readYAML reads a file that has no other keys than into's.
func readYAML(file string, into any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := yaml.Load(text, into, yaml.WithKnownFields()); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
