package rewrite

import (
	"go/ast"
	"go/token"
	"go/types"
)

// findVars finds the variables that are set once, to what follows from the flag.
func (v *evaluator) findVars() {
	set := v.settings()
	for changed := true; changed; {
		changed = false
		for obj, init := range set {
			if _, ok := v.vars[obj]; ok || init == nil {
				continue
			}
			if known := v.of(init); known.seeded && v.replaceable(obj, known) {
				v.vars[obj] = known
				changed = true
			}
		}
	}
}

// settings returns the variables of the unit with what sets them; nil for those
// that are set in any other way than once by their declaration.
func (v *evaluator) settings() map[types.Object]ast.Expr {
	set := make(map[types.Object]ast.Expr)
	spoil := func(e ast.Expr) {
		if id, ok := ast.Unparen(e).(*ast.Ident); ok {
			if obj := v.object(id); obj != nil {
				set[obj] = nil
			}
		}
	}
	declare := func(names, values []ast.Expr) {
		for i, n := range names {
			id, ok := n.(*ast.Ident)
			if !ok {
				continue
			}
			obj := v.info.Defs[id]
			if _, isVar := obj.(*types.Var); !isVar || len(names) != 1 || len(values) != 1 || v.exported(obj) {
				spoil(n)
				continue
			}
			if _, spoilt := set[obj]; !spoilt {
				set[obj] = values[i]
			}
		}
	}
	for _, f := range v.files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				if n.Tok == token.DEFINE {
					declare(n.Lhs, n.Rhs)
					break
				}
				for _, e := range n.Lhs {
					spoil(e)
				}
			case *ast.ValueSpec:
				names := make([]ast.Expr, len(n.Names))
				for i, id := range n.Names {
					names[i] = id
				}
				declare(names, n.Values)
			case *ast.IncDecStmt:
				spoil(n.X)
			case *ast.RangeStmt:
				spoil(n.Key)
				spoil(n.Value)
			case *ast.UnaryExpr:
				if n.Op == token.AND {
					spoil(n.X)
				}
			}
			return true
		})
	}
	return set
}

func (v *evaluator) object(id *ast.Ident) types.Object {
	if obj := v.info.Defs[id]; obj != nil {
		return obj
	}
	return v.info.Uses[id]
}

// exported reports whether other packages may see an object of this one.
func (v *evaluator) exported(obj types.Object) bool {
	return obj.Exported() && obj.Parent() == v.pkg.Scope()
}

// replaceable reports whether each use of a variable can be replaced by what it
// is: always where that has a literal, else where only its fields are read.
func (v *evaluator) replaceable(obj types.Object, known value) bool {
	if known.literal() != "" {
		return types.Identical(types.Default(obj.Type()), obj.Type())
	}
	ok := true
	for _, f := range v.files {
		var parents []ast.Node
		ast.Inspect(f, func(n ast.Node) bool {
			if n == nil {
				parents = parents[:len(parents)-1]
				return true
			}
			parents = append(parents, n)
			id, isIdent := n.(*ast.Ident)
			if !isIdent || v.info.Uses[id] != obj {
				return true
			}
			sel, isSel := parents[len(parents)-2].(*ast.SelectorExpr)
			switch {
			case !isSel:
			case known.kind == variant && (sel.Sel.Name == "Name" || sel.Sel.Name == "Enabled" || sel.Sel.Name == "FeatureEnabled"):
				return true
			case known.kind == handle && (sel.Sel.Name == "Bool" || sel.Sel.Name == "Variant"):
				return true
			}
			ok = false
			v.refused(n, "the variable is used for more than whether it is on")
			return true
		})
	}
	return ok
}
