// Package plane runs a control plane in the test's own process, on a free port
// and on data of its own, for other people's clients to talk to. What the real
// binary does is for package e2e.
package plane

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/app"
	"github.com/lockflight/lockflight/sdk/eval"
	"github.com/lockflight/lockflight/test/conformance/flaggen"
)

// The tokens of every plane. Those of SDKs are for flaggen.Environment.
const (
	Admin    = "*:*.conformance-admin"
	Backend  = "*:" + flaggen.Environment + ".conformance-backend"
	Frontend = "*:" + flaggen.Environment + ".conformance-frontend"
)

// Plane is a control plane that serves at URL.
type Plane struct {
	URL  string
	data string
}

// Start runs a plane until the test has ended.
func Start(t *testing.T) *Plane {
	t.Helper()
	p := &Plane{data: t.TempDir()}
	a, err := app.New(t.Context(), app.Options{
		DataDir: p.data, Version: "conformance",
		AdminTokens: []string{Admin}, BackendTokens: []string{Backend}, FrontendTokens: []string{Frontend},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.URL = a.URL()
	run(t, "plane", a.Run)
	return p
}

// Edge runs an edge of the plane until the test has ended, and returns where it
// serves. It has what the plane has when it is called.
func (p *Plane) Edge(t *testing.T) string {
	t.Helper()
	e, err := app.NewEdge(t.Context(), app.EdgeOptions{Upstream: p.URL, Tokens: []string{Backend}, Version: "conformance"})
	if err != nil {
		t.Fatal(err)
	}
	run(t, "edge", e.Run)
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.URL()+"/ready", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err == nil && answer.Body.Close() == nil && answer.StatusCode == http.StatusOK {
			return e.URL()
		}
		if time.Now().After(deadline) {
			t.Fatal("the edge has heard nothing of the plane")
		}
	}
}

// run runs a server until the test has ended.
func run(t *testing.T, name string, server func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- server(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the %s ended with %v", name, err)
		}
	})
}

// WithWorld starts a plane and puts a world on it in which everything decides
// at least so often; how often is logged.
func WithWorld(t *testing.T, world flaggen.World, least int) *Plane {
	t.Helper()
	counts := world.Decisive()
	t.Logf("how often each of these decides, in %d flags and %d contexts:\n%s", len(world.Flags), len(world.Contexts), counts)
	if few := counts.Below(least); len(few) > 0 {
		t.Fatalf("%q decide fewer than %d times", few, least)
	}
	p := Start(t)
	if err := world.Install(t.Context(), p.Server()); err != nil {
		t.Fatal(err)
	}
	return p
}

// Server is where flaggen puts a world.
func (p *Plane) Server() flaggen.Server {
	return flaggen.Server{URL: p.URL, Token: Admin, Project: "default", Environment: flaggen.Environment}
}

// Compiled returns our own engine over the document that back-end SDKs are
// served.
func (p *Plane) Compiled(t *testing.T) *eval.Set {
	t.Helper()
	doc, err := p.features(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	set, warnings := eval.Compile(doc)
	if len(warnings) > 0 {
		t.Fatalf("what is served does not compile: %v", warnings)
	}
	return set
}

func (p *Plane) features(ctx context.Context) (eval.Snapshot, error) {
	var doc eval.Snapshot
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL+"/api/client/features", http.NoBody)
	if err != nil {
		return doc, err
	}
	r.Header.Set("Authorization", Backend)
	r.Header.Set("Unleash-Client-Spec", "5.2.0")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return doc, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return doc, fmt.Errorf("GET /api/client/features: %s", answer.Status)
	}
	return doc, json.NewDecoder(answer.Body).Decode(&doc)
}
