package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
)

// Wrap puts around all routes what each of them needs: a request id, recovery
// from a panic, the access log (at debug level) and, where registry is not nil,
// the histogram lockflight_http_request_duration_seconds by route and status.
func Wrap(next http.Handler, log *slog.Logger, registry prometheus.Registerer) http.Handler {
	durations := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "lockflight_http_request_duration_seconds",
		Help: "Time to answer a request, by route and status. A stream counts when it ends.",
	}, []string{"route", "status"})
	if registry != nil {
		registry.MustRegister(durations)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		id := requestID(r)
		w.Header().Set("X-Request-Id", id)
		ctx := context.WithValue(r.Context(), requestIDKey{}, id)
		r = r.WithContext(ctx)
		a := &answer{ResponseWriter: w}
		defer func() {
			took := time.Since(start)
			durations.WithLabelValues(r.Pattern, strconv.Itoa(a.status)).Observe(took.Seconds())
			log.LogAttrs(ctx, slog.LevelDebug, "answered a request",
				slog.String("request_id", id), slog.String("method", r.Method), slog.String("path", r.URL.Path),
				slog.Int("status", a.status), slog.Int64("bytes", a.bytes), slog.Duration("took", took))
		}()
		defer recovered(a, r, log)
		next.ServeHTTP(a, r)
	})
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

// answer notes what was written.
type answer struct {
	http.ResponseWriter
	status int
	bytes  int64
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

type requestIDKey struct{}

// RequestID returns the id of the request that ctx belongs to, "" where it has
// none.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

var sentID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// requestID takes over the id that a proxy has given, where it is a plain one.
func requestID(r *http.Request) string {
	if id := r.Header.Get("X-Request-Id"); sentID.MatchString(id) {
		return id
	}
	return uuid.NewString()
}
