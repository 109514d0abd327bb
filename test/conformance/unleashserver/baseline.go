package main

import (
	"fmt"
	"regexp"
	"strings"
)

// mostGaps is how many differences may be excused.
const mostGaps = 40

// Gap is a difference that is meant.
type Gap struct {
	Request string
	Path    string
	Reason  string
}

// baseline is the gaps of baseline.yml, each with what it excused.
type baseline struct {
	gaps    []Gap
	excused map[[2]string]bool
}

// readBaseline returns the gaps of a file, which names only what may be there.
func readBaseline(file string, steps []Step) (*baseline, error) {
	b := &baseline{excused: map[[2]string]bool{}}
	if err := readYAML(file, &b.gaps); err != nil {
		return nil, err
	}
	if len(b.gaps) > mostGaps {
		return nil, fmt.Errorf("%s has %d entries, at most %d may be", file, len(b.gaps), mostGaps)
	}
	byName := map[string]Step{}
	for _, s := range steps {
		byName[s.Name] = s
	}
	for _, g := range b.gaps {
		s, known := byName[g.Request]
		_, twice := b.excused[[2]string{g.Request, g.Path}]
		switch {
		case !known:
			return nil, fmt.Errorf("%s: there is no request %q", file, g.Request)
		case g.Path == "" || g.Reason == "":
			return nil, fmt.Errorf("%s: %q needs a path and a reason", file, g.Request)
		case twice:
			return nil, fmt.Errorf("%s: %q has %s twice", file, g.Request, g.Path)
		case strict(s):
			return nil, fmt.Errorf("%s: %q has to agree in all of its answer", file, g.Request)
		}
		b.excused[[2]string{g.Request, g.Path}] = false
	}
	return b, nil
}

var written = regexp.MustCompile(`/(features|bulk_features|archive|revive|delete|stale|strategies|segments|api-tokens)(/|\?|$)`)

// strict reports whether no difference of a step may be excused: what SDKs
// read, and writes of flags, strategies, segments and tokens.
func strict(s Step) bool {
	path := s.Path()
	return strings.HasPrefix(path, "/api/client") || strings.HasPrefix(path, "/api/frontend") ||
		s.Method() != "GET" && written.MatchString(path)
}

// excuses reports whether a difference is in the baseline.
func (b *baseline) excuses(d Difference) bool {
	key := [2]string{d.Request, d.Path}
	if _, listed := b.excused[key]; !listed {
		return false
	}
	b.excused[key] = true
	return true
}

// stale returns the gaps that excused nothing.
func (b *baseline) stale() []Gap {
	var out []Gap
	for _, g := range b.gaps {
		if !b.excused[[2]string{g.Request, g.Path}] {
			out = append(out, g)
		}
	}
	return out
}
