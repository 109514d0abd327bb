package sdk

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

const (
	// streamRetry is how long the client polls before it tries again to
	// stream from a server that could not.
	streamRetry = 5 * time.Minute
	// steadyStream is how long a stream must have lasted for the next
	// reconnection to be prompt.
	steadyStream = 30 * time.Second
	// pollAfter is after how many failures of the stream the client polls
	// between attempts.
	pollAfter = 3
	// Streams that fail are tried again after firstWait to lastWait, so that
	// a client whose network is back agrees with its server within 5 s.
	firstWait = time.Second
	lastWait  = 4 * time.Second
)

// errPoll says that the server does not stream, for now.
var errPoll = errors.New("the server does not stream")

// follower keeps a client's configuration up to date. It belongs to one
// goroutine.
type follower struct {
	client *Client

	// lastEventID is the id up to which the client's state has the stream's
	// events, so that deltas can be applied to it. It
	// is "" where the next stream has to begin with a hydration.
	lastEventID string
	// etag is that of the client's state, "" where it did not come from a poll.
	etag string

	pollUntil    time.Time
	streaming    backoff
	polling      backoff
	streamFailed bool // its last attempt; so that a failure is logged once
	pollFailed   bool
}

// run follows the server until ctx ends.
func (f *follower) run(ctx context.Context) {
	f.streaming = backoff{first: firstWait, limit: lastWait}
	f.polling = backoff{first: f.client.options.RefreshInterval, limit: 10 * f.client.options.RefreshInterval}
	for wait := time.Duration(0); wait == 0 || pause(ctx, wait); {
		if f.client.options.DisableStreaming || time.Now().Before(f.pollUntil) {
			wait = f.pollOnce(ctx)
		} else {
			wait = f.streamOnce(ctx)
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// streamOnce follows one stream to its end. It returns how long to wait.
func (f *follower) streamOnce(ctx context.Context) time.Duration {
	began := time.Now()
	err := f.stream(ctx)
	if ctx.Err() != nil {
		return 0
	}
	f.failed(ctx, err, &f.streamFailed)
	if errors.Is(err, errPoll) {
		f.pollUntil = time.Now().Add(streamRetry)
		return 0
	}
	if time.Since(began) >= steadyStream {
		f.streaming.reset()
	}
	wait := f.streaming.next()
	if f.streaming.failures >= pollAfter {
		f.pollOnce(ctx)
	}
	return wait
}

// pollOnce asks once for the configuration. It returns how long to wait.
func (f *follower) pollOnce(ctx context.Context) time.Duration {
	if err := f.poll(ctx); err != nil {
		f.failed(ctx, err, &f.pollFailed)
		return f.polling.next()
	}
	f.pollFailed = false
	f.polling.reset()
	return jitter(f.client.options.RefreshInterval)
}

// failed remembers err for WaitReady, and logs the first of a run of failures
// for people to see.
func (f *follower) failed(ctx context.Context, err error, before *bool) {
	if err == nil || ctx.Err() != nil {
		return
	}
	f.client.trouble.Store(&err)
	level := slog.LevelWarn
	if *before {
		level = slog.LevelDebug
	}
	*before = true
	f.client.logger.LogAttrs(ctx, level, "the server cannot be followed", slog.Any("error", err))
}

// serve publishes a state of the server.
func (f *follower) serve(ctx context.Context, s *state) {
	before := f.client.state.Load()
	if before.source == SourceServer && s.seq < before.seq {
		f.client.logger.LogAttrs(ctx, slog.LevelWarn, "the server's configuration went back",
			slog.Int64("from", before.seq), slog.Int64("to", s.seq))
	}
	f.client.publish(s)
	f.client.confirm()
}
