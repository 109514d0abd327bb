package rewrite

import (
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
)

// folder makes the edits of one file in one round.
type folder struct {
	*evaluator
	*editor
	touched map[string]bool // functions that were changed, by name
	left    func(ast.Node, string)
	// implicit are the scopes of ifs, switches and loops, which are no blocks.
	implicit map[*types.Scope]bool
}

// run folds a whole file.
func (f *folder) run() {
	for _, d := range f.tree.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Body == nil {
				continue
			}
			before := len(f.edits)
			f.block(d.Body.List)
			if len(f.edits) > before {
				f.touched[declName(d)] = true
			}
		case *ast.GenDecl:
			f.declaration(d)
		}
	}
}

// declName names a function within its package.
func declName(d *ast.FuncDecl) string {
	if d.Recv != nil && len(d.Recv.List) == 1 {
		return types.ExprString(d.Recv.List[0].Type) + "." + d.Name.Name
	}
	return d.Name.Name
}

// known returns the value of an expression that follows from the flag.
func (f *folder) known(e ast.Expr) value {
	if e == nil {
		return value{}
	}
	if v := f.of(e); v.seeded {
		return v
	}
	return value{}
}

// literal returns what a value is in the source, "" for what has no literal.
func (v value) literal() string {
	switch v.kind {
	case truth:
		return strconv.FormatBool(v.on)
	case text:
		return strconv.Quote(v.name)
	case unknown, variant, handle:
	}
	return ""
}

// expr simplifies an expression and what is in it.
func (f *folder) expr(e ast.Expr) {
	if lit := f.known(e).literal(); lit != "" {
		f.replace(e.Pos(), e.End(), lit)
		return
	}
	switch e := e.(type) {
	case *ast.BinaryExpr:
		switch keep := f.remaining(e); keep {
		case e.X:
			f.remove(e.X.End(), e.End())
			f.expr(e.X)
			return
		case e.Y:
			f.remove(e.Pos(), e.Y.Pos())
			f.expr(e.Y)
			return
		}
	case *ast.ParenExpr:
		if x := f.reduce(e.X); x != e.X {
			if _, binary := x.(*ast.BinaryExpr); !binary && !hasLiteral(x) {
				f.remove(e.Lparen, e.X.Pos())
				f.remove(e.X.End(), e.End())
			}
		}
	}
	f.children(e)
}

// remaining returns the operand that && or || leaves, nil where both stay.
func (f *folder) remaining(e *ast.BinaryExpr) ast.Expr {
	if e.Op != token.LAND && e.Op != token.LOR {
		return nil
	}
	idle := e.Op == token.LAND // what does not decide
	if x := f.known(e.X); x.kind == truth && x.on == idle {
		return e.Y
	}
	if y := f.known(e.Y); y.kind == truth && y.on == idle {
		return e.X
	}
	return nil
}

// reduce follows remaining to what is left of an expression.
func (f *folder) reduce(e ast.Expr) ast.Expr {
	for {
		b, ok := e.(*ast.BinaryExpr)
		if !ok {
			return e
		}
		next := f.remaining(b)
		if next == nil {
			return e
		}
		e = next
	}
}

// children simplifies the expressions and statements directly within a node.
func (f *folder) children(n ast.Node) {
	ast.Inspect(n, func(c ast.Node) bool {
		switch c := c.(type) {
		case nil:
			return false
		case *ast.FuncLit:
			f.block(c.Body.List)
			return false
		case *ast.KeyValueExpr:
			if _, isField := c.Key.(*ast.Ident); !isField {
				f.expr(c.Key)
			}
			f.expr(c.Value)
			return false
		case *ast.SelectorExpr:
			if c != n && f.known(c).literal() == "" {
				f.expr(c.X)
				return false
			}
		case ast.Stmt:
			if c != n {
				f.stmt(c)
				return false
			}
		}
		if e, ok := c.(ast.Expr); ok && c != n {
			f.expr(e)
			return false
		}
		return true
	})
}

// block folds the statements of one block.
func (f *folder) block(list []ast.Stmt) {
	for i := range list {
		if f.stmtIn(list, i) {
			// What follows is never reached any more.
			f.removeRest(list[i+1:])
			return
		}
	}
}

