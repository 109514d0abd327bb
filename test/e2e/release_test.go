package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/sdk/eval"
	"github.com/lockflight/lockflight/test/postgres"
)

// TestRelease takes one build up a milestone and back, on both engines.
func TestRelease(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		climbAndFall(t, newPlane(t))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		p := newPlane(t)
		p.database = postgres.Start(t)
		climbAndFall(t, p)
	})
}

// visible is how soon a streaming SDK must serve control after a ROLLBACK.
const visible = time.Second

const agent = "agent-router"

func climbAndFall(t *testing.T, p *plane) {
	t.Helper()
	p.start(t)
	p.configure(t)
	before := p.configuration(t)
	plan := p.plan(t)
	f := p.startByCLI(t, plan)
	w := p.watch(t, f)

	p.evidence(t, f, "good", 0.97)
	promote := p.await(t, f, "PROMOTE")
	f.percent = 50
	w.await(t, func(a *eval.Assignment) bool { return a != nil && a.Percent == f.percent })

	p.evidence(t, f, "bad", 0.05)
	rollback := p.await(t, f, "ROLLBACK")
	gone := w.await(t, func(a *eval.Assignment) bool { return a == nil })
	if took := gone.Sub(rollback.At); took > visible {
		t.Errorf("the SDK served control %s after the verdict, want at most %s", took, visible)
	}
	if w.client.Bool(agent, w.treated, false) {
		t.Error("the SDK still serves the new build to one who was treated")
	}
	if diff := cmp.Diff(before, p.configuration(t)); diff != "" {
		t.Errorf("the flag's configuration before the release and after it (-before +after):\n%s", diff)
	}
	p.refusesLatched(t, plan)
	for _, v := range []verdict{promote, rollback} {
		if res := p.cli(t, nil, "gate", "replay", v.ID); res.code != 0 {
			t.Errorf("gate replay of the %s: exit status %d\n%s%s", v.Verdict, res.code, res.out, res.errors)
		}
	}
	p.stop(t)
	p.falsify(t, rollback)
}

// configure makes a flag that is on for some, before any release.
func (p *plane) configure(t *testing.T) {
	t.Helper()
	p.must(t, http.MethodPost, features, map[string]string{"name": agent}, nil)
	env := features + "/" + agent + "/environments/" + environment
	p.must(t, http.MethodPost, env+"/strategies", map[string]any{
		"name": "userWithId", "parameters": map[string]string{"userIds": "insider"},
	}, nil)
	p.must(t, http.MethodPost, env+"/on", nil, nil)
}

// configuration is the flag in each environment as the API shows it.
func (p *plane) configuration(t *testing.T) any {
	t.Helper()
	var f struct {
		Environments any `json:"environments"`
	}
	p.must(t, http.MethodGet, "/api/v1/flags/"+agent, nil, &f)
	return f.Environments
}

