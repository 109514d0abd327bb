package rewrite

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"slices"
)

// version is one state of a file.
type version struct {
	*editor
	set *token.FileSet
}

func parseVersion(name string, src []byte) (version, error) {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return version{}, err
	}
	return version{&editor{file: set.File(tree.FileStart), tree: tree, src: src}, set}, nil
}

// code returns a node without comments, formatted: two are the same code where
// these are equal.
func (v version) code(n ast.Node) string {
	var b bytes.Buffer
	if err := format.Node(&b, token.NewFileSet(), withoutComments(n)); err != nil {
		return v.text(n)
	}
	return b.String()
}

// withoutComments returns what format.Node prints no comments of.
func withoutComments(n ast.Node) ast.Node {
	if f, ok := n.(*ast.FuncDecl); ok {
		bare := *f
		bare.Doc = nil
		return &bare
	}
	return n
}

func (v version) equal(a ast.Node, w version, b ast.Node) bool { return v.code(a) == w.code(b) }

// region is the part of a function's statements that a change replaces.
type region struct {
	before, after []ast.Stmt // what stands there; either may be empty
	list          []ast.Stmt // the block of after that it is in
	at            int        // where in list it starts
	tail          int        // how many statements of list follow it
	block         ast.Node   // the node that holds list
}

// findRegion returns the smallest part of one list of statements that holds all
// differences between two bodies.
func findRegion(old version, before *ast.BlockStmt, now version, after *ast.BlockStmt) region {
	return narrow(old, before.List, now, after.List, after)
}

func narrow(old version, before []ast.Stmt, now version, after []ast.Stmt, block ast.Node) region {
	head := 0
	for head < len(before) && head < len(after) && old.equal(before[head], now, after[head]) {
		head++
	}
	tail := 0
	for tail < len(before)-head && tail < len(after)-head && old.equal(before[len(before)-1-tail], now, after[len(after)-1-tail]) {
		tail++
	}
	r := region{before: before[head : len(before)-tail], after: after[head : len(after)-tail], list: after, at: head, tail: tail, block: block}
	if len(r.before) == 1 && len(r.after) == 1 {
		if b, a, ok := bodies(old, r.before[0], now, r.after[0]); ok {
			return narrow(old, b.List, now, a.List, a)
		}
	}
	for r.tail > 0 && (declaresUsed(r.before, before[len(before)-r.tail:]) || declaresUsed(r.after, after[len(after)-r.tail:])) {
		r.tail--
		r.before, r.after = before[head:len(before)-r.tail], after[head:len(after)-r.tail]
	}
	return r
}

// bodies returns the bodies of two statements that differ in nothing else.
func bodies(old version, before ast.Stmt, now version, after ast.Stmt) (*ast.BlockStmt, *ast.BlockStmt, bool) {
	b, bodyB := hollow(before)
	a, bodyA := hollow(after)
	if b == nil || a == nil || bodyB == nil || bodyA == nil || !old.equal(b, now, a) {
		return nil, nil, false
	}
	return bodyB, bodyA, true
}

// hollow returns a statement without its body, and the body.
func hollow(s ast.Stmt) (ast.Stmt, *ast.BlockStmt) {
	empty := &ast.BlockStmt{}
	switch s := s.(type) {
	case *ast.IfStmt:
		bare := *s
		bare.Body = empty
		return &bare, s.Body
	case *ast.ForStmt:
		bare := *s
		bare.Body = empty
		return &bare, s.Body
	case *ast.RangeStmt:
		bare := *s
		bare.Body = empty
		return &bare, s.Body
	case *ast.BlockStmt:
		return empty, s
	}
	return nil, nil
}

// declaresUsed reports whether statements declare a name that later ones
// mention.
func declaresUsed(list, rest []ast.Stmt) bool {
	for _, s := range list {
		for _, name := range declared(s) {
			if slices.ContainsFunc(rest, func(r ast.Stmt) bool { return mentions(r, name) }) {
				return true
			}
		}
	}
	return false
}

// declared returns the names that a statement declares in its block.
func declared(s ast.Stmt) []string {
	var names []string
	switch s := s.(type) {
	case *ast.AssignStmt:
		if s.Tok != token.DEFINE {
			return nil
		}
		for _, l := range s.Lhs {
			if id, ok := l.(*ast.Ident); ok && id.Name != "_" {
				names = append(names, id.Name)
			}
		}
	case *ast.DeclStmt:
		d, ok := s.Decl.(*ast.GenDecl)
		if !ok {
			return nil
		}
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.ValueSpec:
				for _, id := range spec.Names {
					names = append(names, id.Name)
				}
			case *ast.TypeSpec:
				names = append(names, spec.Name.Name)
			}
		}
	case *ast.LabeledStmt:
		return []string{s.Label.Name}
	}
	return names
}

// source returns statements as they are written, with the comments above them.
func (v version) source(list []ast.Stmt) string {
	if len(list) == 0 {
		return ""
	}
	return string(v.src[v.above(list[0]):v.offset(list[len(list)-1].End())])
}

// above returns where the comments directly above a statement start.
func (v version) above(s ast.Stmt) int {
	start := v.offset(s.Pos())
	for {
		line := v.lineStart(start)
		if line == 0 || !blank(v.src[line:start]) {
			return start
		}
		above := v.lineStart(line - 1)
		if !isComment(v.src[above:line]) {
			return start
		}
		start = above + bytes.Index(v.src[above:line], []byte("//"))
	}
}
