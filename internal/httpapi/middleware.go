package httpapi

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Wrap puts around all routes what each of them needs: a request id, recovery
// from a panic, the access log (at debug level) and, where registry is not nil,
// the histogram lockflight_http_request_duration_seconds by route and status.
func Wrap(next http.Handler, log *slog.Logger, registry prometheus.Registerer) http.Handler {
	durations := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "lockflight_http_request_duration_seconds",
		Help: "Time to answer a request, by route and status. A stream counts when it is open, over HTTP/2 when it ends.",
	}, []string{"route", "status"})
	if registry != nil {
		registry.MustRegister(durations)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		a := &answer{ResponseWriter: w, id: requestID(r)}
		w.Header()["X-Request-Id"] = []string{a.id}
		r = r.WithContext(context.WithValue(r.Context(), answerKey{}, a))
		defer func() { //nolint:contextcheck // it is that of r
			took := time.Since(start)
			durations.WithLabelValues(r.Pattern, statusText(a.status)).Observe(took.Seconds())
			if !log.Enabled(r.Context(), slog.LevelDebug) {
				return
			}
			log.LogAttrs(r.Context(), slog.LevelDebug, "answered a request",
				slog.String("request_id", a.id), slog.String("method", r.Method), slog.String("path", r.URL.Path),
				slog.Int("status", a.status), slog.Int64("bytes", a.bytes), slog.Duration("took", took))
		}()
		defer recovered(a, r, log)
		next.ServeHTTP(a, r)
	})
}

// statusText is a status in digits, without an allocation for the most frequent.
func statusText(status int) string {
	switch status {
	case http.StatusOK:
		return "200"
	case http.StatusNotModified:
		return "304"
	}
	return strconv.Itoa(status)
}

// recovered answers 500 after a panic, where nothing was answered yet. The
// panic that net/http has for giving up a response goes on.
func recovered(a *answer, r *http.Request, log *slog.Logger) {
	cause := recover()
	if cause == nil {
		return
	}
	if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(http.ErrAbortHandler)
	}
	log.LogAttrs(r.Context(), slog.LevelError, "panic while answering a request",
		slog.String("request_id", RequestID(r.Context())), slog.String("route", r.Pattern),
		slog.String("panic", fmt.Sprint(cause)), slog.String("stack", string(debug.Stack())))
	if a.status == 0 {
		WriteProblem(a, r, opaque(r.Context()))
	}
}

// answer notes what was written, and what is known of the request: of one
// value, so that the context of a request is made once.
type answer struct {
	http.ResponseWriter
	status int
	bytes  int64
	id     string
	caller Caller
}

// WriteHeader notes the first final status: an informational one (1xx) comes
// before it.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes of the body. The first one means 200, as in net/http.
func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(b)
	a.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach what is underneath.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

type answerKey struct{}

// answerOf returns the answer of the request that ctx belongs to, nil outside
// of Wrap.
func answerOf(ctx context.Context) *answer {
	a, _ := ctx.Value(answerKey{}).(*answer)
	return a
}

// RequestID returns the id of the request that ctx belongs to, "" where it has
// none.
func RequestID(ctx context.Context) string {
	if a := answerOf(ctx); a != nil {
		return a.id
	}
	return ""
}

// maxID is how long a request id may be that a proxy has given.
const maxID = 64

// requestID takes over the id that a proxy has given, where it is a plain one.
func requestID(r *http.Request) string {
	if id := r.Header.Get("X-Request-Id"); id != "" && len(id) <= maxID && plainID(id) {
		return id
	}
	return ids.next()
}

func plainID(id string) bool {
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// ids are request ids of this process: text that no other has, and a number.
var ids = &idSequence{prefix: rand.Text()[:12] + "-"}

type idSequence struct {
	prefix string
	last   atomic.Uint64
}

func (s *idSequence) next() string {
	var room [40]byte
	return string(strconv.AppendUint(append(room[:0], s.prefix...), s.last.Add(1), 36))
}
