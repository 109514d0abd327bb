package codescan

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// Options say what to look for.
type Options struct {
	// Keys are the flags that are known. Keys that the tree itself checks are
	// looked for too.
	Keys []string
	// Checks are the names of the house's own functions that take a key.
	Checks []string
	// Comments has references in comments reported.
	Comments bool
	// Today decides which annotations have expired: YYYY-MM-DD. None has where
	// it is empty.
	Today string
}

// checks are the functions of SDKs that read a flag: Unleash's, OpenFeature's
// and what they are called in each language.
var checks = func() map[string]bool {
	m := make(map[string]bool)
	for name := range strings.FieldsSeq(`
		isEnabled IsEnabled is_enabled is_enabled? isFeatureEnabled is_feature_enabled enabled? feature_enabled?
		useFlag useVariant getVariant GetVariant get_variant Flag
		BooleanValue BooleanValueDetails StringValue StringValueDetails IntValue IntValueDetails FloatValue FloatValueDetails ObjectValue ObjectValueDetails
		getBooleanFlagValue boolVariation BoolVariation variation bool_variation`) {
		m[name] = true
	}
	for _, t := range []string{"Boolean", "String", "Number", "Object", "Integer", "Int", "Double", "Float", "Struct"} {
		for _, form := range []string{"get*Value", "get*Details", "get*ValueAsync", "Get*Value", "Get*Details", "Get*ValueAsync", "Get*DetailsAsync", "use*FlagValue", "use*FlagDetails"} {
			m[strings.Replace(form, "*", t, 1)] = true
		}
		for _, form := range []string{"get_*_value", "get_*_details", "fetch_*_value", "fetch_*_details"} {
			m[strings.Replace(form, "*", strings.ToLower(t), 1)] = true
		}
	}
	return m
}()

// isCheck reports whether a function of this name reads a flag in any language.
func isCheck(name string) bool { return checks[name] }

// clientChecks are those of Lockflight's client, whose names mean something
// else elsewhere: they count in packages that import it, and with known keys.
var clientChecks = map[string]bool{"Bool": true, "Variant": true, "Explain": true, "Flag": true, "Value": true, "Decode": true}

// wrapperDepth is how many functions may stand between a call and the SDK.
const wrapperDepth = 3

// resolver joins facts.
type resolver struct {
	Options
	files   []Facts
	house   map[string]bool
	known   map[string]bool  // flags: those of Options, and those that calls name
	given   map[string]bool  // those of Options
	names   map[string][]int // definitions by name: numbers in defs
	defs    []located
	clients map[string]bool   // directories whose packages import the client
	fixed   map[string]string // wrappers by name: the key that they check
	passing map[string]bool   // wrappers by name that take the key
	report  Report
	seen    map[where]int
}

// located is a definition and its file.
type located struct {
	definition
	path     string
	language Language
}

// where tells references apart.
type where struct {
	key, path string
	line, col int
}

// Resolve joins the facts of a tree's files into a report. The order of files
// does not matter.
func Resolve(files []Facts, o Options) Report {
	r := resolver{
		Options: o, files: files, house: make(map[string]bool), known: make(map[string]bool), given: make(map[string]bool), names: make(map[string][]int),
		clients: make(map[string]bool), fixed: make(map[string]string), passing: make(map[string]bool), seen: make(map[where]int),
		report: Report{Scanner: Scanner, Files: len(files), Refs: []Reference{}, Dynamic: []Dynamic{}},
	}
	for _, k := range o.Keys {
		r.known[k], r.given[k] = true, true
	}
	for _, name := range o.Checks {
		r.house[name] = true
	}
	r.index()
	for range wrapperDepth {
		r.findWrappers()
	}
	for i := range files {
		r.calls(&files[i])
	}
	for i := range files {
		r.constants(&files[i])
		r.texts(&files[i])
	}
	r.sort()
	return r.report
}

// index finds definitions by name.
func (r *resolver) index() {
	for _, f := range r.files {
		if f.client {
			r.clients[path.Dir(f.Path)] = true
		}
		for _, d := range f.defs {
			r.names[d.name] = append(r.names[d.name], len(r.defs))
			r.defs = append(r.defs, located{d, f.Path, f.language})
		}
	}
}

