package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/lockflight/lockflight/internal/control"
)

var quiet = slog.New(slog.DiscardHandler)

func TestServe(t *testing.T) {
	t.Parallel()
	tests := []struct {
		err  error
		want Problem
	}{
		{control.Invalidf("a.b", "is wrong"), Problem{Title: "Bad Request", Status: 400, Code: "invalid", Field: "a.b", Detail: "is wrong"}},
		{control.Errorf(control.Unauthenticated, "c", "m"), Problem{Title: "Unauthorized", Status: 401, Code: "c", Detail: "m"}},
		{control.Errorf(control.Denied, "c", "m"), Problem{Title: "Forbidden", Status: 403, Code: "c", Detail: "m"}},
		{control.Errorf(control.NotFound, "c", "m"), Problem{Title: "Not Found", Status: 404, Code: "c", Detail: "m"}},
		{control.Errorf(control.Exists, "c", "m"), Problem{Title: "Conflict", Status: 409, Code: "c", Detail: "m"}},
		{control.Errorf(control.Conflict, "c", "m"), Problem{Title: "Conflict", Status: 409, Code: "c", Detail: "m"}},
		{control.Errorf(control.TooLarge, "c", "m"), Problem{Title: "Request Entity Too Large", Status: 413, Code: "c", Detail: "m"}},
		{control.Errorf(control.Limited, "c", "m"), Problem{Title: "Too Many Requests", Status: 429, Code: "c", Detail: "m"}},
		{control.Errorf(control.Unavailable, "c", "m"), Problem{Title: "Service Unavailable", Status: 503, Code: "c", Detail: "m"}},
		{fmt.Errorf("doing: %w", control.Errorf(control.NotFound, "c", "m")), Problem{Title: "Not Found", Status: 404, Code: "c", Detail: "m"}},
		{fmt.Errorf("reading: %w", context.DeadlineExceeded), Problem{Title: "Service Unavailable", Status: 503, Code: "interrupted", Detail: "the request was not finished in time"}},
		{errors.New("disk on fire"), Problem{Title: "Internal Server Error", Status: 500, Code: "internal", Detail: "something went wrong on the server; its log says what"}},
		{control.Errorf(control.Internal, "c", "disk on fire"), Problem{Title: "Internal Server Error", Status: 500, Code: "internal", Detail: "something went wrong on the server; its log says what"}},
	}
	for _, tt := range tests {
		t.Run(tt.err.Error(), func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			h := Serve(quiet, WriteProblem, func(http.ResponseWriter, *http.Request) error { return tt.err })
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
			var got Problem
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			tt.want.Type = "about:blank"
			if diff := cmp.Diff(tt.want, got); diff != "" || w.Code != tt.want.Status {
				t.Errorf("status %d (-want +got):\n%s", w.Code, diff)
			}
			if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("Content-Type = %s", got)
			}
		})
	}
}

type keys map[string]control.Principal

func (k keys) Authenticate(_ context.Context, secret string) (control.Principal, control.Token, error) {
	p, ok := k[secret]
	if !ok {
		return p, control.Token{}, control.Errorf(control.Unauthenticated, "unauthenticated", "not known")
	}
	return p, control.Token{ID: p.ID}, nil
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	h := Serve(quiet, WriteProblem, Authenticate(keys{"s3cret": {ID: "p"}}, func(w http.ResponseWriter, r *http.Request) error {
		_, err := fmt.Fprint(w, CallerOf(r.Context()).Principal.ID, CallerOf(r.Context()).Token.ID)
		return err
	}))
	for header, want := range map[string]int{
		"s3cret": 200, "Bearer s3cret": 200, "bEARER  s3cret ": 200,
		"": 401, "Bearer": 401, "Bearer ": 401, "wrong": 401, "Basic s3cret": 401,
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", header)
		h.ServeHTTP(w, r)
		if w.Code != want || want == 200 && w.Body.String() != "pp" {
			t.Errorf("Authorization %q: %d %s, want %d", header, w.Code, w.Body, want)
		}
	}
	if got := CallerOf(t.Context()); got.Principal.May(control.PermRead, control.Scope{}) == nil {
		t.Error("the zero Caller may read")
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	registry := prometheus.NewRegistry()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /panic/{id}", func(http.ResponseWriter, *http.Request) { panic("secret detail") })
	mux.HandleFunc("GET /late", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		panic("after the header")
	})
	mux.HandleFunc("GET /id", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, RequestID(r.Context())) })
	h := Wrap(mux, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), registry)
	get := func(path, id string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("X-Request-Id", id)
		h.ServeHTTP(w, r)
		return w
	}
	if w := get("/panic/1", "abc-1"); w.Code != 500 || strings.Contains(w.Body.String(), "secret") || !strings.Contains(w.Body.String(), "abc-1") {
		t.Errorf("a panic: %d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "secret detail") || !strings.Contains(log.String(), "request_id=abc-1") {
		t.Errorf("the log does not say what happened: %s", &log)
	}
	if w := get("/late", ""); w.Code != http.StatusTeapot {
		t.Errorf("a panic after the header: %d", w.Code)
	}
	for sent, keep := range map[string]bool{"proxy.7": true, "": false, "two words": false, strings.Repeat("x", 65): false} {
		w := get("/id", sent)
		if got := w.Body.String(); got != w.Header().Get("X-Request-Id") || (got == sent) != keep {
			t.Errorf("request id %q became %q", sent, got)
		}
	}
	families, err := registry.Gather()
	if err != nil || len(families) != 1 {
		t.Fatalf("Gather = %v, %v", families, err)
	}
	if got := families[0].String(); !strings.Contains(got, `"GET /panic/{id}"`) || !strings.Contains(got, `"418"`) {
		t.Errorf("the histogram: %s", got)
	}
}

