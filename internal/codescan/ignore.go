package codescan

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// Ignore are the patterns of a tree's .gitignore files, as gitignore(5)
// describes them. The zero value ignores nothing.
type Ignore struct{ rules []ignoreRule }

type ignoreRule struct {
	dir     string // of the file that holds the pattern; "" for the root
	match   *regexp.Regexp
	negated bool
	dirOnly bool
}

// Add reads the patterns of a file in a directory, below the tree's root. What
// is added later wins. A line that is no pattern is passed over, as git does.
func (ig *Ignore) Add(dir string, data []byte) {
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\r\n")
		for strings.HasSuffix(line, " ") && !strings.HasSuffix(line, `\ `) {
			line = line[:len(line)-1]
		}
		if line == "" || line[0] == '#' {
			continue
		}
		r := ignoreRule{dir: dir}
		if line, r.negated = strings.CutPrefix(line, "!"); line == "" {
			continue
		}
		line, r.dirOnly = strings.CutSuffix(line, "/")
		anchored := strings.Contains(line, "/")
		line = strings.TrimPrefix(line, "/")
		if !anchored {
			line = "**/" + line
		}
		expr, err := regexp.Compile("^" + globExpression(line) + "$")
		if err != nil {
			continue
		}
		r.match = expr
		ig.rules = append(ig.rules, r)
	}
}

// Match reports whether a path below the root is ignored. What is below an
// ignored directory is too, which is for the caller not to enter.
func (ig *Ignore) Match(name string, dir bool) bool {
	for _, r := range slices.Backward(ig.rules) {
		rel := name
		if r.dir != "" {
			var ok bool
			if rel, ok = strings.CutPrefix(name, r.dir+"/"); !ok {
				continue
			}
		}
		if (dir || !r.dirOnly) && r.match.MatchString(rel) {
			return !r.negated
		}
	}
	return false
}

// globExpression turns a pattern into a regular expression.
func globExpression(glob string) string {
	var b strings.Builder
	for i := 0; i < len(glob); {
		switch rest := glob[i:]; {
		case strings.HasPrefix(rest, "**/"):
			b.WriteString("(?:.*/)?")
			i += 3
		case rest == "**":
			b.WriteString(".*")
			i += 2
		case rest[0] == '*':
			b.WriteString("[^/]*")
			i++
		case rest[0] == '?':
			b.WriteString("[^/]")
			i++
		case rest[0] == '[' && strings.IndexByte(rest, ']') > 1:
			end := strings.IndexByte(rest, ']')
			b.WriteString("[" + strings.Replace(rest[1:end], "!", "^", 1) + "]")
			i += end + 1
		case rest[0] == '\\' && len(rest) > 1:
			b.WriteString(regexp.QuoteMeta(rest[1:2]))
			i += 2
		default:
			b.WriteString(regexp.QuoteMeta(rest[:1]))
			i++
		}
	}
	return b.String()
}

// vendored are directories of other people's code, and of what is built.
var vendored = map[string]bool{
	"vendor": true, "node_modules": true, "third_party": true, "bower_components": true, "dist": true,
	".git": true, ".venv": true, "venv": true, "__pycache__": true, "Pods": true, ".gradle": true,
}

// SkipDir reports whether a directory holds no code of the tree's own, by its
// name.
func SkipDir(name string) bool { return vendored[path.Base(name)] }
