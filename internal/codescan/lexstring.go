package codescan

import (
	"bytes"
	"strings"
)

// literal takes a literal that starts here with c.
func (l *lexer) literal(c byte) bool {
	rest := l.src[l.pos:]
	switch {
	case l.template && c == '`':
		return l.backticks(rest)
	case l.lifetimes && (c == 'r' || c == 'b') && l.rustRaw(rest):
		return true
	case l.verbatim && (c == '@' || c == '$') && l.verbatimString(rest):
		return true
	case l.heredoc != "" && c == '<' && l.hereDocument(rest):
		return true
	case l.regex && c == '/':
		return l.regularExpression(rest)
	case strings.IndexByte(l.quotes, c) < 0:
		return false
	case l.triple && bytes.HasPrefix(rest, []byte{c, c, c}):
		return l.tripleQuoted(rest[:3], rest)
	}
	return l.quoted(c, rest)
}

// quoted takes a literal between two quotes of one line.
func (l *lexer) quoted(quote byte, rest []byte) bool {
	t := lexeme{kind: text, from: l.pos + 1}
	for i := 1; i < len(rest) && rest[i] != '\n'; i++ {
		switch c := rest[i]; {
		case c == quote:
			if t.kind == text {
				t.to = l.pos + i
			}
			if l.prefixed() {
				t.kind, t.to = mixed, t.from
			}
			l.add(t, l.pos+i+1)
			return true
		case l.computes(quote, rest[i:]) && t.kind == text:
			t.kind, t.to = mixed, l.pos+i
		case c == '\\':
			t.escaped = true
			i++
		}
	}
	return false
}

// computes reports whether rest starts a computed part of a literal in these
// quotes: a $ of Kotlin or PHP needs a name or a brace behind it.
func (l *lexer) computes(quote byte, rest []byte) bool {
	if l.interpolates == "" || quote == '\'' || l.template && quote != '`' || !bytes.HasPrefix(rest, []byte(l.interpolates)) {
		return false
	}
	return l.interpolates != "$" || len(rest) > 1 && (rest[1] == '{' || rest[1] == '_' || rest[1] >= 'A' && rest[1] <= 'Z' || rest[1] >= 'a' && rest[1] <= 'z')
}

// prefixed takes the prefix of a Python literal off the tokens, and reports
// whether it makes a literal with computed parts.
func (l *lexer) prefixed() bool {
	n := len(l.list) - 1
	if !l.triple || n < 0 || l.list[n].kind != word || l.list[n].end != l.pos || l.pos-l.list[n].start > 2 {
		return false
	}
	prefix := strings.ToLower(l.at(n))
	if strings.Trim(prefix, "rbuft") != "" {
		return false
	}
	l.list = l.list[:n]
	return strings.ContainsAny(prefix, "ft")
}

// tripleQuoted takes a literal in three quotes, or a docstring.
func (l *lexer) tripleQuoted(quotes, rest []byte) bool {
	end := bytes.Index(rest[3:], quotes)
	if end < 0 {
		return false
	}
	t := lexeme{kind: text, from: l.pos + 3, to: l.pos + 3 + end}
	if l.prefixed() {
		t.kind, t.to = mixed, t.from
	}
	l.add(t, l.pos+end+6)
	return true
}

// backticks takes a template literal of JavaScript. What is computed in it is
// not looked into.
func (l *lexer) backticks(rest []byte) bool {
	t := lexeme{kind: text, from: l.pos + 1}
	depth := 0
	for i := 1; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '\\':
			t.escaped = true
			i++
		case c == '`' && depth == 0:
			if t.kind == text {
				t.to = l.pos + i
			}
			l.add(t, l.pos+i+1)
			return true
		case c == '$' && i+1 < len(rest) && rest[i+1] == '{':
			if t.kind == text {
				t.kind, t.to = mixed, l.pos+i
			}
			depth++
			i++
		case c == '{' && depth > 0:
			depth++
		case c == '}' && depth > 0:
			depth--
		}
	}
	return false
}

