package archtest

import (
	"go/ast"
	"path"
	"slices"
	"strconv"
	"strings"
)

// testLibraries are the modules that test files of every package may import.
// Two of them are the peers that sdk/eval's own hash and version comparison
// are tested against.
var testLibraries = []string{
	"github.com/google/go-cmp",
	"github.com/rogpeppe/go-internal",
	"go.uber.org/goleak",
	"pgregory.net/rapid",
	"github.com/twmb/murmur3",
	"github.com/Masterminds/semver",
}

// impure are the packages of the standard library, with those below them, that
// reach outside the process.
var impure = []string{"database/sql", "log", "net/http", "net/rpc", "net/smtp", "os", "syscall"}

// clock are the functions of package time whose result is not decided by
// their arguments.
var clock = []string{
	"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker",
}

// rule returns the line of the table that a package falls under.
func (t Table) rule(pkg string) (Rule, bool) {
	if r, ok := t[pkg]; ok {
		return r, true
	}
	r, ok := t[path.Join(path.Dir(pkg), "*")]
	return r, ok
}

// check returns where the file breaks the rule of its package.
func (f *file) check(table Table) []Violation {
	rule, ok := table.rule(f.pkg)
	if !ok {
		return []Violation{{File: f.name, Msg: "package " + f.pkg + " is not in the table of internal/archtest"}}
	}
	var found []Violation
	for _, spec := range f.syntax.Imports {
		target, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			found = append(found, f.at(spec, "import path %s: %v", spec.Path.Value, err))
			continue
		}
		if why := f.forbids(table, rule, target); why != "" {
			found = append(found, f.at(spec, "%s imports %s: %s", f.pkg, strings.TrimPrefix(target, Module+"/"), why))
		}
		if spec.Name != nil && spec.Name.Name == "." {
			found = append(found, f.at(spec, "%s imports %s with a dot, which hides what it uses", f.pkg, target))
		}
		if target == "time" && rule.Class == Pure && !f.test() {
			found = append(found, f.clockUses(spec)...)
		}
	}
	return found
}

// forbids returns why the file may not import target, "" where it may.
func (f *file) forbids(table Table, rule Rule, target string) string {
	if target == "C" {
		return "the binary is static, without cgo"
	}
	if local, ok := below(target, Module); ok {
		return f.forbidsLocal(table, rule, local)
	}
	if first, _, _ := strings.Cut(target, "/"); !strings.Contains(first, ".") {
		return f.forbidsStd(rule, target)
	}
	if rule.Class == Open || f.test() && covers(testLibraries, target) || covers(rule.Modules, target) {
		return ""
	}
	if len(rule.Modules) == 0 {
		return "the package keeps to the standard library"
	}
	return "the package keeps to the standard library and " + strings.Join(rule.Modules, ", ")
}

func (f *file) forbidsLocal(table Table, rule Rule, target string) string {
	_, known := table.rule(target)
	switch {
	case slices.Contains(rule.Imports, target):
	case f.test() && target == "internal/store/storetest":
	case f.external() && known:
	default:
		return "the table of internal/archtest has no such edge"
	}
	return ""
}

func (f *file) forbidsStd(rule Rule, target string) string {
	if rule.Class != Pure || f.test() {
		return ""
	}
	if target == "net" || covers(impure, target) {
		return "the package is pure: no clock, no I/O, no log"
	}
	return ""
}

// clockUses returns the places where the file uses the clock, as a call or as a
// value, through the given import of package time.
func (f *file) clockUses(spec *ast.ImportSpec) []Violation {
	name := "time"
	if spec.Name != nil {
		name = spec.Name.Name
	}
	var found []Violation
	ast.Inspect(f.syntax, func(node ast.Node) bool {
		use, ok := node.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := use.X.(*ast.Ident); ok && x.Name == name && slices.Contains(clock, use.Sel.Name) {
			found = append(found, f.at(use, "%s uses time.%s: the package is pure, time is an argument", f.pkg, use.Sel.Name))
		}
		return true
	})
	return found
}

// below returns the part of target under root, and whether it is there; root
// itself is ".".
func below(target, root string) (string, bool) {
	if target == root {
		return ".", true
	}
	return strings.CutPrefix(target, root+"/")
}

// covers reports whether target is one of roots or below one.
func covers(roots []string, target string) bool {
	return slices.ContainsFunc(roots, func(root string) bool {
		_, ok := below(target, root)
		return ok
	})
}
