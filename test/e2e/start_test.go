package e2e

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"syscall"
	"testing"
	"time"
)

// TestKillFirstStart kills a server while it makes its data. What it leaves, the
// next start completes.
func TestKillFirstStart(t *testing.T) {
	t.Parallel()
	binary(t) // is not to be built within the time that is measured
	whole := newPlane(t)
	begin := time.Now()
	whole.start(t)
	first := time.Since(begin)
	whole.stop(t)
	for range 8 {
		p := newPlane(t)
		p.spawn(t)
		after := rand.N(first)
		select {
		case <-time.After(after):
		case <-p.process.ended:
		}
		p.kill(t)
		p.start(t)
		p.must(t, http.MethodPost, features, map[string]string{"name": "alive"}, nil)
		p.stop(t)
		if v := p.auditStopped(t); v.Checkpoint != v.Size {
			t.Errorf("killed after %s: %d of %d records are signed in the end", after, v.Checkpoint, v.Size)
		}
	}
}

// stopLimit is how long a server may take to end: the grace for open requests,
// and some more.
const stopLimit = 8 * time.Second

// TestSignals asks a server to end, with a stream open: it does, in order, and
// signs the whole of the log.
func TestSignals(t *testing.T) {
	t.Parallel()
	for name, signal := range map[string]os.Signal{"SIGTERM": syscall.SIGTERM, "SIGINT": os.Interrupt} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlane(t)
			p.start(t)
			p.must(t, http.MethodPost, features, map[string]string{"name": "last"}, nil)
			ended := p.stream(t)
			begin := time.Now()
			if err := p.process.cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if code := p.process.wait(t); code != 0 {
				t.Errorf("exit status %d, want 0; the log:\n%s", code, p.process.log)
			}
			if took := time.Since(begin); took > stopLimit {
				t.Errorf("the server took %s to end, want at most %s", took, stopLimit)
			}
			<-ended
			if v := p.auditStopped(t); v.Checkpoint != v.Size || v.Size == 0 {
				t.Errorf("%d of %d records are signed, want all", v.Checkpoint, v.Size)
			}
		})
	}
}

// stream follows the plane's flags as an SDK does. The channel is closed when
// the server has ended the stream.
func (p *plane) stream(t *testing.T) <-chan struct{} {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/api/client/streaming", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", backendToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if _, err := resp.Body.Read(make([]byte, 1)); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET /api/client/streaming = %s, %v", resp.Status, err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, resp.Body)
	}()
	return ended
}
