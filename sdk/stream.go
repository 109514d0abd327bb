package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/lockflight/lockflight/internal/sse"
	"github.com/lockflight/lockflight/sdk/eval"
)

const (
	// firstByteTimeout is how long a stream may take to say something. A
	// proxy that holds the answer back is found this way.
	firstByteTimeout = 15 * time.Second
	// readTimeout is how long a stream may be silent after that. Servers send
	// a comment every 30 s.
	readTimeout = 60 * time.Second
)

var errSilent = errors.New("the stream is silent")

// stream follows Unleash's GET /api/client/streaming until it ends, and
// returns why it did. The error is errPoll where to stream is of no use for
// now.
//
// What it holds is dropped from after any message that cannot be folded: the
// next stream begins with a hydration.
func (f *follower) stream(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(firstByteTimeout, func() { cancel(errSilent) })
	defer watchdog.Stop()

	response, err := f.openStream(ctx)
	if err != nil {
		return silentFirst(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	if err := streams(response); err != nil {
		return err
	}
	connected := false
	body := &heartbeat{r: response.Body, beat: func() {
		watchdog.Reset(readTimeout)
		if connected {
			f.client.confirm()
		}
	}}
	reader := sse.NewReader(body)
	for {
		message, err := reader.Next()
		if err != nil {
			if !body.beaten {
				return silentFirst(ctx, err)
			}
			return fmt.Errorf("read the stream: %w", causeOf(ctx, err))
		}
		if err := f.handle(ctx, message); err != nil {
			return err
		}
		connected = true
	}
}

// openStream asks for the stream, from after what is already held.
func (f *follower) openStream(ctx context.Context) (*http.Response, error) {
	header := map[string]string{"Accept": "text/event-stream", "Cache-Control": "no-cache"}
	if f.lastEventID != "" {
		header["Last-Event-ID"] = f.lastEventID
	}
	return f.client.api.get(ctx, "/api/client/streaming", header)
}

// streams returns an error unless the answer is a stream, errPoll where this
// server has none to give.
func streams(response *http.Response) error {
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusNotImplemented:
		return fmt.Errorf("%w: %w", errPoll, newStatusError(response))
	default:
		return newStatusError(response)
	}
	contentType := response.Header.Get("Content-Type")
	if media, _, err := mime.ParseMediaType(contentType); err != nil || media != "text/event-stream" {
		return fmt.Errorf("%w: it answers with %q", errPoll, contentType)
	}
	return nil
}

// silentFirst returns errPoll where the stream ended because nothing came.
func silentFirst(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errSilent) {
		return fmt.Errorf("%w: %w", errPoll, errSilent)
	}
	return err
}

// causeOf returns why ctx ended, or err where it did not.
func causeOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// handle takes one message of the stream. After an error the stream is of no
// use any more.
func (f *follower) handle(ctx context.Context, m sse.Message) error {
	switch m.Event {
	case "unleash-connected", "unleash-updated":
		if err := f.apply(ctx, m); err != nil {
			f.lastEventID = ""
			return fmt.Errorf("apply event %q: %w", m.ID, err)
		}
	case "fetch-mode":
		if string(m.Data) == "polling" {
			return fmt.Errorf("%w: it asks to be polled", errPoll)
		}
	}
	return nil
}

// apply applies a message's delta to the state, and serves the result.
func (f *follower) apply(ctx context.Context, m sse.Message) error {
	var delta eval.Delta
	if err := json.Unmarshal(m.Data, &delta); err != nil {
		return err
	}
	if f.lastEventID == "" && !hydrates(delta) {
		return errors.New("changes without a hydration before them")
	}
	if len(delta.Events) == 0 {
		f.streamFailed = false
		f.client.confirm()
		return nil
	}
	seq := delta.Events[len(delta.Events)-1].EventID
	if id, err := strconv.ParseInt(m.ID, 10, 64); err == nil {
		seq = id
	}
	next, err := f.client.apply(ctx, f.client.state.Load(), delta, origin{SourceServer, seq})
	if err != nil {
		return err
	}
	f.streamFailed = false
	f.etag = ""
	f.lastEventID = strconv.FormatInt(seq, 10)
	f.serve(ctx, next)
	return nil
}

// hydrates reports whether a delta replaces all that was before it.
func hydrates(delta eval.Delta) bool {
	return len(delta.Events) > 0 && delta.Events[0].Type == eval.Hydration
}

// heartbeat calls beat whenever something is read.
type heartbeat struct {
	r      io.Reader
	beat   func()
	beaten bool
}

func (h *heartbeat) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	if n > 0 {
		h.beaten = true
		h.beat()
	}
	return n, err
}
