package e2e

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
)

// A-22, by an edge: a record is edited and every hash computed again, with nothing
// left at the plane to compare with. An edge has seen the log as it was, and tells
// the plane, which refuses writes. Then the log is forked: the same edge complains
// of another key, which proves nothing, and one that begins anew does not.
func TestEdgeFindsRewrittenLog(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p *plane) {
		backup := t.TempDir()
		p.start(t)
		edge := p.edge(t, backup)
		await(t, "the edge keeps a checkpoint", func() bool {
			_, err := os.Stat(filepath.Join(backup, "witness.json"))
			return err == nil
		})
		edge.end(t)
		p.stop(t)

		p.rewrite(t, 5, `"origin":"api"`, `"origin":"cli"`)
		p.edit(t, `DELETE FROM checkpoints`)
		if err := os.Remove(filepath.Join(p.data, "checkpoint.last")); err != nil {
			t.Fatal(err)
		}
		p.start(t)
		p.must(t, http.MethodPost, features, map[string]string{"name": "unaware"}, nil)
		begin := time.Now()
		edge = p.edge(t, backup)
		await(t, "the plane records audit.split_view", func() bool { return p.recorded(t, "audit.split_view") == 1 })
		t.Logf("found after %v", time.Since(begin))
		err := p.call(t.Context(), http.MethodPost, features, map[string]string{"name": "refused"}, nil)
		if r, ok := errors.AsType[*refused](err); !ok || r.answer.status != http.StatusServiceUnavailable {
			t.Errorf("a write after the alarm: %v, want 503", err)
		}
		edge.end(t)
		p.stop(t)

		if !p.forks(t) {
			t.Error("the forked log does not verify")
		}
		p.start(t)
		edge = p.edge(t, backup)
		await(t, "the edge complains of another key", func() bool {
			return strings.Contains(edge.log.String(), "not signed by the key that was believed first")
		})
		edge.end(t)
		edge = p.edge(t, t.TempDir())
		p.must(t, http.MethodPost, features, map[string]string{"name": "after-the-fork"}, nil)
		edge.end(t)
		if strings.Contains(edge.log.String(), "shortened or rewritten") {
			t.Errorf("an edge that begins anew complains:\n%s", edge.log)
		}
		p.stop(t)
	})
}

// edge runs an edge of the plane, and returns when it serves.
func (p *plane) edge(t *testing.T, backup string) *process {
	t.Helper()
	cmd := exec.Command(binary(t), "edge", "--upstream", p.url, "--listen", "127.0.0.1:0", "--backup", backup, "--log-format", "json")
	cmd.Env = environ("LOCKFLIGHT_TOKEN=" + backendToken)
	e := run(t, cmd)
	t.Cleanup(func() { _ = e.cmd.Process.Kill() })
	if line, err := e.line(); err != nil || !strings.Contains(line, " is serving at ") {
		t.Fatalf("the edge said %q (%v); its log:\n%s", line, err, e.log)
	}
	return e
}

// end asks the process to end.
func (p *process) end(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.wait(t)
}

// recorded counts the records of a type.
func (p *plane) recorded(t *testing.T, typ string) int {
	t.Helper()
	var page struct {
		Records []audit.Record `json:"records"`
	}
	p.must(t, http.MethodGet, "/api/v1/audit/records?type="+typ, nil, &page)
	return len(page.Records)
}

// await polls until something holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begin := time.Now(); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Since(begin) > 2*patience {
			t.Fatalf("not within %v: %s", 2*patience, what)
		}
	}
}