// regularExpression takes one of JavaScript: a slash divides only after what
// ends an expression, and starts no expression after a < of JSX.
func (l *lexer) regularExpression(rest []byte) bool {
	n := len(l.list) - 1
	switch {
	case n < 0:
	case l.list[n].kind == word:
		switch l.at(n) {
		case "return", "typeof", "case", "in", "of", "do", "else", "void", "delete", "throw", "await", "yield":
		default:
			return false
		}
	case l.list[n].kind != punct || l.is(n, ')') || l.is(n, ']') || l.is(n, '}') || l.is(n, '<'):
		return false
	}
	class := false
	for i := 1; i < len(rest) && rest[i] != '\n'; i++ {
		switch rest[i] {
		case '\\':
			i++
		case '[':
			class = true
		case ']':
			class = false
		case '/':
			if !class {
				l.add(lexeme{kind: mixed, from: l.pos, to: l.pos}, l.pos+i+1)
				return true
			}
		}
	}
	return false
}

// rustRaw takes r"", r#""#, br"" and b"".
func (l *lexer) rustRaw(rest []byte) bool {
	i := 0
	for i < len(rest) && i < 2 && (rest[i] == 'b' || rest[i] == 'r') {
		i++
	}
	hashes := 0
	for i < len(rest) && rest[i] == '#' {
		i++
		hashes++
	}
	if i >= len(rest) || rest[i] != '"' || rest[0] == 'b' && rest[1] == '"' {
		return false
	}
	end := bytes.Index(rest[i+1:], []byte(`"`+strings.Repeat("#", hashes)))
	if end < 0 {
		return false
	}
	l.add(lexeme{kind: text, from: l.pos + i + 1, to: l.pos + i + 1 + end}, l.pos+i+end+2+hashes)
	return true
}

// verbatimString takes @"" and $"" of C#. Doubled quotes stay as they are.
func (l *lexer) verbatimString(rest []byte) bool {
	i := 0
	for i < len(rest) && (rest[i] == '@' || rest[i] == '$') {
		i++
	}
	if i >= len(rest) || rest[i] != '"' {
		return false
	}
	prefix, from := string(rest[:i]), i+1
	for i = from; i < len(rest); i++ {
		switch {
		case rest[i] == '"' && strings.Contains(prefix, "@") && i+1 < len(rest) && rest[i+1] == '"':
			i++
		case rest[i] == '\\' && !strings.Contains(prefix, "@"):
			i++
		case rest[i] == '"':
			t := lexeme{kind: text, from: l.pos + from, to: l.pos + i}
			if brace := bytes.IndexByte(rest[from:i], '{'); strings.Contains(prefix, "$") && brace >= 0 {
				t.kind, t.to = mixed, l.pos+from+brace
			}
			l.add(t, l.pos+i+1)
			return true
		}
	}
	return false
}

// hereDocument takes a here-document of Ruby or PHP, to the line that ends it.
func (l *lexer) hereDocument(rest []byte) bool {
	if !bytes.HasPrefix(rest, []byte(l.heredoc)) {
		return false
	}
	line, body, _ := bytes.Cut(rest[len(l.heredoc):], []byte("\n"))
	name := strings.TrimLeft(string(line), "-~ \"'")
	end := strings.IndexFunc(name, func(r rune) bool { return r != '_' && (r < 'A' || r > 'Z') && (r < '0' || r > '9') })
	if end >= 0 {
		name = name[:end]
	}
	if name == "" || l.heredoc == "<<" && line[0] != '-' && line[0] != '~' && line[0] != name[0] {
		return false
	}
	pos := l.pos + len(l.heredoc) + len(line) + 1
	for len(body) > 0 {
		var row []byte
		row, body, _ = bytes.Cut(body, []byte("\n"))
		if after, ok := bytes.CutPrefix(bytes.TrimLeft(row, " \t"), []byte(name)); ok && !startsWord(after) {
			l.add(lexeme{kind: mixed, from: l.pos, to: l.pos}, pos+len(row)-len(after))
			return true
		}
		pos += len(row) + 1
	}
	return false
}

func startsWord(b []byte) bool {
	return len(b) > 0 && (b[0] == '_' || b[0] >= 'A' && b[0] <= 'Z' || b[0] >= 'a' && b[0] <= 'z')
}
