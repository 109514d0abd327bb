package risk

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"iter"
	"path"
	"regexp"
	"strconv"
	"sync"
)

// goName finds the name in a line of Go that declares something exported.
var goName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:func\s+(?:\([^)]*\)\s*)?|type\s+|const\s+|var\s+|\t)([A-Z]\w*)`)
})

// Callers returns how many Go files of a module use an exported declaration that
// a diff removes or changes, from outside its package. Files are the module's, by
// their slash-separated path below its root. They are parsed, not type-checked: a
// file uses a declaration where it imports the package and selects the name. A
// file that does not parse uses nothing.
func Callers(diff, module string, files iter.Seq2[string, []byte]) int {
	changed := changedNames(diff, module)
	if len(changed) == 0 {
		return 0
	}
	n := 0
	for _, source := range files {
		if uses(source, changed) {
			n++
		}
	}
	return n
}

// changedNames returns the exported names that are removed or changed, by the
// import path of their package.
func changedNames(diff, module string) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	if len(diff) > MaxDiff {
		return out
	}
	for _, f := range read(parse(diff)).live {
		if f.kind != kindGo || f.class != Code {
			continue
		}
		added := f.declared('+')
		for _, l := range f.declared('-').lines {
			m := goName().FindStringSubmatch(l.raw)
			if m == nil || added.keys[squeeze(l.raw, isSpace)] {
				continue
			}
			pkg := path.Join(module, path.Dir(f.path))
			if out[pkg] == nil {
				out[pkg] = map[string]bool{}
			}
			out[pkg][m[1]] = true
		}
	}
	return out
}

// uses reports whether a file selects one of the names after importing its
// package.
func uses(source []byte, changed map[string]map[string]bool) bool {
	names := map[string]bool{}
	for pkg, of := range changed {
		if bytes.Contains(source, []byte(strconv.Quote(pkg))) {
			for name := range of {
				names[name] = true
			}
		}
	}
	if len(names) == 0 {
		return false
	}
	syntax, err := parser.ParseFile(token.NewFileSet(), "", source, parser.SkipObjectResolution)
	if err != nil {
		return false
	}
	found := false
	ast.Inspect(syntax, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && names[s.Sel.Name] {
			found = true
		}
		return !found
	})
	return found
}
