package rewrite

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// purePackages have functions that do nothing but return a value.
var purePackages = []string{"strings", "strconv", "bytes", "path", "unicode", "math", "cmp", "errors"}

// pureFunctions do too, in packages of which others do more.
var pureFunctions = []string{
	"fmt.Sprint", "fmt.Sprintf", "fmt.Sprintln", "(*net/http.Request).Context", "(net/http.Header).Get", "(net/http.Header).Values",
	"(context.Context).Value", "context.Background", "context.TODO", "(net/url.Values).Get", "(*net/url.URL).Query", "(time.Time).String", "time.Now",
	"(*net/http.Request).UserAgent", "(*net/http.Request).PathValue",
}

// pure reports whether an expression can be dropped: it calls nothing that may
// do something, receives nothing, and cannot panic but by a nil pointer.
func (v *evaluator) pure(e ast.Expr) bool { return v.pureNode(e, 0) }

// pureDepth bounds how far functions are followed.
const pureDepth = 3

func (v *evaluator) pureNode(n ast.Node, depth int) bool {
	if n == nil {
		return true
	}
	ok := true
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false // a value, not called here
		case *ast.CallExpr:
			ok = ok && v.pureCall(n, depth)
		case *ast.UnaryExpr:
			ok = ok && n.Op != token.ARROW
		case *ast.BinaryExpr:
			if n.Op == token.QUO || n.Op == token.REM {
				tv := v.info.Types[n.Y]
				basic, _ := tv.Type.(*types.Basic)
				ok = ok && (tv.Value != nil || basic != nil && basic.Info()&types.IsFloat != 0)
			}
		case *ast.IndexExpr:
			if tv, known := v.info.Types[n.X]; known && tv.IsValue() {
				_, isMap := tv.Type.Underlying().(*types.Map)
				ok = ok && isMap
			}
		case *ast.TypeAssertExpr, *ast.SliceExpr, *ast.StarExpr:
			ok = false
		}
		return ok
	})
	return ok
}

func (v *evaluator) pureCall(e *ast.CallExpr, depth int) bool {
	tv := v.info.Types[e.Fun]
	if tv.IsType() {
		return true // a conversion
	}
	if tv.IsBuiltin() {
		id, _ := ast.Unparen(e.Fun).(*ast.Ident)
		return id != nil && slices.Contains([]string{"len", "cap", "new", "min", "max", "real", "imag", "complex", "append"}, id.Name)
	}
	fn := v.callee(e)
	if fn == nil || fn.Pkg() == nil {
		return false
	}
	if _, ok := v.wrappers[fn.FullName()]; ok || v.checks(e, fn) {
		return true
	}
	if slices.Contains(purePackages, fn.Pkg().Path()) && fn.Signature().Recv() == nil || slices.Contains(pureFunctions, fn.FullName()) {
		return true
	}
	decl := v.pureFns[fn]
	return depth < pureDepth && decl != nil && v.pureBody(decl, depth+1)
}

// checks reports whether a call is the check of any flag. Those are counted,
// which is no effect that code has.
func (v *evaluator) checks(e *ast.CallExpr, fn *types.Func) bool {
	if fn.Pkg() == nil {
		return false
	}
	path := fn.Pkg().Path()
	return path == clientPath && slices.Contains([]string{"Bool", "Variant", "Flag"}, fn.Name()) ||
		strings.HasPrefix(path, unleashPath) && (fn.Name() == "IsEnabled" || fn.Name() == "GetVariant") || v.accessor(fn) && len(e.Args) > 0
}

// pureBody reports whether a function of the unit does nothing but return
// values: no statement but declarations, ifs and returns of what is pure.
func (v *evaluator) pureBody(decl *ast.FuncDecl, depth int) bool {
	if decl.Body == nil {
		return false
	}
	ok := true
	ast.Inspect(decl.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BlockStmt, *ast.IfStmt, *ast.DeclStmt:
		case *ast.ReturnStmt:
			for _, r := range n.Results {
				ok = ok && v.pureNode(r, depth)
			}
			return false
		case *ast.AssignStmt:
			for _, r := range n.Rhs {
				ok = ok && v.pureNode(r, depth)
			}
			ok = ok && n.Tok == token.DEFINE
			return false
		case ast.Stmt:
			ok = false
		case ast.Expr:
			ok = ok && v.pureNode(n, depth)
			return false
		}
		return ok
	})
	return ok
}
