package e2e

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// staged goes by time alone, so that what is seen is the plan's way.
const staged = `apiVersion: lockflight/v1
kind: ReleasePlan
metadata: {name: through}
policy: service
stages:
- environment: development
  milestones: [{percent: 50, pass: time, min_duration: 2s}, {percent: 100}]
- environment: production
  milestones: [{percent: 5, pass: time, min_duration: 1s}, {percent: 50, pass: time, min_duration: 1s}, {percent: 100}]
`

// stageOf is what these tests read of a release.
type stageOf struct {
	State       string `json:"state"`
	Environment string `json:"environment"`
	Next        string `json:"next"`
	StartedBy   string `json:"startedBy"`
	Milestone   struct {
		Index int `json:"index"`
	} `json:"milestone"`
}

// TestPlan takes two flags from environment to environment by a kept plan, over
// a kill -9 in its midst.
func TestPlan(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.start(t)
	file := filepath.Join(t.TempDir(), "plan.yaml")
	if err := os.WriteFile(file, []byte(staged), 0o600); err != nil {
		t.Fatal(err)
	}
	p.done(t, "plan", "put", file)
	for _, flag := range []string{"checkout", "payments"} {
		p.done(t, "flag", "create", flag)
	}
	out := p.done(t, "release", "start", "--flag", "checkout", "--with", "payments=p2", "--build", "c2", "--plan", "through")
	id, _, _ := strings.Cut(out, " ")
	p.done(t, "plan", "delete", "through")
	p.kill(t)
	p.start(t)

	first := p.ended(t, id)
	if first.State != "completed" || first.Environment != "development" || first.Next == "" {
		t.Fatalf("the first stage: %+v", first)
	}
	second := p.ended(t, first.Next)
	if second.State != "completed" || second.Environment != "production" || second.StartedBy != first.StartedBy || second.Milestone.Index != 2 {
		t.Errorf("the second stage: %+v", second)
	}
	for _, flag := range []string{"checkout", "payments"} {
		if out := p.done(t, "flag", "show", flag); strings.Count(out, " on ") != 2 {
			t.Errorf("%s is not on in both environments:\n%s", flag, out)
		}
	}
	if out := p.done(t, "release", "list", "--open"); strings.Contains(out, "rel-") {
		t.Errorf("still open:\n%s", out)
	}
	p.done(t, "audit", "verify")
}

// done runs a command that must succeed, and returns what it printed.
func (p *plane) done(t *testing.T, args ...string) string {
	t.Helper()
	res := p.cli(t, nil, args...)
	if res.code != 0 {
		t.Fatalf("%s: exit status %d\n%s%s", strings.Join(args, " "), res.code, res.out, res.errors)
	}
	return res.out
}

// ended waits for the end of a release.
func (p *plane) ended(t *testing.T, id string) stageOf {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var r struct {
		stageOf

		EndedAt *time.Time `json:"endedAt"`
		Mark    string     `json:"mark"`
	}
	for after := ""; r.EndedAt == nil; after = "?after=" + r.Mark {
		if err := p.call(ctx, http.MethodGet, "/api/v1/releases/"+id+after, nil, &r); err != nil {
			t.Fatalf("waiting for the end of %s: %v; it is %+v", id, err, r)
		}
	}
	return r.stageOf
}
