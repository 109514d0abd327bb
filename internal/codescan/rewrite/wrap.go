package rewrite

import (
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/token"
	"go/types"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// WrapRequest says which change goes behind which flag.
type WrapRequest struct {
	Flag string
	// Path is the file that was changed, as Module.Files has it after the change.
	Path string
	// Before is the file before the change.
	Before []byte
}

// Wrapped is a change behind a flag.
type Wrapped struct {
	// Files are new contents: of the file, and of a test for both sides that goes
	// with the flag. It is empty where nothing could be wrapped.
	Files map[string][]byte
	// Guidance says what a person has to do, and where.
	Guidance []Left
}

// Wrap guards what a change did to the functions of one file with a check of a
// flag: on, they do what the module's file does; off, what they did before. The
// client is one that the function can reach already: a parameter, a field of
// its receiver, a variable or a function of its package.
//
// The result compiles, and is proven: Clean(it, on) is the new code, Clean(it,
// off) the old, but for comments. What cannot be wrapped so is not, and is in
// the guidance. The error is of a request or of code that does not parse.
func Wrap(m *Module, r WrapRequest) (Wrapped, error) {
	after, ok := m.Files[r.Path]
	switch {
	case r.Flag == "":
		return Wrapped{}, errors.New("flag: it is empty: want the key of the flag to check")
	case !ok:
		return Wrapped{}, fmt.Errorf("path: %q is no Go file of the module: want its path below the module's directory", r.Path)
	}
	w := wrapper{Module: m, WrapRequest: r, result: Wrapped{Files: make(map[string][]byte), Guidance: []Left{}}}
	var err error
	if w.old, err = parseVersion(r.Path, r.Before); err != nil {
		return Wrapped{}, fmt.Errorf("before: %w", err)
	}
	if w.now, err = parseVersion(r.Path, after); err != nil {
		return Wrapped{}, fmt.Errorf("parsing %s: %w", r.Path, err)
	}
	p := slices.IndexFunc(m.Packages, func(p Package) bool { return slices.Contains(p.Files, r.Path) })
	if p < 0 {
		return Wrapped{}, fmt.Errorf("path: %s is in no package of the module", r.Path)
	}
	if w.unit, err = newLoader(m).check(m.Packages[p], m.Files); err != nil {
		return Wrapped{}, err
	}
	return w.run()
}

// wrapper is one run of Wrap.
type wrapper struct {
	*Module
	WrapRequest
	old, now version
	unit     *unit
	changed  []*ast.FuncDecl // functions of now that are wrapped
	result   Wrapped
}

func (w *wrapper) guide(v version, n ast.Node, why string) {
	w.result.Guidance = append(w.result.Guidance, Left{w.Path, v.set.Position(n.Pos()).Line, why})
}

func (w *wrapper) run() (Wrapped, error) {
	before, after := functions(w.old.tree), functions(w.now.tree)
	w.declarations()
	var lost []string // functions that only the old code has
	for _, name := range slices.Sorted(maps.Keys(before)) {
		b, a := before[name], after[name]
		switch {
		case a == nil:
			lost = append(lost, w.old.declaration(b))
		case w.old.equal(b, w.now, a):
		case w.old.code(b.Type) != w.now.code(a.Type) || b.Body == nil || a.Body == nil:
			w.guide(w.now, a, "the signature changed: give the new function a name of its own, and check the flag where it is called")
		case name == "main" || name == "init":
			w.guide(w.now, a, "check the flag in a function that "+name+" calls: there is no context here")
		default:
			w.function(b, a)
		}
	}
	if len(w.changed) == 0 {
		if len(w.result.Guidance) == 0 {
			w.guide(w.now, w.now.tree, "no function that was there before changed: new code is dark until something calls it")
		}
		return w.result, nil
	}
	data := apply(w.now.src, w.now.edits)
	for _, f := range lost {
		data = append(data, "\n"+f+"\n"...)
	}
	data, err := w.withImports(data)
	if err != nil {
		return Wrapped{}, fmt.Errorf("guarding the change of %s: %w", w.Path, err)
	}
	return w.prove(data)
}

// functions returns the functions of a file by name.
func functions(f *ast.File) map[string]*ast.FuncDecl {
	out := make(map[string]*ast.FuncDecl)
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok {
			out[declName(fn)] = fn
		}
	}
	return out
}

// declaration is a function as it is written, with its comment.
func (v version) declaration(f *ast.FuncDecl) string {
	if f.Doc != nil {
		return string(v.src[v.offset(f.Doc.Pos()):v.offset(f.End())])
	}
	return v.text(f)
}

