package e2e

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The tokens that every plane of the tests starts with.
const (
	adminToken   = "*:*.e2e-admin"
	backendToken = "*:" + environment + ".e2e-backend"
	environment  = "development"
)

// patience is how long a test waits for what takes moments, on a busy machine.
const patience = 30 * time.Second

// plane is a control plane: its data, and the process that serves it while one
// does.
type plane struct {
	data     string   // directory of the SQLite files and the signing key
	database string   // URL of PostgreSQL, empty for SQLite
	grpc     string   // where it takes OTLP over gRPC, empty where it does not
	flags    []string // of serve, beside those that every plane has
	url      string   // of the latest process
	process  *process
}

func newPlane(t *testing.T) *plane {
	t.Helper()
	p := &plane{data: t.TempDir()}
	t.Cleanup(func() {
		if p.process != nil {
			p.kill(t)
		}
	})
	return p
}

// start runs the server on the plane's data, and returns when it is ready.
func (p *plane) start(t *testing.T) {
	t.Helper()
	p.spawn(t)
	line, err := p.process.line()
	_, url, ok := strings.Cut(line, " is serving at ")
	if !ok {
		p.kill(t)
		t.Fatalf("the server said %q (%v), want where it is serving; its log:\n%s", line, err, p.process.log)
	}
	p.url = url
	p.ready(t)
}

// spawn starts a server process and does not wait for it.
func (p *plane) spawn(t *testing.T) {
	t.Helper()
	args := []string{"serve", "--listen", "127.0.0.1:0", "--data", p.data, "--log-format", "json"}
	args = append(args, p.flags...)
	if p.database != "" {
		args = append(args, "--database-url", p.database)
	}
	if p.grpc != "" {
		args = append(args, "--otlp-grpc", p.grpc)
	}
	cmd := exec.Command(binary(t), args...)
	cmd.Env = environ("INIT_ADMIN_API_TOKENS="+adminToken, "INIT_BACKEND_API_TOKENS="+backendToken)
	p.process = run(t, cmd)
}

// ready polls /ready until it answers 200.
func (p *plane) ready(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		answer, err := p.send(ctx, request{method: http.MethodGet, path: "/ready"})
		if err == nil && answer.status == http.StatusOK {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("GET /ready = %d, %v; want 200 within %s; the server's log:\n%s", answer.status, err, patience, p.process.log)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// kill ends the process as a power cut would, for all that it can tell.
func (p *plane) kill(t *testing.T) {
	t.Helper()
	_ = p.process.cmd.Process.Kill()
	p.process.wait(t)
}

// stop asks the process to end, and returns how long it took. It must end well.
func (p *plane) stop(t *testing.T) time.Duration {
	t.Helper()
	begin := time.Now()
	if err := p.process.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := p.process.wait(t); code != 0 {
		t.Errorf("server after SIGTERM: exit status %d, want 0; its log:\n%s", code, p.process.log)
	}
	return time.Since(begin)
}

// process is a running program.
type process struct {
	cmd   *exec.Cmd
	out   *bufio.Reader
	log   *syncBuffer // what it writes to standard error
	ended chan struct{}
}

// run starts cmd with its output piped and its errors kept.
func run(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, log: &syncBuffer{}, ended: make(chan struct{})}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = write, p.log
	p.out = bufio.NewReader(read)
	if err := errors.Join(cmd.Start(), write.Close()); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait() // its exit status is in ProcessState
		close(p.ended)
	}()
	t.Cleanup(func() { read.Close() })
	return p
}

// line returns the next line of the process's output.
func (p *process) line() (string, error) {
	s, err := p.out.ReadString('\n')
	return strings.TrimSuffix(s, "\n"), err
}

// wait returns the exit status of a process that is about to end: -1 where a
// signal ended it.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		t.Fatalf("%s did not end within %s; its log:\n%s", p.cmd.Args[1], patience, p.log)
	}
	if strings.Contains(p.log.String(), "DATA RACE") {
		t.Errorf("%s:\n%s", p.cmd.Args[1], p.log)
	}
	return p.cmd.ProcessState.ExitCode()
}

// syncBuffer is a buffer that is read while a process writes to it.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// result is what a command of the program came to.
type result struct {
	code        int
	out, errors string
}

// cli runs a command with the plane's URL and an admin token.
func (p *plane) cli(t *testing.T, stdin io.Reader, args ...string) result {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary(t), args...)
	cmd.Env = environ("LOCKFLIGHT_URL="+p.url, "LOCKFLIGHT_TOKEN="+adminToken)
	cmd.Stdin = stdin
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatalf("lockflight %s: %v", strings.Join(args, " "), err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// environ is this process's environment without what would configure the
// program, and with more.
func environ(more ...string) []string {
	var out []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "LOCKFLIGHT_") && !strings.HasPrefix(v, "INIT_") {
			out = append(out, v)
		}
	}
	return append(out, more...)
}
