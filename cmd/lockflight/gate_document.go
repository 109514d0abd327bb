package main

import (
	"encoding/json"
	"fmt"
	"os"

	"go.yaml.in/yaml/v4"
)

// readDocument reads a file of one YAML or JSON document and returns it as
// JSON. The rest of the program knows JSON alone.
func readDocument(name string) (json.RawMessage, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if json.Valid(raw) {
		return raw, nil
	}
	var doc any
	if err := yaml.Load(raw, &doc); err != nil {
		return nil, fmt.Errorf("%s is neither YAML nor JSON: %w", name, err)
	}
	out, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("%s: %w\nhint: keys are strings and numbers are finite", name, err)
	}
	return out, nil
}
