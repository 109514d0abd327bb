package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// schemas are those of Unleash's own /docs/openapi.json, by name.
type schemas map[string]struct {
	Required   []string                   `json:"required"`
	Properties map[string]json.RawMessage `json:"properties"`
}

func readSchemas(ctx context.Context, url string) (schemas, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/docs/openapi.json", http.NoBody)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var doc struct {
		Components struct {
			Schemas schemas `json:"schemas"`
		} `json:"components"`
	}
	return doc.Components.Schemas, json.NewDecoder(answer.Body).Decode(&doc)
}

// standIn is our answer as it is compared where Unleash documents a body and
// sends none: without it, if it is of the documented schema. Unleash's own MCP
// server reads that body, so that ours has it.
func (all schemas) standIn(s Step, theirs, ours Answer) Answer {
	body, isObject := ours.Body.(map[string]any)
	if theirs.Body != nil || theirs.Status != ours.Status || !isObject {
		return ours
	}
	schema, known := all[s.Documented]
	if !known {
		ours.Body = fmt.Sprintf("Unleash documents no schema %q", s.Documented)
		return ours
	}
	for _, name := range schema.Required {
		if _, has := body[name]; !has {
			ours.Body = fmt.Sprintf("without %q of %s", name, s.Documented)
			return ours
		}
	}
	for name := range body {
		if _, has := schema.Properties[name]; !has {
			ours.Body = fmt.Sprintf("%q is not of %s", name, s.Documented)
			return ours
		}
	}
	ours.Body, ours.Headers = nil, theirs.Headers
	return ours
}
