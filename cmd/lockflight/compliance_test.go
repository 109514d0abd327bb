package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

var namedCommand = regexp.MustCompile("`lockflight ([^`]+)`")

// TestComplianceCommandsExist parses every command that docs/compliance names.
func TestComplianceCommandsExist(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../docs/compliance/*.md")
	noErr(t, err)
	count := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		noErr(t, err)
		for _, m := range namedCommand.FindAllStringSubmatch(string(text), -1) {
			if strings.HasPrefix(m[1], "serve --retention") {
				continue // a flag that is spoken of
			}
			count++
			if err := parses(t, m[1]); err != nil {
				t.Errorf("%s names %q: %v", filepath.Base(file), m[1], err)
			}
		}
	}
	if count < 30 {
		t.Errorf("%d commands are named", count)
	}
}

// parses tells whether a command line is one of the program's, or asks for the
// help of one.
func parses(t *testing.T, line string) error {
	t.Helper()
	var c cli
	helped := false
	parser, err := kong.New(&c, kong.Name("lockflight"), kong.Exit(func(int) { helped = true; panic(helped) }), kong.Writers(io.Discard, io.Discard))
	noErr(t, err)
	defer func() {
		if r := recover(); r != nil && !helped {
			panic(r)
		}
	}()
	args := strings.Fields(strings.ReplaceAll(line, `"`, ""))
	if strings.Contains(line, `"`) { // one quoted text, at the end
		before, quoted, _ := strings.Cut(line, ` "`)
		args = append(strings.Fields(before), strings.TrimSuffix(quoted, `"`))
	}
	_, err = parser.Parse(args)
	return err
}
