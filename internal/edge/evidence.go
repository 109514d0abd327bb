package edge

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// EvidencePatterns are the routes of evidence, which ServeEvidence answers.
var EvidencePatterns = []string{"POST /api/v1/evidence", "POST /v1/traces", "POST /v1/metrics", "POST /v1/logs"}

const (
	// evidenceTimeout bounds a request with evidence: the plane answers once it
	// is durable.
	evidenceTimeout = 30 * time.Second
	// maxForwarding is how many requests with evidence are passed on at once.
	maxForwarding = 64
)

// What is passed on of a request with evidence, and of its answer.
var (
	evidenceHeaders = []string{"Authorization", "Content-Type", "Content-Encoding", "Accept", "User-Agent"}
	answerHeaders   = []string{"Content-Type", "Retry-After", "Www-Authenticate"}
)

var errEvidence = control.Errorf(control.Unavailable, "upstream_away",
	"the edge keeps no evidence, and its upstream does not take it now; send it again")

// ServeEvidence passes a request with evidence on, unchanged and with the token
// that it came with, and the upstream's answer back: what is accepted, the plane
// has. While the upstream is away the error is one of Kind Unavailable, and SDKs
// and exporters of OpenTelemetry send again. It is an httpapi.Handler.
func (e *Edge) ServeEvidence(w http.ResponseWriter, r *http.Request) error {
	select {
	case e.forwarding <- struct{}{}:
		defer func() { <-e.forwarding }()
	default:
		e.count.evidence.WithLabelValues("busy").Inc()
		return errEvidence
	}
	ctx, cancel := context.WithTimeout(r.Context(), evidenceTimeout)
	defer cancel()
	out, err := http.NewRequestWithContext(ctx, http.MethodPost, e.up.base+r.URL.Path, r.Body)
	if err != nil {
		return err
	}
	out.ContentLength = r.ContentLength
	copyHeaders(out.Header, r.Header, evidenceHeaders)
	answer, err := e.up.client.Do(out)
	if err != nil {
		e.count.evidence.WithLabelValues("away").Inc()
		e.log.LogAttrs(ctx, slog.LevelDebug, "passing evidence on", slog.Any("error", err))
		return errEvidence
	}
	defer func() { _ = answer.Body.Close() }()
	e.count.evidence.WithLabelValues(strconv.Itoa(answer.StatusCode)).Inc()
	copyHeaders(w.Header(), answer.Header, answerHeaders)
	w.WriteHeader(answer.StatusCode)
	_, _ = io.Copy(w, io.LimitReader(answer.Body, maxAnswer)) // the client sends again where it fails
	return nil
}

func copyHeaders(to, from http.Header, names []string) {
	for _, name := range names {
		if values := from.Values(name); len(values) > 0 {
			to[name] = values
		}
	}
}
