package worktree

import (
	"bytes"

	"github.com/rogpeppe/go-internal/diff"
)

// Patch returns what changed in one file as a unified diff that git apply
// takes. before is nil for a new file, after for one that is deleted.
func Patch(name string, before, after []byte) string {
	old, now := "a/"+name, "b/"+name
	if before == nil {
		old = "/dev/null"
	}
	if after == nil {
		now = "/dev/null"
	}
	_, text, _ := bytes.Cut(diff.Diff(old, before, now, after), []byte("\n")) // its own header is none of git's
	return string(text)
}
