package rewrite

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// Disabled is the name of the variant that a flag has that is off.
const Disabled = "disabled"

// Side is what a settled flag yields from now on.
type Side struct {
	On bool
	// Variant is the name of the variant that is kept; empty where only on or
	// off is known, which for off is Disabled.
	Variant string
}

// value is what an expression is known to be. The zero value is unknown.
type value struct {
	kind   valueKind
	on     bool   // of truth
	name   string // of text and variant
	seeded bool   // follows from the flag
}

type valueKind int

const (
	unknown valueKind = iota
	truth             // a bool
	text              // a string
	variant           // what Variant returns
	handle            // what Flag returns
)

// evaluator knows what the flag yields in one unit.
type evaluator struct {
	*unit
	key      string
	side     Side
	vars     map[types.Object]value
	wrappers map[string]bool               // functions that are known to return this, by their full names
	refused  func(ast.Node, string) bool   // reports a check that stays
	pureFns  map[*types.Func]*ast.FuncDecl // the unit's functions
}

// Of returns the value of an expression, provided that it can be dropped without
// losing what it does.
func (v *evaluator) of(e ast.Expr) value {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return v.of(e.X)
	case *ast.Ident:
		if obj := v.info.Uses[e]; obj != nil {
			if known, ok := v.vars[obj]; ok {
				return known
			}
		}
	case *ast.UnaryExpr:
		if x := v.of(e.X); e.Op == token.NOT && x.kind == truth {
			x.on = !x.on
			return x
		}
	case *ast.BinaryExpr:
		return v.binary(e)
	case *ast.SelectorExpr:
		return v.member(e)
	case *ast.CallExpr:
		return v.call(e)
	}
	return v.constant(e)
}

// constant returns the value of a constant expression, which does not follow
// from the flag.
func (v *evaluator) constant(e ast.Expr) value {
	tv, ok := v.info.Types[e]
	if !ok || tv.Value == nil {
		return value{}
	}
	switch tv.Value.Kind() {
	case constant.Bool:
		return value{kind: truth, on: constant.BoolVal(tv.Value)}
	case constant.String:
		return value{kind: text, name: constant.StringVal(tv.Value)}
	case constant.Unknown, constant.Int, constant.Float, constant.Complex:
	}
	return value{}
}

func (v *evaluator) binary(e *ast.BinaryExpr) value {
	x, y := v.of(e.X), v.of(e.Y)
	seeded := x.seeded || y.seeded
	known := func(on bool) value { return value{kind: truth, on: on, seeded: seeded} }
	switch e.Op {
	case token.LAND, token.LOR:
		decides := e.Op == token.LOR // what one side has to be to decide both
		switch {
		case x.kind == truth && x.on == decides && x.seeded:
			return known(decides)
		case y.kind == truth && y.on == decides && y.seeded && v.pure(e.X):
			return known(decides)
		case x.kind == truth && y.kind == truth:
			return known(x.on && y.on || decides && (x.on || y.on))
		}
	case token.EQL, token.NEQ:
		switch {
		case x.kind == truth && y.kind == truth:
			return known((x.on == y.on) == (e.Op == token.EQL))
		case x.kind == text && y.kind == text:
			return known((x.name == y.name) == (e.Op == token.EQL))
		}
	default:
	}
	return value{}
}

// member returns the value of a field of a variant.
func (v *evaluator) member(e *ast.SelectorExpr) value {
	if x := v.of(e.X); x.kind == variant {
		switch e.Sel.Name {
		case "Name":
			return value{kind: text, name: x.name, seeded: true}
		case "Enabled":
			return value{kind: truth, on: v.side.On && x.name != Disabled, seeded: true}
		case "FeatureEnabled":
			return value{kind: truth, on: v.side.On, seeded: true}
		}
	}
	if obj := v.info.Uses[e.Sel]; obj != nil {
		if known, ok := v.vars[obj]; ok && v.info.Selections[e] == nil {
			return known
		}
	}
	return v.constant(e)
}

