package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/lockflight/lockflight/internal/httpapi"
)

// On the way out, requests have shutdownGrace to end by themselves. Streams
// never do: they are ended after streamGrace, when writes are long answered.
const (
	shutdownGrace = 5 * time.Second
	streamGrace   = 500 * time.Millisecond
)

func newServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute, // streams lift it
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// serve answers requests until ctx ends, and then those that are open.
func serve(ctx context.Context, server *http.Server, listener net.Listener) error {
	requests, endRequests := context.WithCancel(context.WithoutCancel(ctx))
	requests, waitStreams := httpapi.WithStreams(requests)
	defer waitStreams()
	defer endRequests()
	server.BaseContext = func(net.Listener) context.Context { return requests }
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		defer time.AfterFunc(streamGrace, endRequests).Stop()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
		defer cancel()
		err := server.Shutdown(grace)
		if err != nil {
			err = server.Close()
		}
		stopped <- err
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return <-stopped
}
