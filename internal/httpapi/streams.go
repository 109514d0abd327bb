package httpapi

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Source is what a stream sends.
type Source struct {
	Next  func(context.Context) ([]byte, error) // as in Stream.Run
	Valid func(context.Context) bool            // as in Stream.Run
	End   func(ctx context.Context, err error)  // called once, with why the stream ended
}

// streams are those of a server that go on without their handlers.
type streams struct {
	ctx  context.Context //nolint:containedctx // it is the server's
	open sync.WaitGroup
}

type streamsKey struct{}

// WithStreams returns a context for all requests of a server, under which
// streams outlive their handlers, until it ends. wait returns once they have.
func WithStreams(ctx context.Context) (_ context.Context, wait func()) {
	s := &streams{ctx: ctx}
	return context.WithValue(ctx, streamsKey{}, s), s.open.Wait
}

// ServeStream answers with an event stream. Under WithStreams it takes the
// connection over and returns once the stream is open, where it can: what
// net/http keeps for a request takes three times the memory of what a stream
// needs, and there may be tens of thousands. Otherwise, as over HTTP/2, it
// returns when the stream has ended.
func ServeStream(w http.ResponseWriter, r *http.Request, from Source) {
	s := OpenStream(w)
	if all, ok := r.Context().Value(streamsKey{}).(*streams); ok && r.ProtoMajor == 1 && r.ProtoMinor >= 1 {
		if conn, _, err := s.rc.Hijack(); err == nil {
			all.open.Go(func() { from.End(all.ctx, runChunked(all.ctx, conn, from)) })
			return
		}
	}
	from.End(r.Context(), s.Run(r.Context(), from.Next, from.Valid))
}

// runChunked runs a stream on a connection whose answer has begun.
func runChunked(ctx context.Context, conn net.Conn, from Source) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer func() { _ = conn.Close() }()
	go func() { // until the client, or Close, ends it
		defer cancel()
		for one := make([]byte, 1); ; {
			if _, err := conn.Read(one); err != nil {
				return
			}
		}
	}()
	w := chunked{conn}
	err := (&Stream{w: w, rc: http.NewResponseController(w)}).Run(ctx, from.Next, from.Valid)
	_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = conn.Write([]byte("0\r\n\r\n")) // the end, for a client that is still there
	return err
}

// chunked writes the body of an answer to a connection, each Write as a chunk
// (RFC 9112, 7.1) in one packet where it fits.
type chunked struct{ net.Conn }

// Header returns a header that nobody reads: it has been sent.
func (chunked) Header() http.Header { return http.Header{} }

// WriteHeader does nothing: the header has been sent.
func (chunked) WriteHeader(int) {}

// FlushError does nothing: what was written has been sent.
func (chunked) FlushError() error { return nil }

// Write sends one chunk. An empty one would end the answer.
func (c chunked) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	frame := NewBuffer()
	defer frame.Free()
	b := append(strconv.AppendInt(frame.Bytes, int64(len(p)), 16), "\r\n"...)
	frame.Bytes = append(append(b, p...), "\r\n"...)
	if _, err := c.Conn.Write(frame.Bytes); err != nil {
		return 0, err
	}
	return len(p), nil
}