// removeRest deletes the statements behind one, up to where something jumps.
func (f *folder) removeRest(rest []ast.Stmt) {
	for _, s := range rest {
		if _, ok := s.(*ast.LabeledStmt); ok {
			return
		}
		f.removeWithComments(s.Pos(), s.End())
	}
}

// stmtIn folds a statement of a block, and reports whether nothing behind it is
// reached because of that.
func (f *folder) stmtIn(list []ast.Stmt, i int) bool {
	if s, ok := list[i].(*ast.IfStmt); ok {
		return f.ifStmt(s, list, i)
	}
	if s, ok := list[i].(*ast.SwitchStmt); ok {
		return f.switchStmt(s, list, i)
	}
	f.stmt(list[i])
	return false
}

// stmt folds a statement that is not an if or a switch of a block.
func (f *folder) stmt(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.BlockStmt:
		f.block(s.List)
	case *ast.CaseClause:
		for _, e := range s.List {
			f.expr(e)
		}
		f.block(s.Body)
	case *ast.CommClause:
		if s.Comm != nil {
			f.stmt(s.Comm)
		}
		f.block(s.Body)
	case *ast.IfStmt:
		f.ifStmt(s, nil, 0)
	case *ast.SwitchStmt:
		f.switchStmt(s, nil, 0)
	case *ast.ForStmt:
		f.forStmt(s)
	case *ast.ExprStmt:
		if f.known(s.X).kind != unknown {
			f.removeWithComments(s.Pos(), s.End())
			return
		}
		f.expr(s.X)
	case *ast.AssignStmt:
		f.assign(s)
	case *ast.DeclStmt:
		if d, ok := s.Decl.(*ast.GenDecl); ok {
			f.declaration(d)
		}
	case *ast.LabeledStmt:
		f.labelled(s)
	default:
		f.children(s)
	}
}

// labelled folds what a label stands before, without taking the label away.
func (f *folder) labelled(s *ast.LabeledStmt) {
	switch s.Stmt.(type) {
	case *ast.IfStmt, *ast.ExprStmt, *ast.AssignStmt:
		f.children(s.Stmt)
	default:
		f.stmt(s.Stmt)
	}
}

// forStmt removes a loop that never runs. One that always does keeps its
// condition, as a literal.
func (f *folder) forStmt(s *ast.ForStmt) {
	if v := f.known(s.Cond); v.kind == truth {
		if !v.on && (s.Init == nil || f.pureNode(s.Init, 0)) {
			f.removeWithComments(s.Pos(), s.End())
			return
		}
		f.left(s, "the loop's condition is now constant")
	}
	f.children(s)
}

// assign removes what sets a variable that is known now.
func (f *folder) assign(s *ast.AssignStmt) {
	if len(s.Lhs) == 1 && len(s.Rhs) == 1 {
		id, _ := s.Lhs[0].(*ast.Ident)
		if id != nil && (id.Name == "_" && f.known(s.Rhs[0]).kind != unknown || f.isKnownVar(id)) {
			f.removeWithComments(s.Pos(), s.End())
			return
		}
	}
	for _, e := range s.Lhs {
		if _, ok := e.(*ast.Ident); !ok {
			f.expr(e)
		}
	}
	for _, e := range s.Rhs {
		f.expr(e)
	}
}

func (f *folder) isKnownVar(id *ast.Ident) bool {
	obj := f.info.Defs[id]
	if obj == nil {
		return false
	}
	_, ok := f.vars[obj]
	return ok
}

// declaration removes the variables of a declaration that are known now.

func (f *folder) declaration(d *ast.GenDecl) {
	var specs []*ast.ValueSpec
	for _, s := range d.Specs {
		v, ok := s.(*ast.ValueSpec)
		if ok && d.Tok == token.VAR && len(v.Names) == 1 && f.isKnownVar(v.Names[0]) {
			specs = append(specs, v)
			continue
		}
		if ok {
			for _, e := range v.Values {
				f.expr(e)
			}
		}
	}
	if len(specs) == len(d.Specs) && len(specs) > 0 {
		f.removeWithComments(d.Pos(), d.End())
		return
	}
	for _, s := range specs {
		f.removeWithComments(s.Pos(), s.End())
	}
}
