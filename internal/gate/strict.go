package gate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// decodeStrict decodes one JSON document into v, over what v holds already.
// Unknown keys and wrong types are errors that name the full path, which
// encoding/json alone does not give.
func decodeStrict(data []byte, v any) error { return decode(data, v, shape{strict: true}) }

// decodeOpen is decodeStrict, but forgives unknown keys.
func decodeOpen(data []byte, v any) error { return decode(data, v, shape{}) }

// decode checks the shape of the whole tree first, so that what
// encoding/json says of a leaf cannot hide where that leaf is.
func decode(data []byte, v any, s shape) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var tree any
	if err := dec.Decode(&tree); err != nil {
		return wrongField("", "not JSON: "+err.Error())
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return wrongField("", "more than one JSON document")
	}
	if _, ok := tree.(map[string]any); !ok {
		return wrongField("", "want an object, have "+describe(tree))
	}
	if err := s.check("", tree, reflect.TypeOf(v).Elem()); err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return wrongField("", err.Error())
	}
	return nil
}

// shape compares decoded JSON with the type that it is for.
type shape struct{ strict bool }

// check compares one value, and what is inside of it. null is absent.
func (s shape) check(path string, v any, t reflect.Type) error {
	if v == nil {
		return nil
	}
	if t == reflect.TypeFor[time.Time]() || t == reflect.TypeFor[Sketch]() {
		return checkLeaf(path, v, t)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.check(path, v, t.Elem())
	case reflect.Struct:
		return s.checkStruct(path, v, t)
	case reflect.Slice:
		items, ok := v.([]any)
		if !ok {
			return wrongField(path, "want a list, have "+describe(v))
		}
		for i, item := range items {
			if err := s.check(path+"["+strconv.Itoa(i)+"]", item, t.Elem()); err != nil {
				return err
			}
		}
		return nil
	case reflect.Map:
		return s.checkMap(path, v, t)
	case reflect.Interface:
		return nil
	default:
		return checkLeaf(path, v, t)
	}
}

// checkStruct compares an object with the fields that the type reads.
func (s shape) checkStruct(path string, v any, t reflect.Type) error {
	object, ok := v.(map[string]any)
	if !ok {
		return wrongField(path, "want an object, have "+describe(v))
	}
	fields := map[string]reflect.Type{}
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		fields[name] = field.Type
	}
	for _, key := range sortedKeys(object) {
		field, known := fields[key]
		switch {
		case !known && !s.strict:
			continue
		case !known:
			return wrongField(join(path, key), "unknown key; known are "+strings.Join(sortedKeys(fields), ", "))
		}
		if err := s.check(join(path, key), object[key], field); err != nil {
			return err
		}
	}
	return nil
}

// checkMap compares the values of an object whose keys are free.
func (s shape) checkMap(path string, v any, t reflect.Type) error {
	object, ok := v.(map[string]any)
	if !ok {
		return wrongField(path, "want an object, have "+describe(v))
	}
	for _, key := range sortedKeys(object) {
		if err := s.check(join(path, key), object[key], t.Elem()); err != nil {
			return err
		}
	}
	return nil
}

// checkLeaf lets the type itself read the value.
func checkLeaf(path string, v any, t reflect.Type) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return wrongField(path, err.Error())
	}
	err = json.Unmarshal(raw, reflect.New(t).Interface())
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*FieldError](err); ok {
		return wrongField(path, e.Msg)
	}
	return wrongField(path, fmt.Sprintf("want %s, have %s", kindName(t), describe(v)))
}

// kindName says in JSON's words what a Go type holds.
func kindName(t reflect.Type) string {
	if t == reflect.TypeFor[time.Time]() {
		return "a time, RFC 3339 with a zone"
	}
	if t == reflect.TypeFor[Sketch]() {
		return "a string"
	}
	switch t.Kind() {
	case reflect.Array:
		return "a list of numbers"
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	case reflect.Float64:
		return "a number"
	default:
		return "a whole number"
	}
}

// describe says what a value is, for an error.
func describe(v any) string {
	switch x := v.(type) {
	case nil:
		return "null"
	case string:
		return strconv.Quote(x)
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	default:
		return fmt.Sprint(x)
	}
}

// join returns the path of a key.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// sortedKeys returns the keys of a map in an order that does not change.
func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