// declarations gives guidance on what is no function and was changed or
// removed: both sides see one of it.
func (w *wrapper) declarations() {
	kept := make(map[string]bool)
	for _, d := range w.now.tree.Decls {
		if g, ok := d.(*ast.GenDecl); ok {
			for _, s := range g.Specs {
				kept[g.Tok.String()+w.now.code(s)] = true
			}
		}
	}
	for _, d := range w.old.tree.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok == token.IMPORT {
			continue
		}
		for _, s := range g.Specs {
			if !kept[g.Tok.String()+w.old.code(s)] {
				w.guide(w.old, s, "a "+g.Tok.String()+" changed, which no flag can be asked about: keep the old one until the flag is gone")
			}
		}
	}
}

// function guards what changed in one function.
func (w *wrapper) function(b, a *ast.FuncDecl) {
	client, ok := w.client(a)
	if !ok {
		w.guide(w.now, a, "no client of the flags is in reach here: pass a *sdk.Client, or keep one in the receiver")
		return
	}
	r := findRegion(w.old, b.Body, w.now, a.Body)
	context := w.context(a)
	if context == "nil" {
		w.guide(w.now, a, "the check has no context: pass the user's *eval.Context, so that a gradual rollout can tell users apart")
	}
	w.guard(r, fmt.Sprintf("%s.Bool(%q, %s, false)", client, w.Flag, context))
	w.changed = append(w.changed, a)
}

// guard puts a region behind a check.
func (w *wrapper) guard(r region, check string) {
	now, old := w.now.source(r.after), w.old.source(r.before)
	var text string
	switch {
	case now == "":
		text = "if !" + check + " {\n" + old + "\n}\n"
	case old == "":
		text = "if " + check + " {\n" + now + "\n}"
	case terminates(r.after) && r.tail == 0:
		text = "if " + check + " {\n" + now + "\n}\n" + old
	default:
		text = "if " + check + " {\n" + now + "\n} else {\n" + old + "\n}"
	}
	var start, end int
	switch {
	case len(r.after) > 0:
		start, end = w.now.above(r.after[0]), w.now.offset(r.after[len(r.after)-1].End())
	case r.at < len(r.list):
		start = w.now.above(r.list[r.at])
		end = start
	case r.at > 0:
		start = w.now.offset(r.list[r.at-1].End())
		end, text = start, "\n"+text
	default:
		start = w.now.offset(r.block.End()) - 1
		end = start
	}
	w.now.edits = append(w.now.edits, edit{start, end, text})
}

// client returns an expression for the client that a function can reach.
func (w *wrapper) client(f *ast.FuncDecl) (string, bool) {
	if f.Recv != nil {
		for _, field := range f.Recv.List {
			for _, name := range field.Names {
				if sel, ok := w.clientField(name); ok {
					return name.Name + "." + sel, true
				}
			}
		}
	}
	for _, field := range f.Type.Params.List {
		for _, name := range field.Names {
			obj := w.find(name)
			if obj == nil {
				continue
			}
			if isClient(obj.Type()) {
				return name.Name, true
			}
			if sel, ok := w.clientField(name); ok {
				return name.Name + "." + sel, true
			}
		}
	}
	scope := w.unit.pkg.Scope()
	for _, name := range scope.Names() {
		switch obj := scope.Lookup(name).(type) {
		case *types.Var:
			if isClient(obj.Type()) {
				return name, true
			}
		case *types.Func:
			sig := obj.Signature()
			if sig.Recv() == nil && sig.Params().Len() == 0 && sig.Results().Len() == 1 && isClient(sig.Results().At(0).Type()) {
				return name + "()", true
			}
		}
	}
	return "", false
}

// isClient reports whether a type is the client's.
func isClient(t types.Type) bool { return t != nil && t.String() == "*"+clientPath+".Client" }

// find returns the type checker's object of a name that the parser of a version
// has at the same place.
func (w *wrapper) find(id *ast.Ident) types.Object {
	at := w.now.set.Position(id.Pos())
	for def, obj := range w.unit.info.Defs {
		if p := w.unit.set.Position(def.Pos()); def.Name == id.Name && p.Filename == at.Filename && p.Offset == at.Offset {
			return obj
		}
	}
	return nil
}

// clientField returns the field of a variable's struct that holds the client.
func (w *wrapper) clientField(id *ast.Ident) (string, bool) {
	obj := w.find(id)
	if obj == nil {
		return "", false
	}
	return fieldOf(obj.Type(), w.unit.pkg)
}

func fieldOf(t types.Type, pkg *types.Package) (string, bool) {
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	s, ok := t.Underlying().(*types.Struct)
	if !ok {
		return "", false
	}
	for f := range s.Fields() {
		if isClient(f.Type()) && (f.Exported() || f.Pkg() == pkg) {
			return f.Name(), true
		}
	}
	return "", false
}

