package wiretest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// names replaces what is different in each run, by what is not: <kind-N> in
// the order of first appearance.
type names struct {
	known []string // pairs of real and stable
	count map[string]int
}

var volatile = regexp.MustCompile(
	`(str-)[0-9a-z]{18}|(rel-)[0-9a-z]{18}|(lnk-)[0-9a-z]{18}|(tok_)[0-9a-f]{20}|([0-9a-f]{56})|([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})|("[0-9a-f]{24}")`)

var kinds = []string{"", "strategy", "release", "link", "token", "secret", "uuid", "etag"}

func (n *names) stable(text string) string {
	return volatile.ReplaceAllStringFunc(text, func(real string) string {
		if i := slices.Index(n.known, real); i >= 0 {
			return n.known[i+1]
		}
		groups := volatile.FindStringSubmatch(real)
		kind := kinds[slices.IndexFunc(groups[1:], func(g string) bool { return g != "" })+1]
		if n.count == nil {
			n.count = map[string]int{}
		}
		n.count[kind]++
		name := fmt.Sprintf("<%s-%d>", kind, n.count[kind])
		n.known = append(n.known, real, name)
		return name
	})
}

func (n *names) real(text string) string {
	for i := 0; i < len(n.known); i += 2 {
		text = strings.ReplaceAll(text, n.known[i+1], n.known[i])
	}
	return text
}
