package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// tokens are those that both servers start with, by the names that steps use.
var tokens = map[string]string{
	"admin":    "*:*.conformance-admin",
	"backend":  "default:development.conformance-backend",
	"frontend": "default:development.conformance-frontend",
}

// environment is what both servers are started with.
func environment(more ...string) []string {
	return append(append(os.Environ(),
		"TZ=UTC",
		"INIT_ADMIN_API_TOKENS="+tokens["admin"],
		"INIT_BACKEND_API_TOKENS="+tokens["backend"],
		"INIT_FRONTEND_API_TOKENS="+tokens["frontend"]), more...)
}

// server is a running process.
type server struct {
	url string
	cmd *exec.Cmd
	log string
}

// startUnleash runs the npm package that is installed in dir on a database.
func startUnleash(ctx context.Context, dir, database string) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	program := filepath.Join(dir, "node_modules", "unleash-server", "dist", "server.js")
	if _, err := os.Stat(program); err != nil {
		return nil, fmt.Errorf("unleash-server is not installed: %w; run `make conformance`", err)
	}
	cmd := exec.CommandContext(ctx, "node", program)
	cmd.Env = environment(
		"DATABASE_URL="+database, "DATABASE_SSL=false", "HTTP_HOST=127.0.0.1", "HTTP_PORT="+strconv.Itoa(port),
		"NODE_ENV=production", "UNLEASH_EXPERIMENTAL_ENABLE_LEGACY_VARIANTS=true", "LOG_LEVEL=warn", "CHECK_VERSION=false", "SEND_TELEMETRY=false")
	return start(ctx, cmd, port)
}

// startLockflight runs the binary on a database of its own.
func startLockflight(ctx context.Context, binary, data string) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, binary, "serve", "--listen", address(port), "--data", data)
	cmd.Env = environment()
	return start(ctx, cmd, port)
}

// start runs a command and waits until its server is healthy. What it prints is
// in a file, which the error of one that is not has.
func start(ctx context.Context, cmd *exec.Cmd, port int) (*server, error) {
	log, err := os.CreateTemp("", "lockflight-conformance-*.log")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{url: "http://" + address(port), cmd: cmd, log: log.Name()}
	if err := s.healthy(ctx); err != nil {
		said, readErr := os.ReadFile(s.log)
		return nil, errors.Join(fmt.Errorf("%s: %w\n%s", cmd.Args[0], err, said), readErr, s.stop())
	}
	return s, nil
}

const patience = 2 * time.Minute

func (s *server) healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var last error
	for {
		if last = s.probe(ctx); last == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not healthy: %w", last)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (s *server) probe(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/health", http.NoBody)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return errors.New(answer.Status)
	}
	return nil
}

// stop ends the process and removes what it printed.
func (s *server) stop() error {
	err := s.cmd.Cancel()
	_ = s.cmd.Wait() // it ended as it was told to
	return errors.Join(err, os.Remove(s.log))
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// freePort returns a port of 127.0.0.1 that was free a moment ago.
func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
