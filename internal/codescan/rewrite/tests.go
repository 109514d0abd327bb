package rewrite

import (
	"go/ast"
	"strings"
)

// wrapMarker heads the tests that Wrap writes, which go with the flag.
const wrapMarker = "// Code for both sides of a flag, to be removed with it: "

const sdktestPath = clientPath + "/sdktest"

// tests folds what sets the flag in tests: an entry of the kept side goes, a
// test whose only entry is of the other side goes whole.
func (f *folder) tests() {
	for _, d := range f.tree.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			callee := f.callee(call)
			if callee == nil || callee.Pkg() == nil || callee.Pkg().Path() != sdktestPath {
				return true
			}
			if callee.Name() != "New" || len(call.Args) != 2 {
				if f.constant(call.Args[0]).name == f.key {
					f.left(call, "a test sets the flag")
				}
				return true
			}
			if set, ok := call.Args[1].(*ast.CompositeLit); ok {
				f.testFlags(fn, set)
			}
			return true
		})
	}
}

func (f *folder) testFlags(fn *ast.FuncDecl, set *ast.CompositeLit) {
	for _, e := range set.Elts {
		entry, ok := e.(*ast.KeyValueExpr)
		if !ok || f.constant(entry.Key).name != f.key {
			continue
		}
		v := f.constant(entry.Value)
		same := v.kind == truth && v.on == f.side.On || v.kind == text && v.name == f.side.Variant
		switch {
		case v.kind == unknown:
			f.left(entry, "a test sets the flag to what is not constant")
		case same:
			f.dropElement(set, entry)
		case len(set.Elts) == 1 && strings.HasPrefix(fn.Name.Name, "Test"):
			f.removeWithComments(fn.Pos(), fn.End())
		default:
			f.left(entry, "a test sets the flag to the side that goes")
		}
	}
}

// dropElement removes an element of a list, with its comma.
func (f *folder) dropElement(set *ast.CompositeLit, gone ast.Expr) {
	for i, e := range set.Elts {
		switch {
		case e != gone:
		case i+1 < len(set.Elts):
			f.remove(e.Pos(), set.Elts[i+1].Pos())
		case i > 0:
			f.remove(set.Elts[i-1].End(), e.End())
		default:
			f.remove(set.Lbrace+1, set.Rbrace)
		}
	}
}

// inAnyInterface reports whether a method may be called through an interface of
// its package.
func (f *folder) inAnyInterface(name string) bool {
	return (&sweeper{folder: f}).inInterface(name)
}
