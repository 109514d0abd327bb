package rewrite

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/types"
	"maps"
	"slices"
	"strings"

	"github.com/lockflight/lockflight/internal/codescan"
)

// Request says which flag goes, and which side of it stays.
type Request struct {
	Flag string
	Side Side
	// Today decides which keep-annotations have expired: YYYY-MM-DD.
	Today string
}

// Left is a place that Clean did not touch, and why.
type Left struct {
	Path string `json:"path"`
	Line int    `json:"line"`
	Why  string `json:"why"`
}

// Result is what Clean did.
type Result struct {
	// Files are the new contents of those that changed; nil for a file that is
	// to be deleted.
	Files map[string][]byte
	Left  []Left
}

// maxRounds is how often rules are applied before Clean gives up.
const maxRounds = 20

// cleaner is one run of Clean.
type cleaner struct {
	Request
	rounds    int
	module    *Module
	loader    *loader
	files     map[string][]byte
	left      map[Left]bool
	keeps     map[string]map[int]bool // lines that an annotation covers
	wrappers  map[string]bool
	touched   map[string]map[string]bool // functions by unit
	used      map[string]map[string]bool // names by unit, before the first round
	formatted map[string]bool
	problems  map[string][]string // type errors by unit, before
}

// Clean removes a flag from Go code, as if it had always been on that side.
// What it returns compiles if the module did, is formatted where it was, and a
// second run changes nothing. The error is of code that does not parse, or of
// a request without a flag.
func Clean(m *Module, r Request) (Result, error) {
	if r.Flag == "" {
		return Result{}, errors.New("flag: it is empty: want the key of the flag to remove")
	}
	c := &cleaner{
		Request: r, module: m, loader: newLoader(m), files: maps.Clone(m.Files), left: make(map[Left]bool),
		keeps: make(map[string]map[int]bool), wrappers: make(map[string]bool), touched: make(map[string]map[string]bool),
		used: make(map[string]map[string]bool), formatted: make(map[string]bool), problems: make(map[string][]string),
	}
	c.scan()
	c.deleteGenerated()
	for ; c.rounds < maxRounds; c.rounds++ {
		changed, err := c.round()
		if err != nil {
			return Result{}, err
		}
		if !changed {
			break
		}
	}
	if err := c.verify(); err != nil {
		return Result{}, err
	}
	return c.result(), nil
}

// scan looks for what keeps Clean away: annotations, computed keys, references
// outside Go.
func (c *cleaner) scan() {
	var facts []codescan.Facts
	for name, data := range c.files {
		facts = append(facts, codescan.Extract(codescan.File{Path: name, Data: data}))
		formatted, err := format.Source(data)
		c.formatted[name] = err == nil && bytes.Equal(formatted, data)
	}
	for _, f := range facts {
		for _, line := range f.Kept(c.Flag, c.Today) {
			if c.keeps[f.Path] == nil {
				c.keeps[f.Path] = make(map[int]bool)
			}
			c.keeps[f.Path][line] = true
		}
	}
	for _, d := range codescan.Resolve(facts, codescan.Options{Keys: []string{c.Flag}, Today: c.Today}).Dynamic {
		if d.Prefix != "" && strings.HasPrefix(c.Flag, d.Prefix) {
			c.left[Left{d.Path, d.Line, "the key is computed, and may be this flag's"}] = true
		}
	}
}

// deleteGenerated deletes the tests that Wrap wrote for the flag.
func (c *cleaner) deleteGenerated() {
	for name, data := range c.files {
		if bytes.HasPrefix(data, []byte(wrapMarker+c.Flag+"\n")) {
			delete(c.files, name)
		}
	}
}

// round applies all rules once, and reports whether that changed anything.
func (c *cleaner) round() (bool, error) {
	first := c.rounds == 0
	changed := make(map[string][]byte)
	for _, p := range c.module.Packages {
		if !first && c.touched[p.Path] == nil && !c.callsWrapper(p) || first && !c.mayCheck(p) {
			continue
		}
		u, err := c.loader.check(p, c.files)
		if err != nil {
			return false, err
		}
		if first {
			c.problems[p.Path] = u.problems()
		}
		if c.used[p.Path] == nil {
			c.used[p.Path] = make(map[string]bool)
			for obj := range u.uses() {
				c.used[p.Path][objectName(obj)] = true
			}
		}
		c.fold(u, changed)
	}
	if len(changed) == 0 {
		return false, nil
	}
	maps.Copy(c.files, changed)
	return true, nil
}

// mayCheck reports whether a package could refer to the flag.
func (c *cleaner) mayCheck(p Package) bool {
	for _, name := range p.Files {
		if data := c.files[name]; bytes.Contains(data, []byte(clientPath)) || bytes.Contains(data, []byte(unleashPath)) || bytes.Contains(data, []byte(c.Flag)) {
			return true
		}
		// Typed accessors need no import of the client.
		if _, ok := c.module.Files[name]; ok && bytes.Contains(c.files[name], []byte(".Bool(")) {
			return true
		}
	}
	return false
}

// callsWrapper reports whether a package names a function that is known now.
func (c *cleaner) callsWrapper(p Package) bool {
	for full := range c.wrappers {
		name := full[strings.LastIndexByte(full, '.')+1:]
		for _, file := range p.Files {
			if bytes.Contains(c.files[file], []byte(name)) {
				return true
			}
		}
	}
	return false
}

