package rewrite

import (
	"go/ast"
	"go/token"
)

// switchStmt folds a switch over the flag's variant, over the flag, or one of
// conditions of which some are known. It reports whether nothing behind it is
// reached.
func (f *folder) switchStmt(s *ast.SwitchStmt, list []ast.Stmt, i int) bool {
	if !f.droppable(s.Init) {
		f.children(s)
		return false
	}
	if s.Tag != nil {
		if tag := f.known(s.Tag); tag.kind == truth || tag.kind == text {
			return f.switchOn(s, tag, list, i)
		}
	} else if over, ok := f.switchConditions(s, list, i); ok {
		return over
	}
	if s.Init != nil {
		f.remove(s.Init.Pos(), s.Body.Lbrace)
		if s.Tag != nil {
			f.edits[len(f.edits)-1].end = f.offset(s.Tag.Pos())
		}
	}
	if s.Tag != nil {
		f.expr(s.Tag)
	}
	f.block(s.Body.List)
	return false
}

// switchOn keeps the case of a tag whose value is known.
func (f *folder) switchOn(s *ast.SwitchStmt, tag value, list []ast.Stmt, i int) bool {
	var kept, other *ast.CaseClause
	for _, c := range s.Body.List {
		clause, _ := c.(*ast.CaseClause)
		if clause == nil || falls(clause) {
			return f.leaveSwitch(s, "a case falls through")
		}
		if clause.List == nil {
			other = clause
		}
		for _, e := range clause.List {
			v := f.of(e)
			if v.kind != tag.kind {
				return f.leaveSwitch(s, "a case is not constant")
			}
			if kept == nil && v.on == tag.on && v.name == tag.name {
				kept = clause
			}
		}
	}
	if kept == nil {
		kept = other
	}
	return f.keepClause(s, kept, list, i)
}

// leaveSwitch simplifies what is in a switch that stays.
func (f *folder) leaveSwitch(s *ast.SwitchStmt, why string) bool {
	f.left(s, why)
	f.children(s)
	return false
}

// switchConditions folds a switch without a tag. ok is false where none of its
// conditions is known.
func (f *folder) switchConditions(s *ast.SwitchStmt, list []ast.Stmt, i int) (over, ok bool) {
	var open []*ast.CaseClause // cases before the first that is sure
	var dead []*ast.CaseClause
	var sure, other *ast.CaseClause
	found := false
	for _, c := range s.Body.List {
		clause, _ := c.(*ast.CaseClause)
		if clause == nil || falls(clause) {
			return false, false
		}
		if clause.List == nil {
			other = clause
			continue
		}
		on, known := f.anyOf(clause.List)
		found = found || known
		switch {
		case sure != nil, known && !on:
			dead = append(dead, clause)
		case known:
			sure = clause
		default:
			open = append(open, clause)
		}
	}
	if !found {
		return false, false
	}
	if len(open) == 0 {
		if sure == nil {
			sure = other
		}
		return f.keepClause(s, sure, list, i), true
	}
	if sure != nil {
		f.replace(sure.Case, sure.Colon, "default")
		if other != nil {
			dead = append(dead, other)
		}
		f.block(sure.Body)
	} else if other != nil {
		f.block(other.Body)
	}
	for _, c := range dead {
		f.removeClause(c)
	}
	for _, c := range open {
		f.stmt(c)
	}
	return false, true
}

// anyOf returns whether one of the conditions of a case is true, where that is
// known of all that decide.
func (f *folder) anyOf(list []ast.Expr) (on, known bool) {
	for _, e := range list {
		v := f.known(e)
		if v.kind != truth {
			return false, false
		}
		if v.on {
			return true, true
		}
	}
	return false, true
}

func (f *folder) removeClause(c *ast.CaseClause) { f.removeWithComments(c.Pos(), c.End()) }

// keepClause puts the body of one case in place of a switch. A body that breaks
// out stays in a switch of its own.
func (f *folder) keepClause(s *ast.SwitchStmt, c *ast.CaseClause, list []ast.Stmt, i int) bool {
	if c == nil {
		f.removeWithComments(s.Pos(), s.End())
		return false
	}
	body := c.Body
	if n := len(body); n > 0 && isBreak(body[n-1]) {
		f.removeLines(body[n-1].Pos(), body[n-1].End())
		body = body[:n-1]
	}
	f.block(body)
	if breaks(body) {
		f.replace(s.Pos(), s.Body.Lbrace, "switch ")
		f.removeLines(s.Body.Lbrace+1, c.Pos())
		f.replace(c.Case, c.Colon, "default")
		f.removeLines(c.End(), s.Body.Rbrace)
		return false
	}
	over := list != nil && terminates(body)
	if list == nil || f.clashes(f.info.Scopes[c], list[i+1:], over) {
		f.replace(s.Pos(), c.Colon+1, "{")
		f.replace(c.End(), s.End(), "\n}")
		return over
	}
	f.removeLines(s.Pos(), c.Colon+1)
	if len(c.Body) == 0 {
		f.removeLines(c.Colon+1, s.End())
	} else {
		f.removeLines(c.End(), s.End())
	}
	return over
}

func isBreak(s ast.Stmt) bool {
	b, ok := s.(*ast.BranchStmt)
	return ok && b.Tok == token.BREAK && b.Label == nil
}

// falls reports whether a case goes on with the next one.
func falls(c *ast.CaseClause) bool {
	if len(c.Body) == 0 {
		return false
	}
	b, ok := c.Body[len(c.Body)-1].(*ast.BranchStmt)
	return ok && b.Tok == token.FALLTHROUGH
}

// breaks reports whether statements break out of what is around them.
func breaks(list []ast.Stmt) bool {
	found := false
	for _, s := range list {
		ast.Inspect(s, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt, *ast.FuncLit:
				return false
			case *ast.BranchStmt:
				found = found || isBreak(n)
			}
			return !found
		})
	}
	return found
}
