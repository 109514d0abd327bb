package e2e

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestKillWaits kills a flag from the command line: it says who serves that,
// and names an edge that takes what it is sent and does not apply it.
func TestKillWaits(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.start(t)
	p.must(t, http.MethodPost, features, map[string]string{"name": "agent"}, nil)
	edge := newEdgeServer(t, p.url)
	newFleet(t, p.url, 2)
	newFleet(t, "http://"+edge.listen, 3)

	kill := func(wait string) string {
		t.Helper()
		p.must(t, http.MethodPost, features+"/agent/environments/"+environment+"/on", nil, nil)
		got := p.cli(t, nil, "flag", "kill", "agent", "--wait", wait)
		if got.code != 0 {
			t.Fatalf("exit status %d: %s", got.code, got.errors)
		}
		return got.out
	}
	// Everybody has to be known first; then a kill waits for all six.
	for end := time.Now().Add(patience); !strings.Contains(kill("10s"), environment+": 6 of 6 in "); {
		if time.Now().After(end) {
			t.Fatalf("a kill never says that all six serve it:\n%s", kill("10s"))
		}
	}

	if err := edge.process.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	out := kill("1s")
	if err := edge.process.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, environment+": 2 of 6 in ") || !strings.Contains(out, "; missing: lockflight-edge edge-under-test, e2e ") ||
		strings.Count(out, " behind edge-under-test") != 3 {
		t.Errorf("with an edge that stands still, a kill says:\n%s", out)
	}
}
