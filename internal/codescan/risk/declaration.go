package risk

import (
	"slices"
	"strings"
)

// kind is a family of languages that declare what others may use alike.
type kind uint8

const (
	kindNone kind = iota
	kindGo
	kindJS
	kindPython
	kindJava
	kindRust
	kindCSharp
	kindPHP
	kindRuby
	kindKotlin
	kindSwift
)

// kinds tells the kind by the extension of a path.
var kinds = map[string]kind{
	".go": kindGo,
	".ts": kindJS, ".tsx": kindJS, ".js": kindJS, ".jsx": kindJS, ".mjs": kindJS, ".cjs": kindJS, ".mts": kindJS,
	".vue": kindJS, ".svelte": kindJS,
	".py": kindPython, ".java": kindJava, ".rs": kindRust, ".cs": kindCSharp, ".php": kindPHP, ".rb": kindRuby,
	".kt": kindKotlin, ".kts": kindKotlin, ".swift": kindSwift,
}

var publicPatterns = [...]pattern{
	kindGo: publicGo, kindJS: publicJS, kindPython: publicPython, kindJava: publicJava, kindRust: publicRust,
	kindCSharp: publicCSharp, kindPHP: publicPHP, kindRuby: publicRuby, kindKotlin: publicKotlin, kindSwift: publicSwift,
}

// declares reports whether a line declares what others may use.
func (k kind) declares(l *line) bool {
	if k == kindGo && !mayDeclare(l.raw) {
		return false
	}
	if l.matches(publicPatterns[k], l.raw) && (k != kindJava || !l.matches(publicJavaTest, l.raw)) {
		return true
	}
	return k == kindJava && l.matches(publicJavaMember, l.raw)
}

// mayDeclare reports whether a line of Go begins as one that publicGo matches.
func mayDeclare(raw string) bool {
	first := strings.TrimPrefix(raw, "\t")
	if first == "" {
		return false
	}
	return first[0] >= 'A' && first[0] <= 'Z' || len(first) == len(raw) && strings.IndexByte("ftcv", first[0]) >= 0
}

// declarations gives points for what others use of the change: exported
// declarations, contracts, routes.
func (c *change) declarations() {
	gone, fresh := 0, 0
	var first Contribution
	for _, f := range c.live {
		if f.class == API {
			c.contract(f)
			continue
		}
		if f.kind == kindNone || f.ui && f.kind == kindJS {
			continue
		}
		removed, added := f.declared('-'), f.declared('+')
		for _, l := range removed.lines {
			key := squeeze(l.raw, isSpace)
			if added.keys[key] || c.moved[key] > 0 {
				continue
			}
			if gone++; gone == 1 {
				first = Contribution{Path: f.path, Line: l.place(), Why: strings.TrimSpace(l.source)}
			}
		}
		for key := range added.keys {
			if !removed.keys[key] {
				fresh++
			}
		}
	}
	if gone > 0 {
		c.at(min(12, 5+2*floorLog2(10, 1+gone)), "iface.public_changed", first.Path, first.Line,
			count(gone, "declaration")+", e.g. "+first.Why)
	}
	if fresh > 0 {
		c.add(min(5, 1+floorLog2(10, 1+fresh)), "iface.public_added", count(fresh, "declaration"))
	}
	c.routes()
}

// declared is what a file declares on one side, each once.
type declared struct {
	lines []*line
	keys  map[string]bool
}

func (f *file) declared(sign byte) declared {
	out := declared{keys: map[string]bool{}}
	for i := range f.hunks {
		for k := range f.hunks[i].lines {
			l := &f.hunks[i].lines[k]
			if l.sign != sign || !f.kind.declares(l) {
				continue
			}
			if key := squeeze(l.raw, isSpace); !out.keys[key] {
				out.keys[key] = true
				out.lines = append(out.lines, l)
			}
		}
	}
	return out
}

func (c *change) contract(f *file) {
	if len(f.del) > 0 {
		c.at(min(14, 6+2*len(f.del)), "iface.contract_changed", f.path, f.del[0].place(), f.del[0].text)
	} else {
		c.at(4, "iface.contract_added", f.path, f.add[0].place(), f.add[0].text)
	}
}

// routes gives points for the first route that is touched, more where what
// protects it is.
func (c *change) routes() {
	var plain *Contribution
	for _, f := range c.live {
		if f.class != Code || f.ui {
			continue
		}
		for _, l := range slices.Concat(f.add, f.del) {
			if !l.matches(route, l.text) {
				continue
			}
			if routeGuard.in(l.text) {
				c.at(20, "iface.route_protection", f.path, l.place(), l.text)
				return
			}
			if plain == nil {
				plain = &Contribution{Path: f.path, Line: l.place(), Why: l.text}
			}
		}
	}
	if plain != nil {
		c.at(8, "iface.route", plain.Path, plain.Line, plain.Why)
	}
}
