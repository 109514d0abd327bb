package control

import (
	"fmt"
	"slices"
)

// hidden turns a denial into what is said of a thing that is not there, where p
// may read nothing in its project either: nobody learns what there is in a
// project that they may not see from the difference between 403 and 404
// (OWASP ASVS 5.0, 8.2). The denial is kept, and reaches the log.
func hidden(p Principal, project string, denial error, what, key string) error {
	if KindOf(denial) != Denied || p.readsOf(project) {
		return denial
	}
	return &Error{
		Kind: NotFound, Code: "not_found", Field: what, Msg: fmt.Sprintf("there is no %s %q", what, key), denial: denial,
	}
}

// readsOf tells whether p may read anything in a project.
func (p Principal) readsOf(project string) bool {
	return p.all(func(g Grant) bool {
		return g.has(PermRead) && covers(g.Projects, project) && !slices.Contains(g.Except, project)
	})
}

// mayOn is may for what has a name, such as a flag. Who may see nothing where
// it is is told that it is not there.
func (w *work) mayOn(at Scope, what, key string, perms ...Permission) error {
	return hidden(w.p, at.Project, w.may(at, perms...), what, key)
}

// sees returns nil where p may read in scope, and otherwise what mayOn does.
func (p Principal) sees(at Scope, what, key string) error {
	return hidden(p, at.Project, p.May(PermRead, at), what, key)
}
