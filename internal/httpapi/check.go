package httpapi

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"

	"github.com/lockflight/lockflight/internal/control"
)

// maxDepth bounds how deep objects and lists may be nested. No document of the
// APIs goes beyond 8.
const maxDepth = 64

// checker compares a JSON text with the Go type that it is to be decoded into,
// because encoding/json names neither the path of an unknown key nor that of
// an element of a list.
type checker struct {
	data    []byte
	dec     *json.Decoder
	lenient bool
	fields  map[reflect.Type]map[string]reflect.Type
}

// check returns an Error of Kind Invalid for the first thing in data that does
// not fit the type that into points to.
func check(data []byte, into any, lenient bool) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return control.Invalidf("body", "must be a JSON object; it is empty")
	}
	c := &checker{data: data, dec: json.NewDecoder(bytes.NewReader(data)), lenient: lenient, fields: map[reflect.Type]map[string]reflect.Type{}}
	c.dec.UseNumber()
	if err := c.value("", reflect.TypeOf(into).Elem(), 0); err != nil {
		return err
	}
	if _, err := c.dec.Token(); !errors.Is(err, io.EOF) {
		return control.Invalidf("body", "must be one JSON value; something follows it")
	}
	return nil
}

// value reads the next value, which is to be a t, or anything where t is nil.
func (c *checker) value(path string, t reflect.Type, depth int) error {
	if depth > maxDepth {
		return control.Invalidf(where(path), "is nested deeper than %d levels", maxDepth)
	}
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t != nil && decodesItself(t) {
		return c.custom(path, t, depth)
	}
	token, err := c.token(path)
	if err != nil {
		return err
	}
	switch token {
	case nil:
		return nil
	case json.Delim('{'):
		return c.object(path, t, depth)
	case json.Delim('['):
		return c.list(path, t, depth)
	}
	return scalar(path, t, token)
}

// token reads the next token, or says at path that the text is no JSON.
func (c *checker) token(path string) (json.Token, error) {
	token, err := c.dec.Token()
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, control.Invalidf(where(path), "is not JSON: the text ends too early")
	case err != nil:
		return nil, control.Invalidf(where(path), "is not JSON: %v", err)
	}
	return token, nil
}

// object reads the members of an object that has been opened, up to its end. t
// is a struct, whose keys are known, a map, whose values are all alike, or nil.
func (c *checker) object(path string, t reflect.Type, depth int) error {
	var fields map[string]reflect.Type
	var element reflect.Type
	switch {
	case t == nil:
	case t.Kind() == reflect.Struct:
		fields = c.fieldsOf(t)
	case t.Kind() == reflect.Map:
		element = t.Elem()
	case t.Kind() != reflect.Interface:
		return mismatch(path, t, "an object")
	}
	seen := map[string]bool{}
	for c.dec.More() {
		token, err := c.token(path)
		if err != nil {
			return err
		}
		key, _ := token.(string)
		at := join(path, key)
		field, known := fields[key]
		switch {
		case fields == nil:
			field = element
		case !known && !c.lenient:
			return control.Invalidf(at, "is not known here%s", hint(fields, key))
		}
		if seen[key] {
			return control.Invalidf(at, "is there twice")
		}
		seen[key] = true
		if err := c.value(at, field, depth+1); err != nil {
			return err
		}
	}
	_, err := c.token(path)
	return err
}

// list reads the elements of a list that has been opened, up to its end.
func (c *checker) list(path string, t reflect.Type, depth int) error {
	var element reflect.Type
	switch {
	case t == nil:
	case t.Kind() == reflect.Slice, t.Kind() == reflect.Array:
		element = t.Elem()
	case t.Kind() != reflect.Interface:
		return mismatch(path, t, "a list")
	}
	for i := 0; c.dec.More(); i++ {
		if err := c.value(path+"["+strconv.Itoa(i)+"]", element, depth+1); err != nil {
			return err
		}
	}
	_, err := c.token(path)
	return err
}

// custom reads a value whose type has a decoder of its own, and asks that.
func (c *checker) custom(path string, t reflect.Type, depth int) error {
	start := c.dec.InputOffset()
	if err := c.value(path, nil, depth); err != nil {
		return err
	}
	raw := bytes.TrimLeft(c.data[start:c.dec.InputOffset()], " \t\r\n:,")
	if bytes.Equal(raw, []byte("null")) {
		return nil
	}
	if err := json.Unmarshal(raw, reflect.New(t).Interface()); err != nil {
		return control.Invalidf(where(path), "%v", err)
	}
	return nil
}

// fieldsOf returns the keys of a struct, those of embedded ones too.
func (c *checker) fieldsOf(t reflect.Type) map[string]reflect.Type {
	if known, ok := c.fields[t]; ok {
		return known
	}
	fields, depth := map[string]reflect.Type{}, map[string]int{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "-" || f.Anonymous && name == "" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		if d, taken := depth[name]; !taken || len(f.Index) < d { // the shallower hides the deeper, as in encoding/json
			fields[name], depth[name] = f.Type, len(f.Index)
		}
	}
	c.fields[t] = fields
	return fields
}

var (
	jsonDecoder = reflect.TypeFor[json.Unmarshaler]()
	textDecoder = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// decodesItself reports whether a type says by a method how it is read.
func decodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(jsonDecoder) || p.Implements(textDecoder)
}
