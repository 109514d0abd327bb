package httpapi

import (
	"encoding/json"
	"reflect"
	"strconv"

	"github.com/lockflight/lockflight/internal/control"
)

// scalar compares a text, number or truth value with its type.
func scalar(path string, t reflect.Type, token json.Token) error {
	if t == nil || t.Kind() == reflect.Interface {
		return nil
	}
	switch token := token.(type) {
	case string:
		if t.Kind() != reflect.String {
			return mismatch(path, t, "a text")
		}
	case bool:
		if t.Kind() != reflect.Bool {
			return mismatch(path, t, "true or false")
		}
	case json.Number:
		return number(path, t, token)
	}
	return nil
}

// number compares a number with its type, the range included. encoding/json
// takes no fraction and no exponent for a whole number, and neither is one here.
func number(path string, t reflect.Type, n json.Number) error {
	var err error
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		_, err = strconv.ParseInt(n.String(), 10, t.Bits())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		_, err = strconv.ParseUint(n.String(), 10, t.Bits())
	case reflect.Float32, reflect.Float64:
		_, err = strconv.ParseFloat(n.String(), t.Bits())
	default:
		return mismatch(path, t, "a number")
	}
	if err != nil {
		return control.Invalidf(where(path), "must be %s; %s is not, or is out of range", name(t), short(n.String()))
	}
	return nil
}

// mismatch says what should be at path, in words rather than Go types.
func mismatch(path string, t reflect.Type, got string) error {
	return control.Invalidf(where(path), "must be %s, not %s", name(t), got)
}

// name says in words what a type wants.
func name(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number of 0 or more"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "a list"
	default: // a struct or a map: what JSON has no form for is in no body
		return "an object"
	}
}