// fold edits the files of one unit that no unit of this round has edited.
func (c *cleaner) fold(u *unit, changed map[string][]byte) {
	v := &evaluator{unit: u, key: c.Flag, side: c.Side, vars: make(map[types.Object]value), wrappers: c.wrappers, pureFns: make(map[*types.Func]*ast.FuncDecl)}
	v.refused = func(n ast.Node, why string) bool { return c.refuse(u, n, why) }
	scopes := make(map[*types.Scope]bool)
	for n, scope := range u.info.Scopes {
		switch n.(type) {
		case *ast.IfStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.ForStmt, *ast.RangeStmt:
			scopes[scope] = true
		}
	}
	for _, f := range u.files {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				if obj, ok := u.info.Defs[fn.Name].(*types.Func); ok {
					v.pureFns[obj] = fn
				}
			}
		}
	}
	v.findVars()
	inUse := u.uses()
	touched := c.touched[u.Path]
	if touched == nil {
		touched = make(map[string]bool)
	}
	for i, tree := range u.files {
		name := u.Files[i]
		if _, done := changed[name]; done || ast.IsGenerated(tree) {
			continue
		}
		f := &folder{
			evaluator: v, touched: touched, implicit: scopes, left: func(n ast.Node, why string) { c.refuse(u, n, why) },
			editor: &editor{file: u.set.File(tree.FileStart), tree: tree, src: c.files[name]},
		}
		c.findWrappers(f)
		f.tests()
		f.run()
		if len(f.edits) == 0 && c.touched[u.Path] != nil {
			s := &sweeper{folder: f, used: c.used[u.Path]}
			if s.unreachable(); len(f.edits) == 0 {
				s.unusedLocals()
			}
			if len(f.edits) == 0 {
				s.unusedNames(inUse)
			}
		}
		if len(f.edits) == 0 {
			continue
		}
		data := apply(f.src, f.edits)
		formatted, err := format.Source(data)
		if err != nil {
			c.left[Left{name, 1, "the file did not parse after the edit, which was taken back: " + err.Error()}] = true
			continue
		}
		if c.formatted[name] {
			data = formatted
		}
		if !bytes.Equal(data, f.src) {
			changed[name] = data
			c.touched[u.Path] = touched
		}
	}
}

// findWrappers finds the functions of a file that return the flag, or not the
// flag, and do no more.
func (c *cleaner) findWrappers(f *folder) {
	for _, d := range f.tree.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil || len(fn.Body.List) != 1 {
			continue
		}
		ret, ok := fn.Body.List[0].(*ast.ReturnStmt)
		if !ok || len(ret.Results) != 1 {
			continue
		}
		obj, ok := f.info.Defs[fn.Name].(*types.Func)
		if !ok || fn.Recv != nil && f.inAnyInterface(fn.Name.Name) {
			continue
		}
		if v := f.known(ret.Results[0]); v.kind == truth {
			c.wrappers[obj.FullName()] = v.on
			if obj.Exported() && f.pkg.Name() != "main" {
				c.refuse(f.unit, fn, "the function is exported, and returns a constant now")
			}
		}
	}
}

// refuse lists a place, and reports whether an annotation keeps it. An empty
// why only asks. Places are those of the code as it was: later rounds see the
// same ones elsewhere.
func (c *cleaner) refuse(u *unit, n ast.Node, why string) bool {
	p := u.position(n.Pos())
	kept := c.keeps[p.Filename][p.Line]
	if kept {
		why = "an annotation keeps it"
	}
	if why != "" && c.rounds == 0 {
		c.left[Left{p.Filename, p.Line, why}] = true
	}
	return kept
}

// verify type-checks what changed, and takes back the packages that have errors
// which they did not have before.
func (c *cleaner) verify() error {
	for _, p := range c.module.Packages {
		if c.touched[p.Path] == nil && !slices.ContainsFunc(p.Files, func(f string) bool { return !bytes.Equal(c.files[f], c.module.Files[f]) }) {
			continue
		}
		u, err := c.loader.check(p, c.files)
		if err != nil {
			return err
		}
		now := u.problems()
		for _, before := range c.problems[p.Path] {
			if i := slices.Index(now, before); i >= 0 {
				now = slices.Delete(now, i, i+1)
			}
		}
		if len(now) == 0 {
			continue
		}
		for _, name := range p.Files {
			c.files[name] = c.module.Files[name]
		}
		c.left[Left{p.Files[0], 1, "the package did not compile after the edit, which was taken back: " + now[0]}] = true
	}
	return nil
}

// result compares what there is with what there was.
func (c *cleaner) result() Result {
	r := Result{Files: make(map[string][]byte), Left: []Left{}}
	for name, before := range c.module.Files {
		if after, ok := c.files[name]; !ok || !bytes.Equal(before, after) {
			r.Files[name] = after
		}
	}
	r.Left = slices.SortedFunc(maps.Keys(c.left), func(a, b Left) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), strings.Compare(a.Why, b.Why))
	})
	return r
}

// String is how compilers print a place.
func (l Left) String() string { return fmt.Sprintf("%s:%d: %s", l.Path, l.Line, l.Why) }
