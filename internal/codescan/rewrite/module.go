package rewrite

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"slices"
	"strings"
)

// Module is the Go code to change, with what its types need.
type Module struct {
	Packages []Package
	// Files are the sources by path, those of all Packages.
	Files map[string][]byte
	// Export opens the compiler's export data of an imported package.
	Export func(path string) (io.ReadCloser, error)
}

// Package is what the compiler takes together: a package, with its tests where
// it has any, or an external test package.
type Package struct {
	Path      string            // the import path, as go list prints it
	Files     []string          // in Module.Files
	ImportMap map[string]string // imports in the source that mean another path
	GoVersion string            // "go1.26"; empty for the newest
}

// unit is a package that has been type-checked.
type unit struct {
	Package
	set   *token.FileSet
	files []*ast.File // beside Package.Files
	info  *types.Info
	pkg   *types.Package
	errs  []types.Error
}

// loader type-checks packages against export data that it reads once.
type loader struct {
	module *Module
	set    *token.FileSet
	data   types.Importer
}

func newLoader(m *Module) *loader {
	set := token.NewFileSet()
	return &loader{module: m, set: set, data: importer.ForCompiler(set, "gc", m.Export)}
}

// Import resolves what one package imports.
type mapped struct {
	data types.Importer
	to   map[string]string
}

func (m mapped) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	if to, ok := m.to[path]; ok {
		path = to
	}
	return m.data.Import(path)
}

// check parses and type-checks a package. Errors of types are in the unit; the
// error is of a file that does not parse.
func (l *loader) check(p Package, files map[string][]byte) (*unit, error) {
	u := &unit{Package: p, set: l.set, info: &types.Info{
		Types: make(map[ast.Expr]types.TypeAndValue), Defs: make(map[*ast.Ident]types.Object), Uses: make(map[*ast.Ident]types.Object),
		Selections: make(map[*ast.SelectorExpr]*types.Selection), Scopes: make(map[ast.Node]*types.Scope), Implicits: make(map[ast.Node]types.Object),
	}}
	u.Files = nil
	for _, name := range p.Files {
		src, ok := files[name]
		if !ok {
			continue // deleted
		}
		f, err := parser.ParseFile(l.set, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("parsing %s: %w", name, err)
		}
		u.files = append(u.files, f)
		u.Files = append(u.Files, name)
	}
	path, _, _ := strings.Cut(p.Path, " ")
	config := types.Config{
		Importer: mapped{l.data, p.ImportMap}, GoVersion: p.GoVersion,
		Error: func(err error) {
			if e, ok := err.(types.Error); ok { //nolint:errorlint // go/types promises this type, unwrapped
				u.errs = append(u.errs, e)
			}
		},
	}
	u.pkg, _ = config.Check(path, l.set, u.files, u.info) // errors are in u.errs
	return u, nil
}

// problems returns the messages of type errors, sorted.
func (u *unit) problems() []string {
	var out []string
	for _, e := range u.errs {
		out = append(out, e.Msg)
	}
	slices.Sort(out)
	return out
}

// position returns the file and the line of a node.
func (u *unit) position(pos token.Pos) token.Position { return u.set.Position(pos) }
