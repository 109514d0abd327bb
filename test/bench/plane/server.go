package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/lockflight/lockflight/test/bench/internal/process"
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
	*process.Process

	started time.Duration // from the start of the process until it is ready
	client  http.Client
}

// start runs the binary on a directory, with backend tokens, and waits until it
// is ready.
func start(ctx context.Context, binary, data string, tokens ...string) (*server, error) {
	s := &server{client: http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 8}}}
	began := time.Now()
	env := []string{"INIT_ADMIN_API_TOKENS=" + adminToken, "INIT_BACKEND_API_TOKENS=" + strings.Join(tokens, ",")}
	var err error
	s.Process, err = process.Start(ctx, env, binary, "serve", "--listen", "127.0.0.1:0", "--data", data, "--log-level", "warn")
	if err != nil {
		return nil, err
	}
	for {
		if _, err := s.get(ctx, "/ready", "", nil); err == nil {
			s.started = time.Since(began)
			return s, nil
		}
		if time.Since(began) > time.Minute {
			return nil, errors.Join(errors.New("the server is not ready after a minute"), s.Kill())
		}
		time.Sleep(time.Millisecond)
	}
}

// stop ends the server in order.
func (s *server) stop() error {
	s.client.CloseIdleConnections()
	return s.Stop()
}

// call makes a write as an administrator.
func (s *server) call(ctx context.Context, method, path string, in any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, s.URL+path, bytes.NewReader(body))
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
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+path, http.NoBody)
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

// allocated returns how many bytes the server has ever allocated.
func (s *server) allocated(ctx context.Context) (float64, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/metrics", http.NoBody)
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
