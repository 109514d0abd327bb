package codescan

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
)

// clientPath is what packages import that hold Lockflight's client.
const clientPath = "github.com/lockflight/lockflight/sdk"

// goFile reads the facts of one file of Go.
type goFile struct {
	*Facts
	set     *token.FileSet
	pkg     string
	imports map[string]string // the names of packages in the file, and their last elements
}

// parseGo reads Go by its syntax, and reports whether it is parsable.
func (f *Facts) parseGo(src []byte) bool {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, f.Path, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return false
	}
	g := goFile{Facts: f, set: set, pkg: tree.Name.Name, imports: make(map[string]string)}
	for _, spec := range tree.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		f.client = f.client || p == clientPath || strings.HasPrefix(p, clientPath+"/")
		name := path.Base(p)
		if spec.Name != nil {
			g.imports[spec.Name.Name] = name
		}
	}
	g.annotations(tree)
	ast.Inspect(tree, g.visit)
	return true
}

func (g *goFile) at(n ast.Node) place {
	p := g.set.Position(n.Pos())
	return place{p.Line, p.Column}
}

func (g *goFile) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.ImportSpec:
		return false
	case *ast.Field:
		return n.Tag == nil // which is a literal that is no key
	case *ast.BasicLit:
		if v, ok := goText(n); ok && keyLike.MatchString(v) {
			g.literals = append(g.literals, literal{g.at(n), v})
		}
	case *ast.ValueSpec:
		g.define(n.Names, n.Values)
	case *ast.AssignStmt:
		var names []*ast.Ident
		for _, x := range n.Lhs {
			id, ok := x.(*ast.Ident)
			if !ok {
				return true
			}
			names = append(names, id)
		}
		if n.Tok == token.DEFINE {
			g.define(names, n.Rhs)
		}
	case *ast.FuncDecl:
		g.wrapper(n)
	case *ast.CallExpr:
		g.call(n)
	}
	return true
}

// define keeps names for texts. A concatenation is kept as far as it is one of
// literals.
func (g *goFile) define(names []*ast.Ident, values []ast.Expr) {
	if len(names) != len(values) {
		return
	}
	for i, name := range names {
		if v, ok := goText(values[i]); ok && keyLike.MatchString(v) {
			g.defs = append(g.defs, definition{g.at(values[i]), g.pkg, name.Name, v})
		}
	}
}

// goText folds literals, their concatenations and conversions.
func goText(x ast.Expr) (string, bool) {
	switch x := x.(type) {
	case *ast.BasicLit:
		if x.Kind != token.STRING {
			return "", false
		}
		v, err := strconv.Unquote(x.Value)
		return v, err == nil
	case *ast.ParenExpr:
		return goText(x.X)
	case *ast.BinaryExpr:
		a, ok1 := goText(x.X)
		b, ok2 := goText(x.Y)
		return a + b, x.Op == token.ADD && ok1 && ok2
	}
	return "", false
}

func (g *goFile) call(n *ast.CallExpr) {
	full := pathOf(n.Fun)
	name := full[strings.LastIndexByte(full, '.')+1:]
	if name == "" {
		return
	}
	c := call{place: g.at(n), name: name, full: full}
	if sel, ok := n.Fun.(*ast.SelectorExpr); ok {
		c.place = g.at(sel.Sel)
		// A typed accessor is a constant with methods: flags.Checkout.Bool(c, ec).
		if slices.Contains(accessors, name) {
			if p := pathOf(sel.X); p != "" {
				c.args = append(c.args, argument{place: g.at(n), parts: []part{{place: g.at(n), path: g.rename(p)}}})
			}
		}
	}
	for _, x := range n.Args {
		if len(c.args) > maxArguments {
			break
		}
		if a, ok := g.argument(x); ok {
			c.args = append(c.args, a)
		}
	}
	g.calls = append(g.calls, c)
}

// accessors are the methods that `lockflight generate go` gives a flag.
var accessors = []string{"Bool", "Variant", "Value", "Decode"}

// argument reads texts and names that are joined by +, and the format of a
// Sprintf.
func (g *goFile) argument(x ast.Expr) (argument, bool) {
	a := argument{place: g.at(x)}
	ok := g.parts(&a, x)
	return a, ok
}

func (g *goFile) parts(a *argument, x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.ParenExpr:
		return g.parts(a, x.X)
	case *ast.BinaryExpr:
		return x.Op == token.ADD && g.parts(a, x.X) && g.parts(a, x.Y)
	case *ast.BasicLit:
		v, ok := goText(x)
		a.parts = append(a.parts, part{place: g.at(x), text: v})
		return ok
	case *ast.Ident, *ast.SelectorExpr:
		p := pathOf(x)
		a.parts = append(a.parts, part{place: g.at(x), path: g.rename(p)})
		return p != ""
	case *ast.CallExpr:
		switch {
		case len(x.Args) == 1 && pathOf(x.Fun) == "string":
			return g.parts(a, x.Args[0])
		case len(x.Args) > 1 && pathOf(x.Fun) == "fmt.Sprintf":
			format, ok := goText(x.Args[0])
			before, _, _ := strings.Cut(format, "%")
			a.parts, a.open = append(a.parts, part{place: g.at(x), text: before}), true
			return ok
		}
	}
	return false
}

// rename gives the path's package the name that it has at home.
func (g *goFile) rename(p string) string {
	first, rest, ok := strings.Cut(p, ".")
	if home := g.imports[first]; ok && home != "" {
		return home + "." + rest
	}
	return p
}

// pathOf returns a.b.c for a path of names, with () for calls in it, and "" for
// any other expression.
func pathOf(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		if p := pathOf(x.X); p != "" {
			return p + "." + x.Sel.Name
		}
		return x.Sel.Name
	case *ast.CallExpr:
		if p := pathOf(x.Fun); p != "" {
			return p + "()"
		}
	case *ast.IndexExpr:
		return pathOf(x.X)
	}
	return ""
}

// wrapper keeps a function that returns one call.
func (g *goFile) wrapper(n *ast.FuncDecl) {
	if n.Body == nil || len(n.Body.List) != 1 {
		return
	}
	ret, ok := n.Body.List[0].(*ast.ReturnStmt)
	if !ok || len(ret.Results) != 1 {
		return
	}
	x := ret.Results[0]
	for {
		u, ok := x.(*ast.UnaryExpr)
		if !ok {
			break
		}
		x = u.X
	}
	c, ok := x.(*ast.CallExpr)
	if !ok {
		return
	}
	w := wrapper{place: g.at(n.Name), name: n.Name.Name, call: len(g.calls)}
	for _, field := range n.Type.Params.List {
		for _, name := range field.Names {
			w.params = append(w.params, name.Name)
		}
	}
	// The call is the next that visit keeps, unless it has no name.
	if pathOf(c.Fun) != "" {
		g.wrappers = append(g.wrappers, w)
	}
}

// annotations reads the file's comments. One in the head of a file covers it,
// one above a function covers that.
func (g *goFile) annotations(tree *ast.File) {
	for _, group := range tree.Comments {
		for _, c := range group.List {
			first, last := g.set.Position(c.Pos()), g.set.Position(c.End())
			k := g.remark(place{first.Line, first.Column}, c.Text, last.Line-first.Line+1)
			if k == nil {
				continue
			}
			if c.Pos() < tree.Package {
				k.to = g.set.Position(tree.FileEnd).Line
			}
			for _, d := range tree.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Doc == group {
					k.to = g.set.Position(f.End()).Line
				}
			}
		}
	}
}
