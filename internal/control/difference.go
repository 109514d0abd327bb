package control

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
)

// Difference is one place in which two documents differ. Path names it as in
// strategies[str-01].parameters.rollout: the elements of a list go by their
// id or name where each has one of its own, by their index otherwise. Before
// or After is absent where only the other document has the place. A list with
// the same elements in another order differs as a whole.
type Difference struct {
	Path   string `json:"path"`
	Before any    `json:"before,omitempty"`
	After  any    `json:"after,omitempty"`
}

// Differences compares two values as their JSON, in the order of their paths'
// names. A nil stands for a document that is not there.
func Differences(before, after any) ([]Difference, error) {
	b, err := plain(before)
	if err != nil {
		return nil, err
	}
	a, err := plain(after)
	if err != nil {
		return nil, err
	}
	return compare(nil, "", b, a), nil
}

// plain returns v as what encoding/json reads into an any.
func plain(v any) (any, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding a %T: %w", v, err)
	}
	var out any
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, fmt.Errorf("decoding a %T: %w", v, err)
	}
	return out, nil
}

// compare appends the places below path in which before and after differ.
func compare(to []Difference, path string, before, after any) []Difference {
	if reflect.DeepEqual(before, after) {
		return to
	}
	switch b := before.(type) {
	case map[string]any:
		if a, ok := after.(map[string]any); ok {
			return compareKeys(to, path, b, a)
		}
	case []any:
		if a, ok := after.([]any); ok && (nested(b) || nested(a)) {
			return compareLists(to, path, b, a)
		}
	}
	return append(to, Difference{path, before, after})
}

func compareKeys(to []Difference, path string, before, after map[string]any) []Difference {
	keys := union(slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
	slices.Sort(keys)
	for _, key := range keys {
		at := key
		if path != "" {
			at = path + "." + key
		}
		to = compare(to, at, before[key], after[key])
	}
	return to
}

// compareLists compares lists of objects, element by element.
func compareLists(to []Difference, path string, before, after []any) []Difference {
	b, a := called(before), called(after)
	named := unique(b) && unique(a)
	if !named {
		b, a = indexes(before), indexes(after)
	}
	keys := union(b, a)
	if named && len(keys) == len(b) && len(b) == len(a) && !slices.Equal(b, a) {
		to = append(to, Difference{path, b, a})
	}
	for _, key := range keys {
		to = compare(to, path+"["+key+"]", element(before, b, key), element(after, a, key))
	}
	return to
}

// union returns a, and what b has besides.
func union[T comparable](a, b []T) []T {
	out := slices.Clone(a)
	for _, key := range b {
		if !slices.Contains(a, key) {
			out = append(out, key)
		}
	}
	return out
}

// element returns the element of a list that goes by key, nil where none does.
func element(list []any, keys []string, key string) any {
	if i := slices.Index(keys, key); i >= 0 {
		return list[i]
	}
	return nil
}

func indexes(list []any) []string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = strconv.Itoa(i)
	}
	return out
}

// called returns the ids or names of a list's elements, "" for one that has
// neither.
func called(list []any) []string {
	out := make([]string, len(list))
	for i, e := range list {
		object, _ := e.(map[string]any)
		for _, field := range []string{"id", "name"} {
			if object[field] != nil && out[i] == "" {
				out[i] = fmt.Sprint(object[field])
			}
		}
	}
	return out
}

// unique reports whether each name is there, and once only.
func unique(names []string) bool {
	sorted := slices.Sorted(slices.Values(names))
	return len(slices.Compact(sorted)) == len(names) && !slices.Contains(names, "")
}

// nested reports whether a list holds objects.
func nested(list []any) bool {
	return slices.ContainsFunc(list, func(e any) bool {
		_, ok := e.(map[string]any)
		return ok
	})
}
