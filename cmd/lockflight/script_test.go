package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"lockflight": main})
}

// TestScripts runs the real program over testdata/script.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{Dir: "testdata/script", Cmds: commands, Setup: goCommand})
}

// goCommand lets a script run the go command on a module that uses this one, by
// the path in $MODULE, with the caches that this test has.
func goCommand(env *testscript.Env) error {
	root, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	out, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		return err
	}
	caches := strings.Fields(string(out))
	env.Vars = append(env.Vars, "MODULE="+root, "GOCACHE="+caches[0], "GOMODCACHE="+caches[1], "GOPROXY=off", "GOWORK=off")
	return nil
}
