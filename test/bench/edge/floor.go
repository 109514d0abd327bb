package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
)

// serveFloor is what nothing that is built on net/http can be faster than: GET
// /N answers with N bytes that are ready, /events is a stream of what is sent
// to POST /publish. It runs in a process of its own, as the edge does.
func serveFloor(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("floor is serving at", "http://"+listener.Addr().String())
	bodies := bytes.Repeat([]byte("x"), 1<<20)
	h := &hub{published: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("/{size}", func(w http.ResponseWriter, r *http.Request) {
		size, _ := strconv.Atoi(r.PathValue("size"))
		w.Header().Set("Content-Length", strconv.Itoa(size))
		_, _ = w.Write(bodies[:size])
	})
	mux.HandleFunc("GET /events", h.stream)
	mux.HandleFunc("POST /publish", func(http.ResponseWriter, *http.Request) { h.publish() })
	return http.Serve(listener, mux) //nolint:gosec // it serves this benchmark alone
}

// hub tells all streams that something was published.
type hub struct {
	mu        sync.Mutex
	published chan struct{}
}

// event is about as long as that of a toggle.
var event = []byte("event: unleash-updated\ndata: " + string(bytes.Repeat([]byte("x"), 600)) + "\n\n")

func (h *hub) next() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.published
}

func (h *hub) publish() {
	h.mu.Lock()
	defer h.mu.Unlock()
	close(h.published)
	h.published = make(chan struct{})
}

func (h *hub) stream(w http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(w)
	next := h.next() // before the client knows that it listens
	_ = rc.Flush()
	for {
		select {
		case <-next:
			next = h.next()
			if _, err := w.Write(event); err != nil || rc.Flush() != nil {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}
