package unleash

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// patchOp is one operation of a JSON Patch (RFC 6902). There is no copy: a few
// dozen of them make a document of any size.
type patchOp struct {
	Op    string          `json:"op"`
	Path  string          `json:"path"`
	From  string          `json:"from"`
	Value json.RawMessage `json:"value"`
}

// maxPatch is the most operations of one patch.
const maxPatch = 1000

// patched returns doc as the JSON Patch in the request's body makes it: all of
// it or none. A path that doc's type does not have is Invalid.
func patched[T any](w http.ResponseWriter, r *http.Request, doc T) (T, error) {
	var out T
	var ops []patchOp
	if err := httpapi.AdminBody.Decode(w, r, &ops); err != nil {
		return out, err
	}
	if len(ops) > maxPatch {
		return out, control.Invalidf("body", "has %d operations: send at most %d", len(ops), maxPatch)
	}
	before, err := json.Marshal(doc)
	if err != nil {
		return out, err
	}
	var tree any
	if err := json.Unmarshal(before, &tree); err != nil {
		return out, err
	}
	for i, op := range ops {
		if tree, err = op.apply(tree); err != nil {
			return out, control.Invalidf("["+strconv.Itoa(i)+"]", "%s %s: %v", op.Op, op.Path, err)
		}
	}
	after, err := json.Marshal(tree)
	if err != nil {
		return out, err
	}
	return out, httpapi.AdminBody.Unmarshal(after, &out)
}

// apply carries out one operation on a tree, whose root it returns. The tree
// may be changed in place.
func (op patchOp) apply(tree any) (any, error) {
	switch op.Op {
	case "add", "replace", "test":
		var value any
		if err := json.Unmarshal(op.Value, &value); err != nil {
			return nil, control.Errorf(control.Invalid, "invalid", "needs a value")
		}
		if op.Op != "test" {
			return edit(tree, steps(op.Path), op.Op, value)
		}
		if at, err := lookUp(tree, steps(op.Path)); err != nil || !reflect.DeepEqual(at, value) {
			return nil, control.Errorf(control.Invalid, "invalid", "is not what is there")
		}
		return tree, nil
	case "remove":
		return edit(tree, steps(op.Path), op.Op, nil)
	case "move":
		value, err := lookUp(tree, steps(op.From))
		if err != nil {
			return nil, err
		}
		if tree, err = edit(tree, steps(op.From), "remove", nil); err != nil {
			return nil, err
		}
		return edit(tree, steps(op.Path), "add", value)
	}
	return nil, control.Errorf(control.Invalid, "invalid", "is not done here: use add, remove, replace, move or test")
}

// steps splits a JSON Pointer (RFC 6901).
func steps(pointer string) []string {
	if pointer == "" {
		return nil
	}
	parts := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, part := range parts {
		parts[i] = strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
	}
	return parts
}

var errNoSuchPath = control.Errorf(control.Invalid, "invalid", "there is nothing at that path")

func lookUp(tree any, path []string) (any, error) {
	for _, step := range path {
		switch at := tree.(type) {
		case map[string]any:
			next, ok := at[step]
			if !ok {
				return nil, errNoSuchPath
			}
			tree = next
		case []any:
			i, err := place(step, len(at)-1)
			if err != nil {
				return nil, err
			}
			tree = at[i]
		default:
			return nil, errNoSuchPath
		}
	}
	return tree, nil
}

// edit adds, replaces or removes what is at path and returns the tree.
func edit(tree any, path []string, op string, value any) (any, error) {
	if len(path) == 0 {
		return value, nil
	}
	step, rest := path[0], path[1:]
	switch at := tree.(type) {
	case map[string]any:
		return editMember(at, step, rest, op, value)
	case []any:
		return editElement(at, step, rest, op, value)
	}
	return nil, errNoSuchPath
}

func editMember(at map[string]any, key string, rest []string, op string, value any) (any, error) {
	old, ok := at[key]
	switch {
	case len(rest) > 0 && ok:
		next, err := edit(old, rest, op, value)
		at[key] = next
		return at, err
	case len(rest) > 0, op == "remove" && !ok:
		return nil, errNoSuchPath
	case op == "remove":
		delete(at, key)
	default: // what is not known is refused when the tree is read
		at[key] = value
	}
	return at, nil
}

func editElement(at []any, step string, rest []string, op string, value any) (any, error) {
	last := len(at) - 1
	if len(rest) == 0 && op == "add" {
		if step == "-" {
			return append(at, value), nil
		}
		last++
	}
	i, err := place(step, last)
	if err != nil {
		return nil, err
	}
	switch {
	case len(rest) > 0:
		at[i], err = edit(at[i], rest, op, value)
		return at, err
	case op == "add":
		return slices.Insert(at, i, value), nil
	case op == "remove":
		return slices.Delete(at, i, i+1), nil
	}
	at[i] = value
	return at, nil
}

// place reads the index of an element, 0 to last.
func place(step string, last int) (int, error) {
	i, err := strconv.Atoi(step)
	if err != nil || i < 0 || i > last {
		return 0, errNoSuchPath
	}
	return i, nil
}
