package httpapi

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestStreamTakenOver sends events on a connection that its handler has left,
// until the client leaves, or the server ends.
func TestStreamTakenOver(t *testing.T) {
	t.Parallel()
	for name, endedBy := range map[string]func(stop context.CancelFunc, body io.Closer){
		"the server": func(stop context.CancelFunc, _ io.Closer) { stop() },
		"the client": func(_ context.CancelFunc, body io.Closer) { _ = body.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			events, left, ended := make(chan []byte), make(chan struct{}), make(chan error, 1)
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer close(left)
				ServeStream(w, r, Source{
					Next: func(ctx context.Context) ([]byte, error) {
						select {
						case e := <-events:
							return e, nil
						case <-ctx.Done():
							return nil, ctx.Err()
						}
					},
					Valid: func(context.Context) bool { return true },
					End:   func(_ context.Context, err error) { ended <- err },
				})
			}))
			base, wait := WithStreams(ctx)
			server.Config.BaseContext = func(net.Listener) context.Context { return base }
			server.Start()
			defer server.Close()
			resp, err := server.Client().Get(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			<-left
			for _, want := range []string{"data: 1\n\n", "data: 2\n\n"} {
				events <- []byte(want)
				got := make([]byte, len(want))
				if _, err := io.ReadFull(resp.Body, got); err != nil || string(got) != want {
					t.Fatalf("read %q, %v, want %q", got, err, want)
				}
			}
			endedBy(stop, resp.Body)
			if err := <-ended; err == nil {
				t.Error("the stream ended by itself")
			}
			if name == "the server" {
				if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) > 0 {
					t.Errorf("the answer ends in %q, %v", rest, err)
				}
			}
			stop()
			wait()
		})
	}
}
