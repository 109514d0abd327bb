package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const adminToken = "*:*.bench-admin"

func backendToken(env string) string { return "*:" + env + ".bench-backend" }

// backendTokens are those of all environments, which must exist.
func backendTokens() (all []string) {
	for i := range environments {
		all = append(all, backendToken(environment(i)))
	}
	return all
}

// server is a control plane in a process of its own, as people run it.
type server struct {
	url     string
	cmd     *exec.Cmd
	started time.Duration // from the start of the process until it is ready
	client  http.Client
}

// start runs the binary on a directory, with backend tokens, and waits until it
// is ready.
func start(ctx context.Context, binary, data string, tokens ...string) (*server, error) {
	s := &server{client: http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 8}}}
	s.cmd = exec.CommandContext(ctx, binary, "serve", "--listen", "127.0.0.1:0", "--data", data, "--log-level", "warn")
	s.cmd.Stderr = os.Stderr
	s.cmd.Env = append(os.Environ(), "INIT_ADMIN_API_TOKENS="+adminToken, "INIT_BACKEND_API_TOKENS="+strings.Join(tokens, ","))
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	_, s.url, _ = strings.Cut(strings.TrimSpace(line), " is serving at ")
	if err != nil || s.url == "" {
		return nil, errors.Join(fmt.Errorf("the server says %q: %w", line, err), s.cmd.Process.Kill())
	}
	for {
		if _, err := s.get(ctx, "/ready", "", nil); err == nil {
			s.started = time.Since(began)
			return s, nil
		}
		if time.Since(began) > time.Minute {
			return nil, errors.Join(errors.New("the server is not ready after a minute"), s.cmd.Process.Kill())
		}
		time.Sleep(time.Millisecond)
	}
}

// stop ends the server in order.
func (s *server) stop() error {
	s.client.CloseIdleConnections()
	return errors.Join(s.cmd.Process.Signal(syscall.SIGTERM), s.cmd.Wait())
}

// call makes a write as an administrator.
func (s *server) call(ctx context.Context, method, path string, in any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", adminToken)
	r.Header.Set("Content-Type", "application/json")
	_, err = s.do(r, nil)
	return err
}

// answer is what a read came to.
type answer struct {
	status int
	header http.Header
	bytes  int64
}

// get makes a read with a token and headers, and throws the body away.
func (s *server) get(ctx context.Context, path, token string, header map[string]string) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, http.NoBody)
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Authorization", token)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	return s.do(r, io.Discard)
}

// do sends a request; anything but a success or 304 is an error.
func (s *server) do(r *http.Request, body io.Writer) (answer, error) {
	resp, err := s.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	var said bytes.Buffer
	if resp.StatusCode >= http.StatusBadRequest {
		_, err = io.Copy(&said, resp.Body)
		return answer{}, cmp.Or(err, fmt.Errorf("%s %s: %s %.500s", r.Method, r.URL.Path, resp.Status, said.String()))
	}
	if body == nil {
		body = io.Discard
	}
	n, err := io.Copy(body, resp.Body)
	return answer{resp.StatusCode, resp.Header, n}, err
}

// memory returns a line of /proc/PID/status in bytes: VmRSS, what is resident
// now, or VmHWM, the most that ever was.
func (s *server) memory(name string) (int64, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(s.cmd.Process.Pid), "status"))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), name+":")
	line, _, _ := strings.Cut(rest, "\n")
	kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(line), " kB"), 10, 64)
	return kb << 10, err
}

// allocated returns how many bytes the server has ever allocated.
func (s *server) allocated(ctx context.Context) (float64, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/metrics", http.NoBody)
	if err != nil {
		return 0, err
	}
	var text bytes.Buffer
	if _, err := s.do(r, &text); err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(text.String(), "\ngo_memstats_alloc_bytes_total ")
	line, _, _ := strings.Cut(rest, "\n")
	return strconv.ParseFloat(line, 64)
}
