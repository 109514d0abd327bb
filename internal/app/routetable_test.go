package app_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// routeTable reads every route that a package registers from its source: the
// constant texts of the form "POST /path".
func routeTable(t *testing.T, dirs ...string) []string {
	t.Helper()
	var out []string
	for _, dir := range dirs {
		var files []*ast.File
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		check(t, err)
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			check(t, err)
			files = append(files, f)
		}
		if len(files) == 0 {
			t.Fatal(fs.ErrNotExist, dir)
		}
		out = append(out, routesOf(files)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

var routePattern = regexp.MustCompile(`^(GET|POST|PUT|PATCH|DELETE) /`)

func routesOf(files []*ast.File) []string {
	known := map[string]ast.Expr{}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok {
				for i, name := range v.Names {
					if i < len(v.Values) {
						known[name.Name] = v.Values[i]
					}
				}
			}
			return true
		})
	}
	var out []string
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			e, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			text, ok := constant(known, e, 0)
			if ok && routePattern.MatchString(text) {
				out = append(out, text)
			}
			return !ok
		})
	}
	return out
}

// constant returns the text of an expression that is made of texts.
func constant(known map[string]ast.Expr, e ast.Expr, depth int) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.Ident:
		if value := known[e.Name]; value != nil && depth < 8 {
			return constant(known, value, depth+1)
		}
	case *ast.BinaryExpr:
		x, ok := constant(known, e.X, depth)
		y, ok2 := constant(known, e.Y, depth)
		return x + y, ok && ok2 && e.Op == token.ADD
	}
	return "", false
}
