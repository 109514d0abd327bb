package rewrite

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// sweeper removes from a file what nothing uses any more.
type sweeper struct {
	*folder
	used map[string]bool // package-level names that the code used before
}

// unusedLocals removes variables that the compiler calls unused, and imports.
func (s *sweeper) unusedLocals() {
	for _, e := range s.errs {
		if s.set.File(e.Pos) != s.file {
			continue
		}
		switch {
		case strings.HasPrefix(e.Msg, "label ") && strings.HasSuffix(e.Msg, "declared and not used"):
			s.unusedLabel(e.Pos)
		case strings.HasPrefix(e.Msg, "declared and not used"):
			s.unusedVar(e.Pos)
		case strings.HasSuffix(e.Msg, "imported and not used") || strings.Contains(e.Msg, "imported as") && strings.HasSuffix(e.Msg, "and not used"):
			s.unusedImport(e.Pos)
		}
	}
}

// path returns the nodes around a position, the file first.
func (s *sweeper) path(pos token.Pos) []ast.Node {
	var out []ast.Node
	ast.Inspect(s.tree, func(n ast.Node) bool {
		if n == nil || pos < n.Pos() || n.End() <= pos {
			return false
		}
		out = append(out, n)
		return true
	})
	return out
}

func (s *sweeper) unusedLabel(pos token.Pos) {
	for _, n := range s.path(pos) {
		if l, ok := n.(*ast.LabeledStmt); ok && l.Pos() == pos {
			s.removeLines(l.Pos(), l.Colon+1)
		}
	}
}

func (s *sweeper) unusedImport(pos token.Pos) {
	for _, n := range s.path(pos) {
		d, ok := n.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range d.Specs {
			switch {
			case pos < spec.Pos() || spec.End() <= pos:
			case len(d.Specs) == 1:
				s.removeLines(d.Pos(), d.End())
			default:
				s.removeWithComments(spec.Pos(), spec.End())
			}
		}
	}
}

// unusedVar removes the variable declared at pos and what sets it.
func (s *sweeper) unusedVar(pos token.Pos) {
	nodes := s.path(pos)
	if len(nodes) == 0 {
		return
	}
	id, ok := nodes[len(nodes)-1].(*ast.Ident)
	if !ok {
		return
	}
	obj := s.info.Defs[id]
	for i := len(nodes) - 1; i > 0; i-- {
		switch n := nodes[i].(type) {
		case *ast.AssignStmt:
			s.dropTarget(n, id, nodes[i-1])
		case *ast.RangeStmt:
			s.dropRange(n, id)
		case *ast.ValueSpec:
			if d, ok := nodes[i-1].(*ast.GenDecl); ok && len(n.Names) == 1 && len(d.Specs) == 1 {
				s.dropSpec(n, d)
			} else if len(n.Names) > 1 {
				s.replace(id.Pos(), id.End(), "_")
			} else {
				s.removeWithComments(n.Pos(), n.End())
			}
		case *ast.TypeSwitchStmt:
			if a, ok := n.Assign.(*ast.AssignStmt); ok {
				s.remove(a.Pos(), a.Rhs[0].Pos())
			}
		default:
			continue
		}
		break
	}
	s.dropSettings(obj)
}

// dropSpec removes var x = e, but for what e does.
func (s *sweeper) dropSpec(n *ast.ValueSpec, d *ast.GenDecl) {
	if len(n.Values) == 1 && !s.pure(n.Values[0]) {
		s.replace(d.Pos(), n.Values[0].Pos(), s.discard(n.Values[0]))
		return
	}
	s.removeWithComments(d.Pos(), d.End())
}

// discard is what has to stand before an expression as a statement.
func (s *sweeper) discard(e ast.Expr) string {
	if call, ok := e.(*ast.CallExpr); ok && !s.info.Types[call.Fun].IsBuiltin() && !s.info.Types[call.Fun].IsType() {
		return ""
	}
	return "_ = "
}

// dropTarget removes one name of an assignment, and the assignment where it
// was the last.
func (s *sweeper) dropTarget(n *ast.AssignStmt, id *ast.Ident, parent ast.Node) {
	if len(n.Lhs) > 1 {
		rest := 0
		for _, l := range n.Lhs {
			if other, ok := l.(*ast.Ident); !ok || other != id && other.Name != "_" {
				rest++
			}
		}
		switch {
		case rest > 0:
			s.replace(id.Pos(), id.End(), "_")
		case len(n.Rhs) == 1:
			s.remove(n.Pos(), n.Rhs[0].Pos())
		}
		return
	}
	switch {
	case !s.pure(n.Rhs[0]):
		s.replace(n.Pos(), n.Rhs[0].Pos(), s.discard(n.Rhs[0]))
	case isInit(parent, n):
		if cond := parent.(*ast.IfStmt).Cond; cond != nil { //nolint:errcheck // isInit has looked
			s.remove(n.Pos(), cond.Pos())
		}
	default:
		s.removeWithComments(n.Pos(), n.End())
	}
}

// isInit reports whether a statement is the first part of an if.
func isInit(parent ast.Node, n ast.Stmt) bool {
	i, ok := parent.(*ast.IfStmt)
	return ok && i.Init == n
}

