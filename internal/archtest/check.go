package archtest

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Violation is one place where a tree breaks its table.
type Violation struct {
	File string // slash-separated, below the root
	Line int    // from 1; 0 where the whole file is meant
	Msg  string
}

// String returns the violation as compilers print errors.
func (v Violation) String() string {
	if v.Line == 0 {
		return fmt.Sprintf("%s: %s", v.File, v.Msg)
	}
	return fmt.Sprintf("%s:%d: %s", v.File, v.Line, v.Msg)
}

// Check reads every Go file of the module rooted at tree and returns where it
// breaks the table, sorted by file and line. Nested modules, testdata and
// directories that the go command ignores are not read; files of every build
// tag are.
//
// Production files keep to their package's Rule. Test files inside the package
// may add storetest and the libraries for tests, and use the clock. Files of
// an external test package (package x_test) may import any package of the
// table, since a test of an adapter against a real store is better than one
// against a mock, and nothing can come to depend on it.
//
// The error is one of reading or parsing.
func Check(tree fs.FS, table Table) ([]Violation, error) {
	var found []Violation
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && ignored(tree, name):
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		f, err := parse(tree, name)
		if err != nil {
			return err
		}
		found = append(found, f.check(table)...)
		return nil
	})
	slices.SortStableFunc(found, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return found, err
}

// ignored reports whether the directory is none of the module's.
func ignored(tree fs.FS, dir string) bool {
	if dir == "." {
		return false
	}
	base := path.Base(dir)
	if base == "testdata" || base == "vendor" || base == "node_modules" || base[0] == '.' || base[0] == '_' {
		return true
	}
	_, err := fs.Stat(tree, path.Join(dir, "go.mod"))
	return err == nil
}

// file is one parsed Go file.
type file struct {
	name   string
	pkg    string // the directory, as the table names it
	syntax *ast.File
	set    *token.FileSet
}

func parse(tree fs.FS, name string) (*file, error) {
	src, err := fs.ReadFile(tree, name)
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	syntax, err := parser.ParseFile(set, name, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return &file{name: name, pkg: path.Dir(name), syntax: syntax, set: set}, nil
}

// test reports whether the go command compiles the file for tests only.
func (f *file) test() bool { return strings.HasSuffix(f.name, "_test.go") }

// external reports whether the file is of a test package beside its package.
func (f *file) external() bool {
	return f.test() && strings.HasSuffix(f.syntax.Name.Name, "_test")
}

// at makes a violation at a node.
func (f *file) at(node ast.Node, format string, args ...any) Violation {
	return Violation{File: f.name, Line: f.set.Position(node.Pos()).Line, Msg: fmt.Sprintf(format, args...)}
}
