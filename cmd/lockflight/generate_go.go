package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"fmt"
	goformat "go/format"
	gotoken "go/token"
	"maps"
	"slices"
	"strings"
	"text/template"
	"unicode"
)

//go:embed generate.go.tmpl
var generateFiles embed.FS

// accessor is a flag as the template sees it.
type accessor struct {
	Ident, Name, Type, Doc string
	Variants               []string
	Stale                  bool
}

// accessorTypes are the types of accessors by the type of the payloads that
// all variants of a flag carry; a flag without payloads, or with several types
// of them, is a plain Flag.
var accessorTypes = map[string]string{"string": "StringFlag", "csv": "StringFlag", "number": "NumberFlag", "json": "JSONFlag"}

const plainFlag = "Flag"

// generateGo returns a Go file of a package with an accessor for each flag. The
// same flags give the same file, in whatever order.
func generateGo(pkg string, flags []flagSource) ([]byte, error) {
	if !gotoken.IsIdentifier(pkg) || pkg == "_" {
		return nil, usageError{fmt.Errorf("--package %q is not the name of a package", pkg)}
	}
	flags = slices.SortedFunc(slices.Values(flags), func(a, b flagSource) int { return strings.Compare(a.name, b.name) })
	flags = slices.CompactFunc(flags, func(a, b flagSource) bool { return a.name == b.name })
	data := struct {
		Package string
		Flags   []accessor
		Types   map[string]bool
	}{Package: pkg, Types: make(map[string]bool)}
	idents := identifiers(flags)
	for _, f := range flags {
		a := f.accessor(idents[f.name])
		data.Flags = append(data.Flags, a)
		data.Types[a.Type] = true
	}
	t, err := template.ParseFS(generateFiles, "generate.go.tmpl")
	if err != nil {
		return nil, fmt.Errorf("parse the template: %w", err)
	}
	var code bytes.Buffer
	if err := t.Execute(&code, data); err != nil {
		return nil, fmt.Errorf("generate Go: %w", err)
	}
	formatted, err := goformat.Source(code.Bytes())
	if err != nil {
		return nil, fmt.Errorf("format what was generated: %w", err)
	}
	return formatted, nil
}

// accessor describes the accessor of a flag.
func (f flagSource) accessor(ident string) accessor {
	a := accessor{Ident: ident, Name: f.name, Type: plainFlag, Doc: oneLine(f.description), Stale: f.stale}
	if f.kind != "" {
		a.Doc = strings.TrimSpace("Its type is " + oneLine(f.kind) + ". " + a.Doc)
	}
	types := make(map[string]bool)
	for _, v := range f.variants {
		a.Variants = append(a.Variants, oneLine(v.Name))
		if v.Payload != nil {
			types[cmp.Or(accessorTypes[v.Payload.Type], plainFlag)] = true
		}
	}
	slices.Sort(a.Variants)
	a.Variants = slices.Compact(a.Variants)
	if len(types) == 1 {
		a.Type = slices.Collect(maps.Keys(types))[0]
	}
	return a
}

// oneLine returns text that stays within a comment: Go source has no control
// characters.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsGraphic(r) || r == unicode.ReplacementChar
	}), " ")
}

// identifiers returns an identifier for each flag. Flags whose names differ
// only in what an identifier cannot have all get a part of a hash, rather than
// the first of them the plain one: otherwise a new flag could silently take
// over the identifier of another.
func identifiers(flags []flagSource) map[string]string {
	users := map[string]int{plainFlag: 1}
	for _, t := range accessorTypes {
		users[t] = 1
	}
	for _, f := range flags {
		users[identifier(f.name)]++
	}
	idents := make(map[string]string, len(flags))
	for _, f := range flags {
		ident := identifier(f.name)
		if users[ident] > 1 {
			sum := sha256.Sum256([]byte(f.name))
			ident += fmt.Sprintf("_%x", sum[:4])
		}
		idents[f.name] = ident
	}
	return idents
}

// identifier returns an exported identifier, without underscores, out of the
// words of a name: CheckoutV2 for checkout-v2.
func identifier(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	var b strings.Builder
	for _, word := range words {
		runes := []rune(word)
		b.WriteRune(unicode.ToUpper(runes[0]))
		b.WriteString(string(runes[1:]))
	}
	if ident := b.String(); gotoken.IsExported(ident) {
		return ident
	}
	return plainFlag + b.String()
}
