package edge

import (
	"slices"
	"strings"

	"github.com/lockflight/lockflight/internal/control"
)

// scope is what a token reads: some projects of one environment. Tokens of the
// same scope share what is followed for it.
type scope struct {
	Environment string   `json:"environment"`
	Projects    []string `json:"projects"` // in order, each once; control.All alone for every project
}

func scopeOf(t control.Token) scope {
	projects := slices.Compact(slices.Sorted(slices.Values(t.Projects)))
	if slices.Contains(projects, control.All) {
		projects = []string{control.All}
	}
	return scope{t.Environment, projects}
}

// key tells scopes apart. Neither names of environments nor of projects have a
// space.
func (s scope) key() string { return s.Environment + " " + strings.Join(s.Projects, " ") }

// covers reports whether all that another scope reads is part of s.
func (s scope) covers(other scope) bool {
	if s.Environment != other.Environment {
		return false
	}
	if slices.Contains(s.Projects, control.All) {
		return true
	}
	return !slices.ContainsFunc(other.Projects, func(p string) bool { return !slices.Contains(s.Projects, p) })
}
