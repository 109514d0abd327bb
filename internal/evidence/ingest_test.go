package evidence

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// noon is when the tests' clock stands, unless they move it.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// world is an Ingest over a store in memory, with one running release: flag
// agent-router, build b2, in production and project default.
type world struct {
	*Ingest
	store    *memory
	releases map[place]*release
	starting map[place]*release // committed, and not known before a Refresh
	behind   error              // of Refresh
	now      time.Time
	woken    []string
}

func newWorld(t testing.TB) *world {
	t.Helper()
	policy := gate.DefaultPolicy()
	w := &world{store: &memory{seen: map[string]bool{}}, now: noon.Add(-time.Hour), releases: map[place]*release{}}
	w.start("rel-1", "default", "production", "agent-router", &policy)
	w.Ingest = New(Options{
		Store: w.store, Releases: w, Registerer: prometheus.NewRegistry(),
		Now:      func() time.Time { return w.now },
		Appended: func(ids []string) { w.woken = append(w.woken, ids...) },
	})
	w.now = noon // the process has run for an hour
	return w
}

func (w *world) start(id, project, environment, flag string, policy *gate.Policy) {
	view := control.ReleaseView{Release: control.Release{ID: id, Project: project, Flag: flag, Environment: environment, Build: "b2"}}
	w.releases[place{environment, flag}] = &release{view: view, policy: policy}
}

// Refresh implements Releases: what starts to run is known by then.
func (w *world) Refresh(context.Context) error {
	if w.behind != nil {
		return w.behind
	}
	maps.Copy(w.releases, w.starting)
	return nil
}

// Running implements Releases.
func (w *world) Running(environment, flag string) (control.ReleaseView, *gate.Policy, bool) {
	r, ok := w.releases[place{environment, flag}]
	if !ok {
		return control.ReleaseView{}, nil, false
	}
	return r.view, r.policy, true
}

// memory is a store that keeps the lines by release.
type memory struct {
	mu    sync.Mutex
	seq   int64
	seen  map[string]bool
	lines []string
	err   error
}

var errDisk = errors.New("disk on fire")

func (m *memory) AppendEvidence(_ context.Context, now time.Time, batches []control.EvidenceBatch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	for i := range batches {
		b := &batches[i]
		if b.Source != "" && m.seen[b.Source] {
			continue
		}
		m.seen[b.Source] = true
		m.seq++
		b.Seq, b.ReceivedAt = m.seq, now
		for line := range bytes.Lines(b.Lines) {
			m.lines = append(m.lines, strings.TrimSuffix(string(line), "\n"))
		}
	}
	return nil
}

func (m *memory) Evidence(context.Context, string, int64, int) ([]control.EvidenceBatch, error) {
	return nil, nil
}

func (m *memory) EvidenceReleases(context.Context) ([]string, error) { return nil, nil }

func (m *memory) DropEvidence(context.Context, string, time.Time, int) (int, error) { return 0, nil }

// backend is the principal of a backend token of production.
func backend(projects ...string) control.Principal {
	return control.Principal{
		Kind: control.KindSDK, ID: "tok_1",
		Grants: []control.Grant{{
			Permissions: []control.Permission{control.PermEvidenceWrite}, Environments: []string{"production"},
			Projects: projects,
		}},
	}
}

func admin() control.Principal {
	return control.Principal{ID: "tok_a", Grants: []control.Grant{{
		Permissions: []control.Permission{control.PermAny}, Projects: []string{control.All}, Environments: []string{control.All},
	}}}
}

// line is a good observation with changes, a JSON fragment that replaces or
// adds fields.
func line(fields ...string) string {
	known := map[string]string{
		"at": `"2026-11-22T11:59:00Z"`, "environment": `"production"`, "flag": `"agent-router"`, "arm": `"treatment"`,
		"unit": `"conv-1"`, "build": `"b2"`, "signal": `"evidence_coverage"`, "pass": "true",
	}
	order := []string{"at", "environment", "flag", "arm", "unit", "build", "signal", "pass"}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		if _, ok := known[name]; !ok {
			order = append(order, name)
		}
		known[name] = value
	}
	var parts []string
	for _, name := range order {
		if known[name] != "" {
			parts = append(parts, `"`+name+`":`+known[name])
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// sum adds up all counts of a release.
func sum(counts map[string]int64) (n int64) {
	for _, c := range counts {
		n += c
	}
	return n
}

func kindOf(err error) control.Kind {
	if err == nil {
		return -1
	}
	return cmp.Or(control.KindOf(err), control.Internal)
}
