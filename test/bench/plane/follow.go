package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// followers are streams of one environment that have what there is already, and
// wait for changes.
type followers struct {
	streams []*http.Response
	arrived chan time.Time // of each event, at each follower
	done    sync.WaitGroup
}

// follow opens n streams.
func follow(ctx context.Context, s *server, env string, n int) (*followers, error) {
	f := &followers{arrived: make(chan time.Time, 1<<20)}
	if n == 0 {
		return f, nil
	}
	first, err := s.get(ctx, "/api/client/delta", backendToken(env), nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	for range n {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/api/client/streaming", http.NoBody)
		if err != nil {
			return f, err
		}
		r.Header.Set("Authorization", backendToken(env))
		r.Header.Set("Last-Event-ID", strings.Trim(first.header.Get("ETag"), `"`))
		resp, err := client.Do(r)
		if err != nil {
			return f, err
		}
		f.streams = append(f.streams, resp) //nolint:bodyclose // close does
		if resp.StatusCode != http.StatusOK {
			return f, fmt.Errorf("streaming: %s", resp.Status)
		}
		f.done.Go(func() { f.read(resp) })
	}
	f.drain()
	return f, nil
}

// read notes when each update comes.
func (f *followers) read(resp *http.Response) {
	in := bufio.NewReaderSize(resp.Body, 4096)
	for {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return
		}
		if bytes.HasPrefix(line, []byte("event: unleash-updated")) {
			f.arrived <- time.Now()
		}
	}
}

// drain waits until nothing comes any more.
func (f *followers) drain() {
	for {
		select {
		case <-f.arrived:
		case <-time.After(300 * time.Millisecond):
			return
		}
	}
}

// lag makes changes one at a time, and returns how long each took from its
// request until the last follower had it.
func (f *followers) lag(ctx context.Context, s *server) ([]time.Duration, error) {
	f.drain()
	var times []time.Duration
	for i := range 50 {
		// A flag that is off goes on, so that every request is a change.
		if err := s.toggle(ctx, i, false); err != nil {
			return nil, err
		}
		f.drain()
		began := time.Now()
		if err := s.toggle(ctx, i, true); err != nil {
			return nil, err
		}
		var last time.Time
		for range f.streams {
			select {
			case last = <-f.arrived:
			case <-time.After(30 * time.Second):
				return nil, errors.New("a follower was not told within 30 s")
			}
		}
		times = append(times, last.Sub(began))
	}
	return times, nil
}

func (f *followers) close() {
	for _, resp := range f.streams {
		_ = resp.Body.Close()
	}
	f.done.Wait()
}