// plan writes the plan to a file.
func (p *plane) plan(t *testing.T) string {
	t.Helper()
	doc, err := json.Marshal(steps(25, 50, 100))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(file, doc, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func releaseStart(plan string) []string {
	return []string{
		"release", "start", "--flag", agent, "--env", environment, "--build", candidate, "--control", stable, "--plan", plan, "-o", "json",
	}
}

func (p *plane) startByCLI(t *testing.T, plan string) flight {
	t.Helper()
	res := p.cli(t, nil, releaseStart(plan)...)
	var r struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal([]byte(res.out), &r); err != nil || res.code != 0 {
		t.Fatalf("release start: exit status %d, %v\n%s%s", res.code, err, res.out, res.errors)
	}
	return flight{id: r.ID, flag: agent, percent: 25}
}

// evidence submits, through the command line, what came of a few hundred units:
// all of the control arm at .97, those treated at rate.
func (p *plane) evidence(t *testing.T, f flight, prefix string, rate float64) {
	t.Helper()
	const units = 500
	var next int
	seen := map[string]float64{}
	lines := f.exposures(prefix, &next, units)
	for _, line := range lines {
		want := 0.97
		if line.Arm == eval.Treatment {
			want = rate
		}
		seen[line.Arm+" all"]++
		pass := seen[line.Arm]+1 <= want*seen[line.Arm+" all"]
		if pass {
			seen[line.Arm]++
		}
		line.Signal, line.Pass = "task_success_rate", &pass
		lines = append(lines, line)
	}
	res := p.cli(t, bytes.NewReader(ndjson(lines)), "evidence", "submit", "-", "--token", backendToken)
	if want := "1000 accepted, 0 rejected\n"; res.code != 0 || res.out != want {
		t.Fatalf("evidence submit: exit status %d, %q, want %q\n%s", res.code, res.out, want, res.errors)
	}
}

// verdict is what the API tells of one.
type verdict struct {
	ID      string    `json:"id"`
	Verdict string    `json:"verdict"`
	Reason  string    `json:"reason"`
	At      time.Time `json:"at"`
}

// await waits until the release's latest verdict is the one that is wanted.
func (p *plane) await(t *testing.T, f flight, want string) verdict {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var r struct {
		State   string   `json:"state"`
		Mark    string   `json:"mark"`
		Verdict *verdict `json:"verdict"`
		Live    any      `json:"live"`
	}
	for after := ""; ; after = "?after=" + url.QueryEscape(r.Mark) {
		if err := p.call(ctx, http.MethodGet, "/api/v1/releases/"+f.id+after, nil, &r); err != nil {
			t.Fatalf("waiting for a %s: %v; the release is %s, its latest verdict %+v, its evaluation %v", want, err, r.State, r.Verdict, r.Live)
		}
		if r.Verdict != nil && r.Verdict.Verdict == want {
			return *r.Verdict
		}
	}
}

// refusesLatched starts the build that was rolled back once more.
func (p *plane) refusesLatched(t *testing.T, plan string) {
	t.Helper()
	if res := p.cli(t, nil, releaseStart(plan)...); res.code != 1 || !strings.Contains(res.errors, "was rolled back here") {
		t.Errorf("release start of a latched build: exit status %d, want 1\n%s%s", res.code, res.out, res.errors)
	}
	err := p.call(t.Context(), http.MethodPost, "/api/v1/releases", map[string]any{
		"flag": agent, "environment": environment, "build": candidate, "plan": steps(25, 100),
	}, nil)
	r, ok := errors.AsType[*refused](err)
	if !ok || r.answer.status != http.StatusConflict || !bytes.Contains(r.answer.body, []byte("build_latched")) {
		t.Errorf("starting a latched build: %v, want 409 build_latched", err)
	}
}

// falsify changes one count in what a verdict of the stopped plane was made on.
// gate replay finds it and names the signal.
func (p *plane) falsify(t *testing.T, v verdict) {
	t.Helper()
	p.start(t)
	var stored struct {
		Evidence map[string]any `json:"evidence"`
		SHA256   string         `json:"snapshot_sha256"`
	}
	p.must(t, http.MethodGet, "/api/v1/verdicts/"+v.ID, nil, &stored)
	p.stop(t)

	treated, ok := dig(stored.Evidence, "snapshot", "signals", "task_success_rate", "treatment")
	k, isNumber := treated["k"].(float64)
	if !ok || !isNumber {
		t.Fatalf("the evidence of %s has no count of the treatment: %v", v.ID, stored.Evidence)
	}
	treated["k"] = k + 1
	doc, err := json.Marshal(stored.Evidence)
	if err != nil {
		t.Fatal(err)
	}
	p.edit(t, `UPDATE blobs SET doc = $1 WHERE sum = $2`, doc, stored.SHA256)

	p.start(t)
	if res := p.cli(t, nil, "gate", "replay", v.ID); res.code != 1 || !strings.Contains(res.out, "task_success_rate.") {
		t.Errorf("gate replay of a falsified verdict: exit status %d, want 1 and task_success_rate\n%s%s", res.code, res.out, res.errors)
	}
	// The log holds the digest of a snapshot and not the snapshot: verifying it
	// says what it says of the log, and does not fail to run.
	if res := p.cli(t, nil, "audit", "verify"); res.code != 0 && res.code != 1 {
		t.Errorf("audit verify beside a falsified snapshot: exit status %d\n%s%s", res.code, res.out, res.errors)
	} else {
		t.Logf("audit verify beside a falsified snapshot: exit status %d\n%s", res.code, res.out)
	}
	p.stop(t)
}

// dig returns the object at a path of keys.
func dig(doc map[string]any, path ...string) (map[string]any, bool) {
	for _, key := range path {
		next, ok := doc[key].(map[string]any)
		if !ok {
			return nil, false
		}
		doc = next
	}
	return doc, true
}
