package native

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lockflight/lockflight/internal/control"
)

// Page says which part of a list is wanted. It is exported for huma, which sets
// it through reflection.
type Page struct {
	Cursor string `query:"cursor" doc:"the next of the page before; the first page where absent"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

// Next leads to the page after one.
type Next struct {
	Next string `json:"next,omitempty" doc:"give it as ?cursor= for the next page; absent on the last"`
}

// pager cuts lists of one kind into pages. A cursor holds the key of the last
// element that was given, so that elements which are made or removed meanwhile
// neither repeat nor hide another.
type pager[T any] struct {
	list      string // its name, which cursors of other lists do not have
	key       func(T) string
	backwards bool // from the greatest key down
}

func (pg pager[T]) compare(a, b string) int {
	if pg.backwards {
		a, b = b, a
	}
	return cmp.Compare(a, b)
}

// cut returns the page of all that is wanted.
func (pg pager[T]) cut(in Page, all []T) ([]T, Next, error) {
	slices.SortStableFunc(all, func(a, b T) int { return pg.compare(pg.key(a), pg.key(b)) })
	after, resumed, err := resume(in, pg.list)
	if err != nil {
		return nil, Next{}, err
	}
	from := 0
	if resumed {
		from = len(all)
		if i := slices.IndexFunc(all, func(x T) bool { return pg.compare(pg.key(x), after) > 0 }); i >= 0 {
			from = i
		}
	}
	to := min(from+in.Limit, len(all))
	part := append([]T{}, all[from:to]...) // a list, and never null
	if to == len(all) {
		return part, Next{}, nil
	}
	return part, nextAfter(pg.list, pg.key(all[to-1])), nil
}

// nextAfter leads to what comes after a key in a list.
func nextAfter(list, key string) Next {
	return Next{base64.RawURLEncoding.EncodeToString([]byte(list + "\x00" + key))}
}

// resume returns the key after which a page begins, false for the first one.
func resume(in Page, list string) (after string, resumed bool, err error) {
	if in.Cursor == "" {
		return "", false, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(in.Cursor)
	name, key, ok := strings.Cut(string(raw), "\x00")
	if err != nil || !ok || name != list {
		return "", false, wrongCursor()
	}
	return key, true, nil
}

// resumeAt is resume for a list whose keys are numbers.
func resumeAt(in Page, list string) (after int64, resumed bool, err error) {
	key, resumed, err := resume(in, list)
	if err != nil || !resumed {
		return 0, false, err
	}
	if after, err = strconv.ParseInt(key, 10, 64); err != nil || after < 0 {
		return 0, false, wrongCursor()
	}
	return after, true, nil
}

func wrongCursor() error {
	return control.Invalidf("cursor", "is not the next of a page of this list")
}

// sortable is a number as a text that sorts as it does.
func sortable(n int64) string { return fmt.Sprintf("%020d", uint64(n)^1<<63) } //nolint:gosec // flips the sign, so that negative numbers come first