// call returns what a check of the flag yields, or a function that is known to.
func (v *evaluator) call(e *ast.CallExpr) value {
	fn := v.callee(e)
	if fn == nil {
		return v.constant(e)
	}
	if on, ok := v.wrappers[fn.FullName()]; ok {
		if v.pureAll(e.Args) && v.pureReceiver(e) {
			return value{kind: truth, on: on, seeded: true}
		}
		return value{}
	}
	kind := v.check(e, fn)
	if kind == unknown {
		return value{}
	}
	switch {
	case !v.pureAll(e.Args) || !v.pureReceiver(e):
		v.refused(e, "its arguments call functions that may do more than make a context")
		return value{}
	case kind == variant && v.side.On && v.side.Variant == "":
		v.refused(e, "it asks for a variant: name the one to keep")
		return value{}
	case v.refused(e, ""):
		return value{}
	}
	known := value{kind: kind, on: v.side.On, seeded: true}
	if known.name = v.side.Variant; !v.side.On {
		known.name = Disabled
	}
	if kind == truth {
		known.name = ""
	}
	return known
}

// callee returns the function or method that a call is of.
func (v *evaluator) callee(e *ast.CallExpr) *types.Func {
	fun := ast.Unparen(e.Fun)
	var id *ast.Ident
	switch f := fun.(type) {
	case *ast.Ident:
		id = f
	case *ast.SelectorExpr:
		id = f.Sel
	default:
		return nil
	}
	fn, _ := v.info.Uses[id].(*types.Func)
	return fn
}

// The packages whose functions check flags.
const (
	clientPath  = "github.com/lockflight/lockflight/sdk"
	unleashPath = "github.com/Unleash/unleash-"
)

// check returns what kind of check of the flag a call is, by its types:
// Client.Bool("x", ...), Client.Flag("x").Bool(...), Unleash's IsEnabled("x"),
// and accessors as `lockflight generate go` writes them.
func (v *evaluator) check(e *ast.CallExpr, fn *types.Func) valueKind {
	kinds := map[string]valueKind{"Bool": truth, "Variant": variant, "Flag": handle, "IsEnabled": truth, "GetVariant": variant}
	kind := kinds[fn.Name()]
	if kind == unknown || fn.Pkg() == nil {
		return unknown
	}
	path := fn.Pkg().Path()
	sel, _ := ast.Unparen(e.Fun).(*ast.SelectorExpr)
	switch {
	case path == clientPath && receiver(fn) == "Handle":
		if sel == nil || v.of(sel.X).kind != handle {
			return unknown
		}
		return kind
	case path == clientPath && receiver(fn) == "Client", strings.HasPrefix(path, unleashPath):
		if len(e.Args) == 0 || v.constant(e.Args[0]).name != v.key {
			return unknown
		}
		return kind
	case sel != nil && v.accessor(fn) && v.constant(sel.X).name == v.key:
		return kind
	}
	return unknown
}

// receiver returns the name of the type that a method is of.
func receiver(fn *types.Func) string {
	recv := fn.Signature().Recv()
	if recv == nil {
		return ""
	}
	t := recv.Type()
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	if n, ok := t.(*types.Named); ok {
		return n.Obj().Name()
	}
	return ""
}

// accessor reports whether a method is that of a typed flag: of a string, with
// the client as its first parameter.
func (v *evaluator) accessor(fn *types.Func) bool {
	sig := fn.Signature()
	if sig.Recv() == nil || sig.Params().Len() == 0 {
		return false
	}
	basic, ok := sig.Recv().Type().Underlying().(*types.Basic)
	return ok && basic.Info()&types.IsString != 0 && sig.Params().At(0).Type().String() == "*"+clientPath+".Client"
}

func (v *evaluator) pureReceiver(e *ast.CallExpr) bool {
	sel, ok := ast.Unparen(e.Fun).(*ast.SelectorExpr)
	if !ok {
		return true
	}
	if v.of(sel.X).kind != unknown {
		return true
	}
	return v.pure(sel.X)
}

func (v *evaluator) pureAll(list []ast.Expr) bool {
	return !slices.ContainsFunc(list, func(e ast.Expr) bool { return !v.pure(e) })
}
