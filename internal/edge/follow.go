package edge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"mime"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockflight/lockflight/internal/signed"
	"github.com/lockflight/lockflight/internal/sse"
)

const (
	// readTimeout is how long a stream may be silent. Upstreams send a comment
	// every 30 s.
	readTimeout = 60 * time.Second
	// pollEvery is how often an upstream that does not stream is asked, and
	// streamRetry when it is tried whether it does by now.
	pollEvery   = 5 * time.Second
	streamRetry = 5 * time.Minute
	// Attempts that fail are spaced out from firstWait to lastWait, each drawn
	// from its upper half, so that edges that lost an upstream together come
	// back apart, and still within 5 s.
	firstWait = 250 * time.Millisecond
	lastWait  = 4 * time.Second
)

var errNoStream = errors.New("the upstream does not stream")

// run follows the upstream, and lets the hub follow the follower, until ctx
// ends.
func (f *follower) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return f.hub.Run(ctx) })
	g.Go(func() error {
		f.follow(ctx)
		return nil
	})
	return g.Wait()
}

func (f *follower) follow(ctx context.Context) {
	wait, failing := time.Duration(0), false
	for pause(ctx, wait) {
		began := time.Now()
		err := f.stream(ctx)
		if errors.Is(err, errNoStream) {
			err = f.poll(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > lastWait {
			wait, failing = 0, false
		}
		level := slog.LevelWarn
		if failing {
			level = slog.LevelDebug
		}
		f.log.LogAttrs(ctx, level, "the upstream cannot be followed; serving what is held",
			slog.String("environment", f.scope.Environment), slog.Any("error", err))
		failing = true
		wait = min(max(2*wait, firstWait), lastWait)
	}
}

// pause waits for d, drawn from its upper half. It reports false where ctx
// ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d/2 + rand.N(d/2+1))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// stream follows Unleash's GET /api/client/streaming until it ends, and returns
// why it did: errNoStream where the upstream has none.
func (f *follower) stream(ctx context.Context) error {
	secret, seq := f.position()
	if secret == "" {
		return errors.New("no token of this scope has been seen since the start")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	silent := time.AfterFunc(readTimeout, cancel)
	defer silent.Stop()
	answer, err := f.up.get(ctx, "/api/client/streaming", secret, "Last-Event-ID", seq)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	switch media, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); {
	case answer.StatusCode == http.StatusNotFound, answer.StatusCode == http.StatusOK && media != "text/event-stream":
		return errNoStream
	case answer.StatusCode != http.StatusOK:
		return &statusError{"/api/client/streaming", answer.StatusCode}
	}
	if err := f.trust.pin(answer.Header.Get(signed.KeyHeader)); err != nil {
		return err
	}
	connected := false
	reader := sse.NewReader(heard{answer.Body, func() {
		silent.Reset(readTimeout)
		if connected {
			f.confirm()
		}
	}})
	for {
		m, err := reader.Next()
		if err != nil {
			return fmt.Errorf("reading the stream: %w", err)
		}
		if m.Event != "unleash-connected" && m.Event != "unleash-updated" {
			continue
		}
		if err := f.take(newPayload(m.ID, m.Data, m.Signature)); err != nil {
			return err
		}
		connected = true
	}
}

// heard calls beat whenever something is read.
type heard struct {
	io.Reader
	beat func()
}

func (h heard) Read(p []byte) (int, error) {
	n, err := h.Reader.Read(p)
	if n > 0 {
		h.beat()
	}
	return n, err
}

// poll asks Unleash's GET /api/client/delta again and again, until it is time
// to see whether the upstream streams by now, or asking fails.
func (f *follower) poll(ctx context.Context) error {
	until := time.Now().Add(streamRetry)
	for time.Now().Before(until) {
		if err := f.pollOnce(ctx); err != nil {
			return err
		}
		if !pause(ctx, pollEvery) {
			return ctx.Err()
		}
	}
	return errNoStream
}

func (f *follower) pollOnce(ctx context.Context) error {
	_, seq := f.position()
	return f.ask(ctx, seq)
}

// ask asks for what came after a sequence number, 0 for all of it.
func (f *follower) ask(ctx context.Context, seq int64) error {
	secret, _ := f.position()
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	answer, err := f.up.get(ctx, "/api/client/delta", secret, "If-None-Match", seq)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	switch answer.StatusCode {
	case http.StatusNotModified:
		f.confirm()
		return nil
	case http.StatusOK:
	default:
		return &statusError{"/api/client/delta", answer.StatusCode}
	}
	if err := f.trust.pin(answer.Header.Get(signed.KeyHeader)); err != nil {
		return err
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return err
	}
	return f.take(newPayload(strings.Trim(answer.Header.Get("ETag"), `"`), body, answer.Header.Get(signed.Header)))
}
