package rewrite

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// ifStmt folds an if. list and i say where it stands in a block; list is nil
// where it stands alone. It reports whether nothing behind it is reached.
func (f *folder) ifStmt(s *ast.IfStmt, list []ast.Stmt, i int) bool {
	cond := f.known(s.Cond)
	if cond.kind == truth && f.droppable(s.Init) {
		return f.choose(s, s.Pos(), cond.on, "", list, i)
	}
	if cond.kind == truth && list != nil {
		f.keepInit(s, cond.on)
		return false
	}
	if effect, on, ok := f.decided(s.Cond); ok && s.Init == nil && list != nil {
		return f.choose(s, s.Pos(), on, "_ = "+f.text(effect)+"\n", list, i)
	}
	f.condition(s)
	f.block(s.Body.List)
	f.elseOf(s)
	return false
}

// condition simplifies the condition of an if that stays, and takes the check
// out of its first part.
func (f *folder) condition(s *ast.IfStmt) {
	switch {
	case s.Init == nil:
	case f.droppable(s.Init):
		f.remove(s.Init.Pos(), s.Cond.Pos())
	default:
		f.children(s.Init)
	}
	before := len(f.edits)
	f.expr(s.Cond)
	if p, ok := s.Cond.(*ast.ParenExpr); ok && len(f.edits) > before && !hasLiteral(p) {
		f.remove(p.Lparen, p.X.Pos())
		f.remove(p.X.End(), p.End())
	}
}

// hasLiteral reports whether an expression needs its parentheses before a brace.
func hasLiteral(e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		_, ok := n.(*ast.CompositeLit)
		found = found || ok
		return !found
	})
	return found
}

// droppable reports whether the first part of an if or a switch goes with the
// flag: there is none, or it declares what is known now.
func (f *folder) droppable(init ast.Stmt) bool {
	if init == nil {
		return true
	}
	a, ok := init.(*ast.AssignStmt)
	if !ok || len(a.Lhs) != 1 || len(a.Rhs) != 1 {
		return false
	}
	id, ok := a.Lhs[0].(*ast.Ident)
	return ok && f.isKnownVar(id)
}

// decided returns the operand that has to run although the flag decides: e in
// e && F and e || T.
func (f *folder) decided(cond ast.Expr) (ast.Expr, bool, bool) {
	b, ok := ast.Unparen(cond).(*ast.BinaryExpr)
	if !ok || b.Op != token.LAND && b.Op != token.LOR {
		return nil, false, false
	}
	y := f.known(b.Y)
	if y.kind != truth || y.on != (b.Op == token.LOR) || f.seeds(b.X) {
		return nil, false, false
	}
	return b.X, y.on, true
}

// seeds reports whether an expression checks the flag.
func (f *folder) seeds(e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		if x, ok := n.(ast.Expr); ok && f.known(x).kind != unknown {
			found = true
		}
		return !found
	})
	return found
}

// choose keeps one branch of an if of a block and puts prefix before it.
func (f *folder) choose(s *ast.IfStmt, from token.Pos, on bool, prefix string, list []ast.Stmt, i int) bool {
	if on {
		return f.keepBlock(s.Body, from, s.End(), prefix, list, i)
	}
	switch e := s.Else.(type) {
	case nil:
		if prefix == "" {
			f.removeWithComments(from, s.End())
		} else {
			f.replace(from, s.End(), prefix[:len(prefix)-1])
		}
	case *ast.BlockStmt:
		return f.keepBlock(e, from, s.End(), prefix, list, i)
	case *ast.IfStmt:
		f.replace(from, e.Pos(), prefix)
		return f.ifStmt(e, list, i)
	}
	return false
}

// keepBlock puts the statements of a block in place of from to end, without
// its braces where its names do not clash with those around it.
func (f *folder) keepBlock(b *ast.BlockStmt, from, end token.Pos, prefix string, list []ast.Stmt, i int) bool {
	over := list != nil && terminates(b.List)
	f.block(b.List)
	if list == nil || f.clashes(f.info.Scopes[b], list[i+1:], over) {
		f.replace(from, b.Lbrace, prefix)
		f.remove(b.End(), end)
		return over
	}
	if len(b.List) == 0 && !f.hasComments(b) {
		if prefix == "" {
			f.removeLines(from, end)
		} else {
			f.replace(from, end, prefix[:len(prefix)-1])
		}
		return false
	}
	if prefix != "" {
		f.replace(from, b.Lbrace+1, f.unlessEnds(prefix, b.Lbrace+1))
	} else {
		f.removeLines(from, b.Lbrace+1)
	}
	f.removeLines(b.Rbrace, end)
	return over
}

// unlessEnds takes the end of the line off text where the source has one there.
func (f *folder) unlessEnds(text string, at token.Pos) string {
	if f.src[f.offset(at)] == '\n' {
		return strings.TrimSuffix(text, "\n")
	}
	return text
}

