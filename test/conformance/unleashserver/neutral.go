package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// rules are what is not compared in full, whatever the request.
type rules struct {
	Volatile  []rule // compared by their type alone
	Ignored   []rule // not compared
	Unordered []rule // lists whose order says nothing
	Optional  []rule // of errors: may be missing on one side
}

// rule is a path, as in a Difference, or .. and the end of any path.
type rule struct{ Path, Why string }

func (r rule) covers(path string) bool {
	end, anywhere := strings.CutPrefix(r.Path, "..")
	return path == r.Path || anywhere && strings.HasSuffix(path, "."+end)
}

// neutralizer rewrites one body in the script's words.
type neutralizer struct {
	names  names
	rules  rules
	sort   map[string]string
	failed bool // the body is of an error
}

// value rewrites what is at a path, under a key of an object ("" at the root;
// that of the list within a list).
func (n neutralizer) value(path, key string, doc any) any {
	if doc != nil && n.volatile(path) {
		return "<" + typeOf(doc) + ">"
	}
	switch doc := doc.(type) {
	case string:
		return n.names.neutral(doc)
	case float64:
		return n.names.neutralNumber(key, doc)
	case map[string]any:
		out := make(map[string]any, len(doc))
		for name, value := range doc {
			name = n.names.neutral(name)
			if at := path + "." + name; !slices.ContainsFunc(n.rules.Ignored, func(r rule) bool { return r.covers(at) }) {
				out[name] = n.value(at, name, value)
			}
		}
		return out
	case []any:
		out := make([]any, len(doc))
		for i, value := range doc {
			out[i] = n.value(path+"[]", key, value)
		}
		if by, unordered := n.sort[path]; unordered {
			slices.SortStableFunc(out, func(a, b any) int { return cmp.Compare(sortKey(a, by), sortKey(b, by)) })
		} else if slices.ContainsFunc(n.rules.Unordered, func(r rule) bool { return r.covers(path) }) {
			slices.SortStableFunc(out, func(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
		return out
	}
	return doc
}

// sortKey is the text by which a list without an order is put into one: an
// item's value under a key, or the item itself.
func sortKey(item any, by string) string {
	if object, isObject := item.(map[string]any); isObject {
		return fmt.Sprint(object[by])
	}
	return fmt.Sprint(item)
}

// volatile reports whether the value at a path is compared by its type alone.
func (n neutralizer) volatile(path string) bool {
	if n.failed && (path == "$.message" || path == "$.details") {
		return true
	}
	return slices.ContainsFunc(n.rules.Volatile, func(r rule) bool { return r.covers(path) })
}

func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "boolean"
	case []any:
		return "array"
	}
	return "object"
}