// lookUp returns the definition that the path of a name means in a file: one of
// the same file, else of the same directory, else the only one in the tree. A
// qualifier has to be the name of the scope, the file or the directory.
func (r *resolver) lookUp(f *Facts, name string) (located, bool) {
	qualifier, last := "", name
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		qualifier, last = name[:i], name[i+1:]
		qualifier = qualifier[strings.LastIndexByte(qualifier, '.')+1:]
	}
	if qualifier == "this" || qualifier == "self" || qualifier == "cls" {
		qualifier = ""
	}
	best, score, ties := -1, 0, false
	for _, n := range r.names[last] {
		d := r.defs[n]
		if d.language != f.language {
			continue
		}
		s := 1
		switch {
		case d.path == f.Path:
			s = 3
		case path.Dir(d.path) == path.Dir(f.Path):
			s = 2
		}
		if qualifier != "" {
			stem := strings.TrimSuffix(path.Base(d.path), path.Ext(d.path))
			if d.scope != qualifier && stem != qualifier && path.Base(path.Dir(d.path)) != qualifier {
				continue
			}
			s += 3
		} else if f.language == Go && s == 1 {
			continue
		}
		switch {
		case s > score:
			best, score, ties = n, s, false
		case s == score && r.defs[best].value != d.value:
			ties = true
		}
	}
	if best < 0 || ties {
		return located{}, false
	}
	return r.defs[best], true
}

// value returns the text of an argument, whether all of it is known, and the
// name that it was given by.
func (r *resolver) value(f *Facts, a argument) (key string, known bool, alias string) {
	var b strings.Builder
	for _, p := range a.parts {
		if p.path == "" {
			b.WriteString(p.text)
			continue
		}
		d, ok := r.lookUp(f, p.path)
		if !ok {
			return b.String(), false, p.path
		}
		b.WriteString(d.value)
		alias = p.path
	}
	return b.String(), !a.open && b.Len() > 0, alias
}

// reads reports whether a call of the file may read a flag: by its name, as the
// client's, or as a wrapper that takes the key.
func (r *resolver) reads(f *Facts, c call) bool {
	if r.passing[c.name] || r.house[c.name] {
		return true
	}
	if f.language == Go {
		return isCheck(c.name) && c.name != "Flag" || clientChecks[c.name] && r.clients[path.Dir(f.Path)]
	}
	return isCheck(c.name)
}

// keyOf returns the key that a call names, by the first of its arguments that
// is known to be one.
func (r *resolver) keyOf(f *Facts, c call) (key, alias string, ok bool) {
	for _, a := range c.args {
		if v, known, name := r.value(f, a); known && keyLike.MatchString(v) {
			return v, name, true
		}
	}
	return "", "", false
}

// findWrappers goes one function further from the SDK.
func (r *resolver) findWrappers() {
	fixed := make(map[string]string)
	passing := make(map[string]bool)
	for i := range r.files {
		f := &r.files[i]
		for _, w := range f.wrappers {
			if w.call >= len(f.calls) {
				continue
			}
			c := f.calls[w.call]
			if key, ok := r.fixed[c.name]; ok && len(c.args) == 0 {
				fixed[w.name] = key
				continue
			}
			if !r.reads(f, c) {
				continue
			}
			if key, _, ok := r.keyOf(f, c); ok {
				fixed[w.name] = key
				continue
			}
			for _, a := range c.args {
				if len(a.parts) == 1 && !a.open && slices.Contains(w.params, a.parts[0].path) {
					passing[w.name] = true
				}
			}
		}
	}
	for name, key := range fixed {
		if !isCheck(name) && !clientChecks[name] {
			r.fixed[name] = key
		}
	}
	for name := range passing {
		if !clientChecks[name] {
			r.passing[name] = true
		}
	}
}

