package codescan

import (
	"crypto/sha1" //nolint:gosec // the name that git gives a blob
	"encoding/hex"
	"fmt"
	"path"
	"regexp"
	"strconv"
)

// File is one file of a tree.
type File struct {
	Path string // below the tree's root, slashes between its parts
	Data []byte
}

// Blob returns the id that git gives the file's contents: SHA-1 over "blob",
// the length and the contents (gitformat-pack).
func (f File) Blob() string {
	h := sha1.New()
	h.Write(fmt.Appendf(nil, "blob %d\x00", len(f.Data)))
	h.Write(f.Data)
	return hex.EncodeToString(h.Sum(nil))
}

// Facts are what one file says that may matter to some flag. They depend on
// the file alone.
type Facts struct {
	Path, Blob string
	language   Language
	test       bool
	generated  bool
	client     bool // imports the client of Lockflight (Go)
	literals   []literal
	calls      []call
	defs       []definition
	wrappers   []wrapper
	comments   []literal
	keeps      []keep
}

// place is where something stands; both count from 1.
type place struct{ line, col int }

// literal is a text that could be a key.
type literal struct {
	place
	value string
}

// part is a piece of an argument: a text, or the path of a name.
type part struct {
	place
	text string
	path string // a.b.c; where empty, the part is text
}

// argument is what may name a flag: its parts, joined. One whose open is set
// goes on with what is not known.
type argument struct {
	place
	parts []part
	open  bool
}

// call is a call of a function by a name.
type call struct {
	place
	name string // the last of its path
	full string // as it is written, for people
	args []argument
}

// definition gives a name to a text.
type definition struct {
	place
	scope, name, value string
}

// wrapper is a function that returns a call of the same place.
type wrapper struct {
	place
	name   string
	params []string
	call   int // in calls
}

// keyLike is what a literal has to look like to be the key of a flag.
var keyLike = regexp.MustCompile(`^[A-Za-z0-9][\w.:/-]{1,99}$`)

// Extract reads one file. A file that is of no known language, too large,
// binary, or not parsable as Go has no facts but those of its tokens.
func Extract(f File) Facts {
	facts := Facts{Path: path.Clean(f.Path), Blob: f.Blob(), test: IsTest(f.Path)}
	lang, ok := LanguageOf(f.Path)
	if !ok || len(f.Data) > MaxFile || isBinary(f.Data) {
		return facts
	}
	facts.language = lang
	facts.generated = isGenerated(f.Data)
	if lang == Go && facts.parseGo(f.Data) {
		return facts
	}
	e := extractor{tokens: lex(lang, f.Data), facts: &facts, lang: lang}
	e.run()
	return facts
}

// String names the place of a fact in a file.
func (p place) String() string { return strconv.Itoa(p.line) + ":" + strconv.Itoa(p.col) }
