// Package e2e runs the real binary as people run it: the server on SQLite and
// PostgreSQL, the command line, the demo, and what kill -9 leaves of them. It
// sees what they print, serve and store, and calls nothing of the program but
// the public SDK. It is not where a rule is tested in all its cases.
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	// The binary is built while the tests run, which Go's test cache does not
	// see. These, and the files that build reads, are what it is made of.
	_ "github.com/lockflight/lockflight/internal/app"
	_ "github.com/lockflight/lockflight/internal/demo"
)

// scratch is the directory of the binary, removed when the tests have run.
var scratch string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "lockflight-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	scratch = dir
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// binary returns the path of the program, built by the first test that asks.
func binary(tb testing.TB) string {
	tb.Helper()
	path, err := build()
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

var build = sync.OnceValues(func() (string, error) {
	// testdata/lockflight is a link to the command's source: the cache records
	// which directories a test reads, if they are named within its own module.
	if _, err := os.ReadDir(filepath.Join("testdata", "lockflight")); err != nil {
		return "", err
	}
	path := filepath.Join(scratch, "lockflight")
	args := append([]string{"build", "-o", path}, buildFlags...)
	cmd := exec.Command("go", append(args, "./cmd/lockflight")...)
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return path, nil
})
