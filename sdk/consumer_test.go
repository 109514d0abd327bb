package sdk_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A module that imports only this package compiles nothing of third parties,
// and needs nothing of them: its go.mod names one module, it has no go.sum,
// and nothing may be downloaded.
func TestConsumerCompilesNoThirdParty(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	consumer := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(consumer, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module example.com/consumer\n\ngo 1.26.0\n\n"+
		"require github.com/lockflight/lockflight v0.0.0\n\n"+
		"replace github.com/lockflight/lockflight => "+root+"\n")
	write("main.go", "package main\n\nimport \"github.com/lockflight/lockflight/sdk\"\n\n"+
		"func main() { _, _ = sdk.New(nil, sdk.Options{}) }\n")
	run := func(arguments ...string) string {
		command := exec.CommandContext(t.Context(), "go", arguments...)
		command.Dir = consumer
		command.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly", "GOWORK=off")
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(arguments, " "), err, out)
		}
		return string(out)
	}
	for path := range strings.FieldsSeq(run("list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".")) {
		if path != "example.com/consumer" && !strings.HasPrefix(path, "github.com/lockflight/lockflight/") {
			t.Errorf("it compiles %s", path)
		}
	}
	run("build", "-o", os.DevNull, ".")
}