func TestWrapAborts(t *testing.T) {
	t.Parallel()
	h := Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), quiet, nil)
	defer func() {
		if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("recovered %v, want http.ErrAbortHandler", err)
		}
	}()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
}

// never is a next that nothing comes from.
func never(ctx context.Context) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func always(context.Context) bool { return true }

func TestStreamKeepsAlive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 95*time.Second)
		defer cancel()
		w := httptest.NewRecorder()
		if err := OpenStream(w).Run(ctx, never, always); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Run = %v, want the error of its context", err)
		}
		if got, want := w.Body.String(), strings.Repeat(": keep-alive\n\n", 3); got != want {
			t.Errorf("in 95 s of silence: %q, want %q", got, want)
		}
		if got := w.Header().Get("Content-Type"); got != "text/event-stream" || !w.Flushed {
			t.Errorf("Content-Type = %s, flushed %v", got, w.Flushed)
		}
	})
}

func TestStreamSends(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		end := errors.New("no more")
		events := []string{"id: 1\ndata: a\n\n", "id: 2\ndata: b\n\n"}
		w := httptest.NewRecorder()
		err := OpenStream(w).Run(t.Context(), func(context.Context) ([]byte, error) {
			time.Sleep(3 * time.Second)
			if len(events) == 0 {
				return nil, end
			}
			next := events[0]
			events = events[1:]
			return []byte(next), nil
		}, always)
		if want := "id: 1\ndata: a\n\nid: 2\ndata: b\n\n"; w.Body.String() != want || !errors.Is(err, end) {
			t.Errorf("sent %q, %v, want %q", w.Body, err, want)
		}
	})
}

// TestStreamEndsWithToken ends a stream when its token does, while events keep
// coming and while none do.
func TestStreamEndsWithToken(t *testing.T) {
	t.Parallel()
	busy := func(context.Context) ([]byte, error) {
		time.Sleep(time.Millisecond)
		return []byte("data\n\n"), nil
	}
	for name, next := range map[string]func(context.Context) ([]byte, error){"busy": busy, "idle": never} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				revoked := start.Add(12 * time.Second)
				valid := func(context.Context) bool { return time.Now().Before(revoked) }
				if err := OpenStream(httptest.NewRecorder()).Run(t.Context(), next, valid); err != nil {
					t.Fatal(err)
				}
				if after := time.Since(revoked); after < 0 || after > checkEvery {
					t.Errorf("ended %v after the token, want at most %v", after, checkEvery)
				}
			})
		})
	}
}

// deadWriter is a connection whose other end takes nothing: a write lasts until
// its deadline.
type deadWriter struct {
	http.ResponseWriter
	deadline time.Time
}

func (d *deadWriter) SetWriteDeadline(t time.Time) error { d.deadline = t; return nil }

func (d *deadWriter) Write([]byte) (int, error) {
	time.Sleep(time.Until(d.deadline))
	return 0, context.DeadlineExceeded
}

func TestStreamDeadReader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		err := OpenStream(&deadWriter{ResponseWriter: httptest.NewRecorder()}).Run(t.Context(), func(context.Context) ([]byte, error) {
			return []byte("data\n\n"), nil
		}, always)
		if err == nil || time.Since(start) != writeTimeout {
			t.Errorf("Run = %v after %v, want an error after %v", err, time.Since(start), writeTimeout)
		}
	})
}
