package feed

import (
	"slices"
	"strings"
)

// Scope is the part of an environment that a reader may see: the flags of its
// projects whose names have the prefix. The zero Scope sees nothing.
type Scope struct {
	All      bool     // every project; Projects is then ignored
	Projects []string // the projects seen, in any order
	Prefix   string   // of flag names, "" for all of them
}

// Covers reports whether a flag of a project is part of the scope.
func (s Scope) Covers(project, flag string) bool {
	return strings.HasPrefix(flag, s.Prefix) && (s.All || slices.Contains(s.Projects, project))
}

// normal returns the scope with its projects in order, each of them once.
func (s Scope) normal() Scope {
	if s.All {
		s.Projects = nil
		return s
	}
	s.Projects = slices.Compact(slices.Sorted(slices.Values(s.Projects)))
	return s
}

// key tells normal scopes apart. NUL is in no name of a project.
func (s Scope) key() string {
	if s.All {
		return "*\x00" + s.Prefix
	}
	return strings.Join(s.Projects, "\x00") + "\x00\x00" + s.Prefix
}
