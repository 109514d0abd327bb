package httpapi

import (
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// plain is a key that needs no quotes within a path.
var plain = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)

// join appends a key to a path: a.b, or a["b c"] where the key is not plain.
func join(path, key string) string {
	switch {
	case !plain.MatchString(key):
		return path + "[" + strconv.Quote(short(key)) + "]"
	case path == "":
		return key
	}
	return path + "." + key
}

// where names the whole body where the path is empty.
func where(path string) string {
	if path == "" {
		return "body"
	}
	return path
}

// short keeps what a client sends from filling logs and answers.
func short(s string) string {
	const most = 100
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "..."
	}
	return s
}

// hint names the key that was probably meant: the same in another case.
func hint(fields map[string]reflect.Type, key string) string {
	for known := range fields {
		if strings.EqualFold(known, key) {
			return "; use " + known
		}
	}
	return ""
}