func (s *sweeper) dropRange(n *ast.RangeStmt, id *ast.Ident) {
	switch n.Value {
	case ast.Expr(id):
		if key, ok := n.Key.(*ast.Ident); ok && key.Name == "_" {
			s.remove(n.Key.Pos(), n.Range)
			return
		}
		s.remove(n.Key.End(), n.Value.End())
	case nil:
		s.remove(n.Key.Pos(), n.Range)
	default:
		s.replace(id.Pos(), id.End(), "_")
	}
}

// dropSettings removes the statements that set a variable which nothing reads.
func (s *sweeper) dropSettings(obj types.Object) {
	ast.Inspect(s.tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, l := range n.Lhs {
				id, ok := l.(*ast.Ident)
				if ok && n.Tok == token.DEFINE && s.info.Uses[id] == obj {
					s.replace(id.Pos(), id.End(), "_")
					return false
				}
				if ok && s.info.Uses[id] == obj {
					s.dropTarget(n, id, nil)
					return false
				}
			}
		case *ast.IncDecStmt:
			if id, ok := n.X.(*ast.Ident); ok && s.info.Uses[id] == obj {
				s.removeWithComments(n.Pos(), n.End())
			}
		}
		return true
	})
}

// unusedNames removes functions, types, constants and variables of the package
// that the code used before and uses no more. inUse are those it uses.
func (s *sweeper) unusedNames(inUse map[types.Object]bool) {
	dead := func(id *ast.Ident) bool {
		obj := s.info.Defs[id]
		return obj != nil && !obj.Exported() && id.Name != "_" && id.Name != "init" && id.Name != "main" && !inUse[obj] && s.used[objectName(obj)]
	}
	for _, d := range s.tree.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if dead(d.Name) && (d.Recv == nil || !s.inInterface(d.Name.Name)) {
				s.removeWithComments(d.Pos(), d.End())
			}
		case *ast.GenDecl:
			s.unusedSpecs(d, dead)
		}
	}
}

func (s *sweeper) unusedSpecs(d *ast.GenDecl, dead func(*ast.Ident) bool) {
	var gone []ast.Spec
	for _, spec := range d.Specs {
		switch n := spec.(type) {
		case *ast.TypeSpec:
			if dead(n.Name) {
				gone = append(gone, n)
			}
		case *ast.ValueSpec:
			// A constant without a value repeats the one above it.
			if len(n.Names) == 1 && dead(n.Names[0]) && (d.Tok != token.CONST || !implicit(d)) && (len(n.Values) == 0 || s.pure(n.Values[0])) {
				gone = append(gone, n)
			}
		}
	}
	if len(gone) > 0 && len(gone) == len(d.Specs) {
		s.removeWithComments(d.Pos(), d.End())
		return
	}
	for _, g := range gone {
		s.removeWithComments(g.Pos(), g.End())
	}
}

// implicit reports whether constants of a declaration depend on their order.
func implicit(d *ast.GenDecl) bool {
	for _, spec := range d.Specs {
		v, ok := spec.(*ast.ValueSpec)
		if ok && len(v.Values) == 0 {
			return true
		}
		for _, e := range v.Values {
			if mentions(e, "iota") {
				return true
			}
		}
	}
	return false
}

// inInterface reports whether an interface of the package has a method of this
// name, so that something may call it unseen.
func (s *sweeper) inInterface(name string) bool {
	found := false
	for _, f := range s.files {
		ast.Inspect(f, func(n ast.Node) bool {
			if i, ok := n.(*ast.InterfaceType); ok {
				for _, m := range i.Methods.List {
					for _, id := range m.Names {
						found = found || id.Name == name
					}
				}
			}
			return !found
		})
	}
	return found
}

// objectName names a package-level object or a method over rounds.
func objectName(obj types.Object) string {
	if fn, ok := obj.(*types.Func); ok {
		return fn.FullName()
	}
	return obj.Name()
}

// uses returns the package-level objects and methods that a unit uses, but for
// a function's uses of itself.
func (u *unit) uses() map[types.Object]bool {
	out := make(map[types.Object]bool)
	for _, f := range u.files {
		for _, d := range f.Decls {
			var own types.Object
			if fn, ok := d.(*ast.FuncDecl); ok {
				own = u.info.Defs[fn.Name]
			}
			ast.Inspect(d, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok {
					if obj := u.info.Uses[id]; obj != nil && obj != own && obj.Pkg() == u.pkg {
						out[origin(obj)] = true
					}
				}
				return true
			})
		}
	}
	return out
}

// origin returns the declared object of an instance of a generic one.
func origin(obj types.Object) types.Object {
	switch o := obj.(type) {
	case *types.Func:
		return o.Origin()
	case *types.Var:
		return o.Origin()
	}
	return obj
}

// unreachable removes statements behind one that leaves its block.
func (s *sweeper) unreachable() {
	for _, d := range s.tree.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil || !s.touched[declName(fn)] {
			continue
		}
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			var list []ast.Stmt
			switch n := n.(type) {
			case *ast.BlockStmt:
				list = n.List
			case *ast.CaseClause:
				list = n.Body
			case *ast.CommClause:
				list = n.Body
			}
			for i := range list {
				if terminates(list[:i+1]) {
					s.removeRest(list[i+1:])
					break
				}
			}
			return true
		})
	}
}