func (f *folder) hasComments(b *ast.BlockStmt) bool {
	for _, g := range f.tree.Comments {
		if b.Lbrace < g.Pos() && g.End() <= b.Rbrace {
			return true
		}
	}
	return false
}

// clashes reports whether the names that a block declares mean something else
// in the block around it, or behind it there.
func (f *folder) clashes(inner *types.Scope, rest []ast.Stmt, over bool) bool {
	if inner == nil {
		return false
	}
	outer := inner.Parent()
	for f.implicit[outer] {
		outer = outer.Parent()
	}
	for _, name := range inner.Names() {
		// What is declared behind a block that leaves goes.
		if obj := outer.Lookup(name); obj != nil && (!over || obj.Pos() < inner.Pos()) {
			return true
		}
		if !over && slices.ContainsFunc(rest, func(s ast.Stmt) bool { return mentions(s, name) }) {
			return true
		}
	}
	return false
}

func mentions(n ast.Node, name string) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.Name == name {
			found = true
		}
		return !found
	})
	return found
}

// keepInit turns an if with a first part that has to run into a block.
func (f *folder) keepInit(s *ast.IfStmt, on bool) {
	if a, ok := s.Init.(*ast.AssignStmt); ok && !on && s.Else == nil && f.pureAll(a.Rhs) && a.Tok == token.DEFINE {
		f.removeWithComments(s.Pos(), s.End())
		return
	}
	f.replace(s.Pos(), s.Init.Pos(), "{\n")
	f.children(s.Init)
	branch := ast.Stmt(s.Body)
	if !on {
		branch = s.Else
	}
	switch b := branch.(type) {
	case nil:
		f.replace(s.Init.End(), s.End(), "\n}")
	case *ast.BlockStmt:
		f.replace(s.Init.End(), b.Lbrace+1, f.unlessEnds("\n", b.Lbrace+1))
		f.remove(b.End(), s.End())
		f.block(b.List)
	case *ast.IfStmt:
		f.replace(s.Init.End(), b.Pos(), "\n")
		f.replace(b.End(), b.End(), "\n}")
		f.ifStmt(b, nil, 0)
	}
}

// elseOf folds what follows else.
func (f *folder) elseOf(s *ast.IfStmt) {
	switch e := s.Else.(type) {
	case *ast.BlockStmt:
		f.block(e.List)
	case *ast.IfStmt:
		cond := f.known(e.Cond)
		if cond.kind != truth || !f.droppable(e.Init) {
			f.condition(e)
			f.block(e.Body.List)
			f.elseOf(e)
			return
		}
		f.chooseElse(s, e, cond.on)
	}
}

// chooseElse folds `else if` whose condition is known.
func (f *folder) chooseElse(s, e *ast.IfStmt, on bool) {
	switch next := e.Else.(type) {
	case *ast.BlockStmt:
		if !on {
			f.remove(e.Pos(), next.Lbrace)
			f.block(next.List)
			return
		}
	case *ast.IfStmt:
		if !on {
			f.remove(e.Pos(), next.Pos())
			f.elseOf(&ast.IfStmt{If: e.If, Body: s.Body, Else: next})
			return
		}
	case nil:
		if !on {
			f.remove(s.Body.End(), e.End())
			return
		}
	}
	f.remove(e.Pos(), e.Body.Lbrace)
	f.remove(e.Body.End(), e.End())
	f.block(e.Body.List)
}

// terminates reports whether control does not leave a list of statements at
// its end, as go/types decides it, but for loops and selects.
func terminates(list []ast.Stmt) bool {
	if len(list) == 0 {
		return false
	}
	switch s := list[len(list)-1].(type) {
	case *ast.ReturnStmt, *ast.BranchStmt:
		b, ok := s.(*ast.BranchStmt)
		return !ok || b.Tok != token.FALLTHROUGH
	case *ast.ExprStmt:
		call, ok := s.X.(*ast.CallExpr)
		if !ok {
			return false
		}
		id, ok := call.Fun.(*ast.Ident)
		return ok && id.Name == "panic"
	case *ast.BlockStmt:
		return terminates(s.List)
	case *ast.IfStmt:
		switch e := s.Else.(type) {
		case *ast.BlockStmt:
			return terminates(s.Body.List) && terminates(e.List)
		case *ast.IfStmt:
			return terminates(s.Body.List) && terminates([]ast.Stmt{e})
		}
	case *ast.SwitchStmt:
		return terminatesSwitch(s)
	}
	return false
}

func terminatesSwitch(s *ast.SwitchStmt) bool {
	hasDefault := false
	for _, c := range s.Body.List {
		clause, ok := c.(*ast.CaseClause)
		if !ok || !terminates(clause.Body) || breaks(clause.Body) {
			return false
		}
		hasDefault = hasDefault || clause.List == nil
	}
	return hasDefault
}