// calls reports the calls of one file.
func (r *resolver) calls(f *Facts) {
	if f.generated || f.language == YAML || f.language == JSON {
		return
	}
	inside := make(map[int]bool, len(f.wrappers))
	for _, w := range f.wrappers {
		inside[w.call] = true
	}
	for n, c := range f.calls {
		kind := Call
		if inside[n] {
			kind = Wrapper
		}
		if key, ok := r.fixed[c.name]; ok && len(c.args) == 0 {
			r.add(f, c.place, Reference{Key: key, Kind: WrapperCall, Call: c.full})
			continue
		}
		weak := f.language == Go && clientChecks[c.name] && !r.clients[path.Dir(f.Path)]
		if !weak && !r.reads(f, c) {
			continue
		}
		key, alias, ok := r.keyOf(f, c)
		switch {
		case ok && (!weak || r.known[key]):
			if r.passing[c.name] && kind == Call {
				kind = WrapperCall
			}
			r.known[key] = true
			r.add(f, r.keyPlace(f, c, key), Reference{Key: key, Kind: kind, Call: c.full, Alias: alias})
		case !ok && !weak:
			r.dynamic(f, n, c)
		}
	}
}

// keyPlace is where the argument that names the key stands.
func (r *resolver) keyPlace(f *Facts, c call, key string) place {
	for _, a := range c.args {
		if v, known, _ := r.value(f, a); known && v == key {
			return a.place
		}
	}
	return c.place
}

// dynamic reports a check whose key is computed. A parameter of a wrapper is
// known from its calls.
func (r *resolver) dynamic(f *Facts, n int, c call) {
	for _, w := range f.wrappers {
		if w.call == n && r.passing[w.name] {
			return
		}
	}
	for _, a := range c.args {
		prefix, known, _ := r.value(f, a)
		if known || len(a.parts) == 0 {
			continue
		}
		// A bare name may be any object: only text before it shows a key.
		if prefix == "" && (!isCheck(c.name) || f.language == Go && clientChecks[c.name]) {
			continue
		}
		r.report.Dynamic = append(r.report.Dynamic, Dynamic{Prefix: prefix, Path: f.Path, Line: a.line, Col: a.col, Call: c.full})
		return
	}
}

// constants reports the constants of one file.
func (r *resolver) constants(f *Facts) {
	if f.generated || f.language == YAML || f.language == JSON {
		return
	}
	for _, d := range f.defs {
		if r.known[d.value] {
			r.add(f, d.place, Reference{Key: d.value, Kind: Constant, Alias: d.name})
		}
	}
}

// texts reports what is left: values of configuration, texts without a check,
// and comments. A key of one plain word is too common to be looked for, unless
// it was asked for.
func (r *resolver) texts(f *Facts) {
	if f.generated {
		return
	}
	kind := Possible
	if f.language == YAML || f.language == JSON {
		kind = Config
	}
	for _, l := range f.literals {
		if r.known[l.value] && (r.given[l.value] || strings.ContainsAny(l.value, "-_.:/")) {
			r.add(f, l.place, Reference{Key: l.value, Kind: kind})
		}
	}
	if !r.Comments {
		return
	}
	for _, l := range f.comments {
		if r.known[l.value] {
			r.add(f, l.place, Reference{Key: l.value, Kind: Comment})
		}
	}
}

// add reports a reference, unless its place has one of a surer kind.
func (r *resolver) add(f *Facts, p place, ref Reference) {
	at := where{ref.Key, f.Path, p.line, p.col}
	if _, ok := r.seen[at]; ok {
		return
	}
	ref.Path, ref.Line, ref.Col, ref.Blob = f.Path, p.line, p.col, f.Blob
	if f.test && ref.Kind != Comment && ref.Kind != Possible && ref.Kind != Config {
		ref.Kind = Test
	}
	ref.Keep = r.kept(f, ref)
	r.seen[at] = len(r.report.Refs)
	r.report.Refs = append(r.report.Refs, ref)
}

// kept returns the annotation that covers a reference.
func (r *resolver) kept(f *Facts, ref Reference) *Keep {
	for _, k := range f.keeps {
		if k.key == ref.Key && k.from <= ref.Line && ref.Line <= k.to {
			return &Keep{Reason: k.reason, Until: k.until, Expired: k.until != "" && r.Today != "" && k.until < r.Today}
		}
	}
	return nil
}

func (r *resolver) sort() {
	slices.SortFunc(r.report.Refs, func(a, b Reference) int {
		return cmp.Or(strings.Compare(a.Key, b.Key), strings.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	slices.SortFunc(r.report.Dynamic, func(a, b Dynamic) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
}
