package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// names are what a server's ids and secrets are called in the script.
type names map[string]any

var reference = regexp.MustCompile(`\$\{([a-zA-Z0-9_-]+)\}`)

// fill puts the server's own values in place of ${name}, in text.
func (n names) fill(text string) string {
	return reference.ReplaceAllStringFunc(text, func(ref string) string {
		if value, bound := n[ref[2:len(ref)-1]]; bound {
			return fmt.Sprint(value)
		}
		return ref
	})
}

// fillAll does the same in a document. A text that is one reference becomes
// the value, of whatever type.
func (n names) fillAll(doc any) any {
	switch doc := doc.(type) {
	case string:
		if m := reference.FindStringSubmatch(doc); m != nil && m[0] == doc && n[m[1]] != nil {
			return n[m[1]]
		}
		return n.fill(doc)
	case map[string]any:
		out := make(map[string]any, len(doc))
		for key, value := range doc {
			out[n.fill(key)] = n.fillAll(value)
		}
		return out
	case []any:
		out := make([]any, len(doc))
		for i, value := range doc {
			out[i] = n.fillAll(value)
		}
		return out
	}
	return doc
}

var (
	uuidPattern = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	timePattern = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
)

// neutral returns an answer's text in the script's words.
func (n names) neutral(text string) string {
	for name, value := range n {
		if real, isText := value.(string); isText && real != "" {
			text = strings.ReplaceAll(text, real, "${"+name+"}")
		}
	}
	text = uuidPattern.ReplaceAllString(text, "<uuid>")
	return timePattern.ReplaceAllString(text, "<time>")
}

// neutralNumber returns the name of a number that is an id, by the key it is
// under, and other numbers as they are.
func (n names) neutralNumber(key string, x float64) any {
	if !strings.HasSuffix(strings.ToLower(key), "id") && key != "segments" {
		return x
	}
	for name, value := range n {
		if value == x {
			return "${" + name + "}"
		}
	}
	return x
}

var pathPart = regexp.MustCompile(`\.([^.\[\]]+)|\[(\d+)\]`)

// at returns the value at a path such as $.strategies[0].id.
func at(doc any, path string) (any, bool) {
	for _, m := range pathPart.FindAllStringSubmatch(strings.TrimPrefix(path, "$"), -1) {
		switch parent := doc.(type) {
		case map[string]any:
			value, found := parent[m[1]]
			if !found {
				return nil, false
			}
			doc = value
		case []any:
			i, err := strconv.Atoi(m[2])
			if err != nil || i >= len(parent) {
				return nil, false
			}
			doc = parent[i]
		default:
			return nil, false
		}
	}
	return doc, true
}
