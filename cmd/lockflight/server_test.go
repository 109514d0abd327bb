package main

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sync/errgroup"

	"github.com/lockflight/lockflight/internal/app"
	"github.com/lockflight/lockflight/internal/audit"
)

const adminToken = "*:*.0123456789abcdef0123456789abcdef"

// TestServerScripts runs the real program over testdata/server, each script
// against a control plane of its own.
func TestServerScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{Dir: "testdata/server", Cmds: commands, Setup: func(env *testscript.Env) error {
		data := t.TempDir()
		a, err := app.New(t.Context(), app.Options{DataDir: data, AdminTokens: []string{adminToken}, Version: "test"})
		if err != nil {
			return err
		}
		env.Setenv("LOCKFLIGHT_URL", a.URL())
		env.Setenv("LOCKFLIGHT_TOKEN", adminToken)
		env.Setenv("DATA", data)
		serve(t, env, a)
		return withKeys(env, data)
	}})
}

// serve runs the control plane until the script ends.
func serve(t *testing.T, env *testscript.Env, a *app.App) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var g errgroup.Group
	g.Go(func() error { return a.Run(ctx) })
	env.Defer(func() {
		stop()
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
	})
}

// withKeys tells a script where the plane's data is, the verifier key of its
// log, and that of another.
func withKeys(env *testscript.Env, data string) error {
	own, err := os.ReadFile(filepath.Join(data, "signing.key.pub"))
	if err != nil {
		return err
	}
	other, err := audit.GenerateKey(rand.Reader, "another")
	if err != nil {
		return err
	}
	env.Setenv("DATA", data)
	env.Setenv("VKEY", strings.TrimSpace(string(own)))
	env.Setenv("OTHER_VKEY", other.VerifierKey())
	return nil
}
