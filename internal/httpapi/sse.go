package httpapi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"
)

// The times of an event stream. SDKs give a stream up after 60 s of silence;
// Unleash Edge sends its comment every 30 s.
const (
	keepAliveEvery = 30 * time.Second
	checkEvery     = 5 * time.Second
	writeTimeout   = 15 * time.Second
)

// chunk is how much a reader has to take within writeTimeout.
const chunk = 64 << 10

// keepAlive is a comment, which clients read and pass over.
var keepAlive = []byte(": keep-alive\n\n")

// Stream writes server-sent events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html).
type Stream struct {
	w    http.ResponseWriter
	rc   *http.ResponseController
	sent time.Time
}

// OpenStream answers 200 and starts an event stream. Nothing else may write to
// w any more.
func OpenStream(w http.ResponseWriter) *Stream {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache, no-transform")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	w.WriteHeader(http.StatusOK)
	s := &Stream{w: w, rc: http.NewResponseController(w)}
	_ = s.rc.SetReadDeadline(time.Time{}) // the request has been read; the stream outlives its deadline
	_ = s.rc.Flush()                      // the client knows that it listens before there is something to hear
	return s
}

// Send writes one event, which ends in an empty line, at once. A reader that
// takes less than 64 KiB in 15 s is an error.
func (s *Stream) Send(event []byte) error {
	// HTTP/2 ends a stream whose deadline passes between writes too, so that it
	// is taken back. Not every writer has deadlines, which is no reason to fail.
	defer func() { _ = s.rc.SetWriteDeadline(time.Time{}) }()
	for part := range slices.Chunk(event, chunk) {
		_ = s.rc.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := s.w.Write(part); err != nil {
			return err
		}
	}
	s.sent = time.Now()
	return s.rc.Flush()
}

// Run sends what next returns, and a comment every 30 s while nothing comes. It
// returns nil once valid, which is asked every 5 s, says that the client may
// not listen any longer, and otherwise the error that ended it: that of ctx, of
// the connection, or of next. next waits until its own context ends, and
// returns that one's error.
func (s *Stream) Run(ctx context.Context, next func(context.Context) ([]byte, error), valid func(context.Context) bool) error {
	checked := time.Now()
	s.sent = checked
	for {
		event, err := within(ctx, checkEvery, next)
		switch {
		case err == nil:
			err = s.Send(event)
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
			err = s.idle()
		}
		if err != nil {
			return err
		}
		if time.Since(checked) >= checkEvery {
			if !valid(ctx) {
				return nil
			}
			checked = time.Now()
		}
	}
}

// idle says that the connection lives, where nothing has for long.
func (s *Stream) idle() error {
	if time.Since(s.sent) < keepAliveEvery {
		return nil
	}
	return s.Send(keepAlive)
}

func within(ctx context.Context, d time.Duration, next func(context.Context) ([]byte, error)) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return next(ctx)
}
