package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Difference is one place in which two answers to one request differ.
type Difference struct {
	Request string // the step's name
	Path    string // $.features[].name, "status", or "header ETag"
	What    string // of theirs and ours
}

// compare returns the differences, each path once: [] stands for every index.
func compare(step string, r rules, theirs, ours Answer) []Difference {
	d := differ{step: step, seen: map[string]bool{}}
	if theirs.Status >= 400 {
		d.optional = r.Optional
	}
	if theirs.Status != ours.Status {
		d.add("status", "%d, ours %d: %s", theirs.Status, ours.Status, show(ours.Body))
		return d.found
	}
	for _, key := range slices.Sorted(maps.Keys(union(theirs.Headers, ours.Headers))) {
		if key == "Content-Type" && theirs.Body == nil && theirs.Status >= 400 {
			continue
		}
		if theirs.Headers[key] != ours.Headers[key] {
			d.add("header "+key, "%q, ours %q", theirs.Headers[key], ours.Headers[key])
		}
	}
	if theirs.Status < 400 || theirs.Body != nil { // ours says what is wrong
		d.value("$", theirs.Body, ours.Body)
	}
	for _, name := range slices.Sorted(maps.Keys(union(theirs.bound, ours.bound))) {
		_, here := ours.bound[name]
		if _, there := theirs.bound[name]; !here || !there {
			d.add("bind "+name, "found there: %t, here: %t", there, here)
		}
	}
	return d.found
}

type differ struct {
	step     string
	optional []rule
	seen     map[string]bool
	found    []Difference
}

func (d *differ) add(path, format string, args ...any) {
	if !d.seen[path] {
		d.seen[path] = true
		d.found = append(d.found, Difference{Request: d.step, Path: path, What: fmt.Sprintf(format, args...)})
	}
}

func (d *differ) value(path string, theirs, ours any) {
	switch there := theirs.(type) {
	case map[string]any:
		if here, same := ours.(map[string]any); same {
			d.object(path, there, here)
			return
		}
	case []any:
		if here, same := ours.([]any); same {
			d.list(path, there, here)
			return
		}
	}
	if theirs != ours && (typeOf(theirs) != typeOf(ours) || !isTree(theirs)) {
		d.add(path, "%s, ours %s", show(theirs), show(ours))
	}
}

func isTree(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}

func (d *differ) object(path string, theirs, ours map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(union(theirs, ours))) {
		there, inTheirs := theirs[key]
		here, inOurs := ours[key]
		switch at := path + "." + key; {
		case inTheirs != inOurs && slices.ContainsFunc(d.optional, func(r rule) bool { return r.covers(at) }):
		case !inOurs:
			d.add(at, "%s, ours has none", show(there))
		case !inTheirs:
			d.add(at, "none, ours %s", show(here))
		default:
			d.value(at, there, here)
		}
	}
}

func (d *differ) list(path string, theirs, ours []any) {
	if len(theirs) != len(ours) {
		d.add(path, "%d items, ours %d: %s, ours %s", len(theirs), len(ours), show(theirs), show(ours))
		return
	}
	for i := range theirs {
		d.value(path+"[]", theirs[i], ours[i])
	}
}

func union[V any](a, b map[string]V) map[string]V {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]V{}
	}
	maps.Copy(all, b)
	return all
}

// show prints a value on one line, cut where it is long.
func show(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	const most = 300
	return cmp.Or(string(text[:min(len(text), most)]), "nothing")
}
