package policy

import (
	"fmt"
	"slices"

	"cel.dev/cel-go/common/ast"
)

// fields are what a condition may ask of each variable that has some.
var fields = map[string][]string{
	"actor":  {"kind", "id", "on_behalf_of", "tier"},
	"env":    {"name", "class"},
	"change": {"reduces_exposure", "increases_exposure"},
}

// known finds fields that do not exist, which at run time would deny everything.
func known(root ast.Expr) error {
	var fault error
	ast.PreOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.SelectKind || e.AsSelect().Operand().Kind() != ast.IdentKind || fault != nil {
			return
		}
		of, name := e.AsSelect().Operand().AsIdent(), e.AsSelect().FieldName()
		if all, ok := fields[of]; ok && !slices.Contains(all, name) {
			fault = fmt.Errorf("%s has no %q; it has %v", of, name, all)
		}
	}))
	return fault
}
