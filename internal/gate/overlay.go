package gate

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// overridden returns agent-default with a policy laid over it.
func overridden(raw json.RawMessage) (Policy, error) {
	var over any
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &over); err != nil {
			return Policy{}, wrongField("policy", err.Error())
		}
	}
	switch over := over.(type) {
	case nil:
		return DefaultPolicy(), nil
	case string:
		return resolvePolicy("policy", over)
	case map[string]any:
		return overlay(over)
	}
	return Policy{}, wrongField("policy", "want an object of overrides, or a name")
}

// overlay lays values over agent-default, by path, in the order of the paths.
func overlay(over map[string]any) (Policy, error) {
	base, err := json.Marshal(DefaultPolicy())
	if err != nil {
		return Policy{}, err
	}
	var tree map[string]any
	if err := json.Unmarshal(base, &tree); err != nil {
		return Policy{}, err
	}
	for _, path := range sortedKeys(over) {
		if err := setPath(tree, strings.Split(path, "."), over[path]); err != nil {
			return Policy{}, prefixed(path, err)
		}
	}
	raw, err := json.Marshal(tree)
	if err != nil {
		return Policy{}, err
	}
	return parsePolicy(raw)
}

// setPath sets the value at a path. An element of a list is named by its
// index or by its name; an object is laid over an object, key by key.
func setPath(node any, path []string, v any) error {
	switch node := node.(type) {
	case map[string]any:
		return setKey(node, path, v)
	case []any:
		return setElement(node, path, v)
	}
	return wrongField("", "no such path")
}

func setKey(node map[string]any, path []string, v any) error {
	child, known := node[path[0]]
	if len(path) > 1 {
		if !known {
			return wrongField("", "no such path")
		}
		return setPath(child, path[1:], v)
	}
	over, isObject := v.(map[string]any)
	into, wasObject := child.(map[string]any)
	if !isObject || !wasObject {
		node[path[0]] = v
		return nil
	}
	for _, key := range sortedKeys(over) {
		if err := setKey(into, []string{key}, over[key]); err != nil {
			return err
		}
	}
	return nil
}

func setElement(node []any, path []string, v any) error {
	i := slices.IndexFunc(node, func(item any) bool {
		object, ok := item.(map[string]any)
		return ok && object["name"] == path[0]
	})
	if n, err := strconv.Atoi(path[0]); err == nil {
		i = n
	}
	if i < 0 || i >= len(node) {
		return wrongField("", "no such element")
	}
	if len(path) == 1 {
		node[i] = v
		return nil
	}
	return setPath(node[i], path[1:], v)
}