// context returns an expression for the evaluation context that a function has:
// a parameter, else nil, which is an empty one.
func (w *wrapper) context(f *ast.FuncDecl) string {
	for _, field := range f.Type.Params.List {
		for _, name := range field.Names {
			obj := w.find(name)
			if obj == nil {
				continue
			}
			switch obj.Type().String() {
			case "*" + clientPath + "/eval.Context":
				return name.Name
			case clientPath + "/eval.Context":
				return "&" + name.Name
			}
		}
	}
	return "nil"
}

// withImports adds the imports that only the old code has and still needs, and
// formats.
func (w *wrapper) withImports(data []byte) ([]byte, error) {
	v, err := parseVersion(w.Path, data)
	if err != nil {
		return nil, err
	}
	have := make(map[string]bool)
	for _, s := range v.tree.Imports {
		have[v.text(s)] = true
	}
	var add []string
	for _, s := range w.old.tree.Imports {
		if text := w.old.text(s); !have[text] && mentions(v.tree, importName(s)) {
			add = append(add, text)
		}
	}
	if len(add) > 0 {
		v.insertImports(add)
		data = apply(data, v.edits)
	}
	return format.Source(data)
}

// importName guesses the name that an import has in its file.
func importName(s *ast.ImportSpec) string {
	if s.Name != nil {
		return s.Name.Name
	}
	p, _ := strconv.Unquote(s.Path.Value)
	if base := path.Base(p); len(base) < 2 || base[0] != 'v' || strings.Trim(base[1:], "0123456789") != "" {
		return strings.TrimPrefix(base, "go-")
	}
	return path.Base(path.Dir(p))
}

// insertImports puts imports into the group of their kind: the standard
// library's first.
func (v version) insertImports(add []string) {
	for _, text := range add {
		at := -1
		for _, s := range v.tree.Imports {
			if strings.Contains(v.text(s), ".") == strings.Contains(text, ".") {
				at = v.offset(s.Pos())
				break
			}
		}
		decl := slices.IndexFunc(v.tree.Decls, func(d ast.Decl) bool {
			g, ok := d.(*ast.GenDecl)
			return ok && g.Tok == token.IMPORT && g.Lparen.IsValid()
		})
		switch {
		case at >= 0 && decl >= 0:
			v.edits = append(v.edits, edit{at, at, text + "\n"})
		case decl >= 0:
			g, _ := v.tree.Decls[decl].(*ast.GenDecl)
			end := v.offset(g.Rparen)
			v.edits = append(v.edits, edit{end, end, "\n" + text + "\n"})
		default:
			end := v.offset(v.tree.Name.End())
			v.edits = append(v.edits, edit{end, end, "\n\nimport " + text})
		}
	}
}

// prove checks that the guarded file compiles, and that Clean makes either side
// of it again.
func (w *wrapper) prove(data []byte) (Wrapped, error) {
	wrapped := *w.Module
	wrapped.Files = maps.Clone(w.Files)
	wrapped.Files[w.Path] = data
	u, err := newLoader(&wrapped).check(w.unit.Package, wrapped.Files)
	if err != nil {
		return Wrapped{}, err
	}
	if len(u.errs) > len(w.unit.errs) {
		w.guide(w.now, w.changed[0], "guarded, it does not compile: "+u.errs[0].Msg)
		return w.result, nil
	}
	for on, want := range map[bool]version{true: w.now, false: w.old} {
		cleaned, err := Clean(&wrapped, Request{Flag: w.Flag, Side: Side{On: on}})
		if err != nil {
			return Wrapped{}, err
		}
		got := data
		if c, ok := cleaned.Files[w.Path]; ok {
			got = c
		}
		v, err := parseVersion(w.Path, got)
		if err != nil {
			return Wrapped{}, fmt.Errorf("cleaning the guarded change: %w", err)
		}
		if !sameCode(v, want) {
			w.guide(w.now, w.changed[0], "the change could not be guarded so that the flag can be taken out again")
			return w.result, nil
		}
	}
	w.result.Files[w.Path] = data
	w.addTest(wrapped)
	return w.result, nil
}

// sameCode reports whether two files declare the same, in whatever order, but
// for comments.
func sameCode(a, b version) bool {
	return slices.Equal(a.declarations(), b.declarations())
}

func (v version) declarations() []string {
	var out []string
	for _, d := range v.tree.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			out = append(out, v.code(d))
			continue
		}
		for _, s := range g.Specs {
			out = append(out, g.Tok.String()+" "+v.code(s))
		}
	}
	slices.Sort(out)
	return out
}
