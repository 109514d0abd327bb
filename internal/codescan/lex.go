package codescan

import (
	"bytes"
	"strings"
)

// grammar is what the tokenizer needs to know of a language.
type grammar struct {
	lineComments, blockComments []string // starts of comments; blocks end as blockEnd says
	nested                      bool     // block comments nest
	quotes                      string   // quotes of literals that end on their line
	triple                      bool     // """ and ''' literals that span lines
	template                    bool     // backtick literals with ${}
	raw                         bool     // backtick literals without escapes
	interpolates                string   // what starts a computed part of a "literal"
	regex                       bool     // /regular expressions/
	lifetimes                   bool     // 'a is no literal, r#""# is
	verbatim                    bool     // @"" and $""
	heredoc                     string   // what starts a here-document
	wordBytes                   string   // bytes of words besides letters, digits and _
}

var blockEnd = map[string]string{"/*": "*/", "<!--": "-->", "\n=begin": "\n=end", "'''": "'''"}

var cLike = grammar{lineComments: []string{"//"}, blockComments: []string{"/*"}, quotes: `"'`}

// grammars are the languages that Extract tokenizes.
var grammars = map[Language]grammar{
	C:          cLike,
	JavaScript: {lineComments: []string{"//"}, blockComments: []string{"/*", "<!--"}, quotes: `"'`, template: true, interpolates: "${", regex: true, wordBytes: "$"},
	Python:     {lineComments: []string{"#"}, quotes: `"'`, triple: true},
	Java:       {lineComments: []string{"//"}, blockComments: []string{"/*"}, quotes: `"'`, triple: true},
	Kotlin:     {lineComments: []string{"//"}, blockComments: []string{"/*"}, nested: true, quotes: `"'`, triple: true, interpolates: "$", raw: false},
	CSharp:     {lineComments: []string{"//"}, blockComments: []string{"/*"}, quotes: `"'`, triple: true, verbatim: true},
	Swift:      {lineComments: []string{"//"}, blockComments: []string{"/*"}, nested: true, quotes: `"`, triple: true, interpolates: `\(`},
	Rust:       {lineComments: []string{"//"}, blockComments: []string{"/*"}, nested: true, quotes: `"`, lifetimes: true},
	Ruby:       {lineComments: []string{"#"}, blockComments: []string{"\n=begin"}, quotes: `"'`, interpolates: "#{", heredoc: "<<", wordBytes: "?!@$"},
	PHP:        {lineComments: []string{"//", "#"}, blockComments: []string{"/*"}, quotes: `"'`, interpolates: "$", heredoc: "<<<", wordBytes: "$"},
	YAML:       {lineComments: []string{"#"}, quotes: `"'`, wordBytes: "-./"},
	JSON:       {quotes: `"`},
}

// lexer splits a file into tokens.
type lexer struct {
	grammar
	tokens
	pos, lineNo int
}

// lex returns the tokens of a file. It takes anything: a literal that does not
// end is a quote and what follows it.
func lex(lang Language, src []byte) *tokens {
	l := &lexer{grammar: grammars[lang], lineNo: 1}
	l.src, l.all = src, string(src)
	l.lines = append(l.lines, 0)
	l.list = make([]lexeme, 0, len(src)/5)
	for l.pos < len(src) {
		l.next()
	}
	return &l.tokens
}

// next takes one token or one byte of white space.
func (l *lexer) next() {
	c := l.src[l.pos]
	switch {
	case c == ' ' || c == '\t' || c == '\r':
		l.pos++
	case l.comment(), l.literal(c):
	case c == '\n':
		l.advance(l.pos + 1)
	case l.inWord(c):
		end := l.pos + 1
		for end < len(l.src) && l.inWord(l.src[end]) {
			end++
		}
		l.add(lexeme{kind: word}, end)
	default:
		l.add(lexeme{kind: punct}, l.pos+1)
	}
}

func (l *lexer) inWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80 ||
		l.wordBytes != "" && strings.IndexByte(l.wordBytes, c) >= 0
}

// advance goes on at pos, and counts the lines on the way.
func (l *lexer) advance(pos int) {
	for l.pos < pos {
		n := bytes.IndexByte(l.src[l.pos:pos], '\n')
		if n < 0 {
			break
		}
		l.pos += n + 1
		l.lineNo++
		l.lines = append(l.lines, l.pos)
	}
	l.pos = pos
}

// add appends the token from here to end.
func (l *lexer) add(t lexeme, end int) {
	t.start, t.end, t.line = l.pos, end, l.lineNo
	if t.kind == comment {
		l.comments = append(l.comments, t)
	} else {
		l.list = append(l.list, t)
	}
	l.advance(end)
}

// comment takes a comment that starts here.
func (l *lexer) comment() bool {
	rest := l.src[l.pos:]
	for _, open := range l.blockComments {
		if open[0] == rest[0] && bytes.HasPrefix(rest, []byte(open)) {
			l.add(lexeme{kind: comment}, l.pos+l.blockLength(rest, open))
			return true
		}
	}
	for _, open := range l.lineComments {
		if open[0] != rest[0] || !bytes.HasPrefix(rest, []byte(open)) {
			continue
		}
		if open == "#" && l.heredoc == "<<<" && bytes.HasPrefix(rest, []byte("#[")) {
			return false // an attribute of PHP
		}
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			end = len(rest)
		}
		l.add(lexeme{kind: comment}, l.pos+end)
		return true
	}
	return false
}

// blockLength returns the length of the block comment at the start of rest: all
// of it where the comment does not end.
func (l *lexer) blockLength(rest []byte, open string) int {
	shut := blockEnd[open]
	depth, i := 1, len(open)
	for depth > 0 {
		end := bytes.Index(rest[i:], []byte(shut))
		if end < 0 {
			return len(rest)
		}
		if inner := bytes.Index(rest[i:i+end], []byte(open)); l.nested && inner >= 0 {
			depth++
			i += inner + len(open)
			continue
		}
		depth--
		i += end + len(shut)
	}
	return i
}
