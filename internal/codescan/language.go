package codescan

import (
	"bytes"
	"path"
	"regexp"
	"strings"
)

// Language is what a file is written in, as far as its tokens go.
type Language string

// The languages that are told apart. C stands for its lexical relatives.
const (
	Go         Language = "go"
	JavaScript Language = "javascript" // TypeScript and JSX too
	Python     Language = "python"
	Java       Language = "java"
	Kotlin     Language = "kotlin"
	CSharp     Language = "csharp"
	Swift      Language = "swift"
	Rust       Language = "rust"
	Ruby       Language = "ruby"
	PHP        Language = "php"
	C          Language = "c"
	YAML       Language = "yaml" // and TOML, .env and properties
	JSON       Language = "json"
)

// extensions are the languages by the ends of file names.
var extensions = map[string]Language{
	".go": Go,
	".js": JavaScript, ".jsx": JavaScript, ".mjs": JavaScript, ".cjs": JavaScript,
	".ts": JavaScript, ".tsx": JavaScript, ".mts": JavaScript, ".cts": JavaScript,
	".vue": JavaScript, ".svelte": JavaScript,
	".py": Python, ".pyi": Python,
	".java": Java, ".kt": Kotlin, ".kts": Kotlin, ".cs": CSharp, ".swift": Swift, ".rs": Rust,
	".rb": Ruby, ".rake": Ruby, ".php": PHP,
	".c": C, ".h": C, ".cc": C, ".cpp": C, ".hpp": C, ".dart": C, ".scala": C, ".groovy": C, ".m": C,
	".yaml": YAML, ".yml": YAML, ".toml": YAML, ".env": YAML, ".properties": YAML, ".json": JSON,
}

// LanguageOf returns the language of a file by its name, and whether it is one
// that Extract reads.
func LanguageOf(name string) (Language, bool) {
	lang, ok := extensions[strings.ToLower(path.Ext(name))]
	return lang, ok
}

// MaxFile is the size in bytes above which a file is taken for data.
const MaxFile = 1 << 20

var generated = regexp.MustCompile(`(?m)^(//|#|/\*|\s\*).*(Code generated .*DO NOT EDIT|@generated)`)

// isGenerated reports whether a file says in its first lines that a program
// wrote it.
func isGenerated(data []byte) bool {
	return generated.Match(data[:min(len(data), 1024)])
}

// isBinary reports whether data is no text, as git decides it.
func isBinary(data []byte) bool {
	return bytes.IndexByte(data[:min(len(data), 8000)], 0) >= 0
}

var testFile = regexp.MustCompile(`(_test|\.test|\.spec|_spec|Tests?)\.\w+$|(^|/)(test_[^/]*\.py|conftest\.py)$|(^|/)(tests?|__tests__|spec|testdata|e2e)/`)

// IsTest reports whether a file holds tests, or what belongs to them, by its
// path.
func IsTest(name string) bool { return testFile.MatchString(name) }
