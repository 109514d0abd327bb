package store

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/lockflight/lockflight/internal/control"
)

// fail turns an engine's error into a control.Error. An error that is one
// already passes through.
func fail(d dialect, err error, doing string) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*control.Error](err); ok {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return interrupted(err, doing)
	}
	f := d.classify(err)
	return &control.Error{Kind: f.kind, Code: f.code, Msg: doing, Err: err}
}

// interrupted says that the caller's context ended first.
func interrupted(err error, doing string) error {
	return &control.Error{Kind: control.Unavailable, Code: "interrupted", Msg: doing, Err: err}
}

// storable reports whether both engines can keep s as TEXT. PostgreSQL takes
// neither NUL nor bytes that are not UTF-8, so nothing under such a name
// exists, on SQLite either.
func storable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}

// checkText refuses the first of pairs of (field, value) that is not storable.
func checkText(pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		if !storable(pairs[i+1]) {
			return control.Invalidf(pairs[i], "must be UTF-8 without NUL")
		}
	}
	return nil
}
