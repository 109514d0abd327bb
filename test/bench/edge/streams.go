package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// streams are connections that listen to a server, and note when they hear.
type streams struct {
	conns []net.Conn
	heard chan time.Time
	ended chan error // by the server, and not by close
	done  sync.WaitGroup
}

// listen opens n streams, of which every tenth is never read where deaf.
func listen(url, path string, n int, deaf bool, headers ...string) (*streams, error) {
	l := newLoad(url, http.MethodGet, path, "", "200", headers...)
	s := &streams{heard: make(chan time.Time, n), ended: make(chan error, n)}
	for i := range n {
		conn, err := net.Dial("tcp", l.address)
		if err != nil {
			return s, err
		}
		s.conns = append(s.conns, conn)
		if deaf && i%10 == 0 {
			if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
				return s, err
			}
		}
		if _, err := conn.Write(l.request); err != nil {
			return s, err
		}
		head := make([]byte, 4096)
		if _, err := conn.Read(head); err != nil || !bytes.Contains(head, []byte(" 200 ")) {
			return s, fmt.Errorf("stream %d: %.100q, %w", i, head, err)
		}
		if !deaf || i%10 != 0 {
			s.done.Go(func() { s.read(conn) })
		}
	}
	return s, nil
}

// read notes each update. What an event is in the middle of is in the same
// packet: they are small.
func (s *streams) read(conn net.Conn) {
	in := make([]byte, 2048)
	for {
		n, err := conn.Read(in)
		if err != nil {
			s.ended <- err
			return
		}
		if bytes.Contains(in[:n], []byte("event: unleash-updated")) {
			s.heard <- time.Now()
		}
	}
}

func (s *streams) close() {
	for _, c := range s.conns {
		_ = c.Close()
	}
	s.done.Wait()
}

// last makes changes, and returns how long after each the last of n streams
// heard of it.
func (s *streams) last(changes, n int, change func(i int) error) ([]time.Duration, error) {
	var took []time.Duration
	for i := range changes {
		began := time.Now()
		if err := change(i); err != nil {
			return nil, err
		}
		var last time.Time
		for range n {
			select {
			case last = <-s.heard:
			case err := <-s.ended:
				return nil, fmt.Errorf("a stream ended: %w", err)
			case <-time.After(30 * time.Second):
				return nil, errors.New("a stream heard nothing for 30 s")
			}
		}
		took = append(took, last.Sub(began))
	}
	return took, nil
}

// fanOut measures how long a change takes to reach the last of n streams, of the
// edge and of a hub that does nothing else.
func (b *bench) fanOut(ctx context.Context, n int, limit time.Duration) error {
	floor, err := b.floorFanOut(ctx, n)
	if err != nil {
		return err
	}
	s, err := b.listeners(n, false)
	defer s.close()
	if err != nil {
		return err
	}
	took, err := s.last(changes, n, b.flip(ctx))
	if err != nil {
		return err
	}
	b.Printf("%6d streams, change to the last: p50 %6v p99 %6v, a bare hub's %6v %6v; limit %v: %s\n", n,
		ms(quantile(took, .5)), ms(quantile(took, .99)), ms(quantile(floor, .5)), ms(quantile(floor, .99)), limit, b.met(quantile(took, .99) <= limit))
	rss, err := b.edge.Memory("VmRSS")
	if err != nil {
		return err
	}
	b.Printf("%6d streams, resident: %d MB, limit %d MB: %s\n", n, rss>>20, memoryLimit>>20, b.met(rss < memoryLimit))
	return nil
}

// deaf measures the same with a tenth that never reads.
func (b *bench) deaf(ctx context.Context, n int, limit time.Duration) error {
	s, err := b.listeners(n, true)
	defer s.close()
	if err != nil {
		return err
	}
	took, err := s.last(changes, n-n/10, b.flip(ctx))
	if err != nil {
		return err
	}
	b.Printf("%6d streams, a tenth never reads: p50 %6v p99 %6v; limit %v: %s\n", n,
		ms(quantile(took, .5)), ms(quantile(took, .99)), limit, b.met(quantile(took, .99) <= limit))
	return nil
}

func (b *bench) listeners(n int, deaf bool) (*streams, error) {
	seq, err := etagOf(b.edge.URL + "/api/client/delta")
	if err != nil {
		return &streams{}, err
	}
	return listen(b.edge.URL, "/api/client/streaming", n, deaf, "Authorization: "+backendToken, "Last-Event-ID: "+strings.Trim(seq, `"`))
}

// flip turns one flag after the other off, and on again.
func (b *bench) flip(ctx context.Context) func(i int) error {
	return func(i int) error {
		b.flips++
		return b.toggle(ctx, 50+((b.flips-1)/2)%50, b.flips%2 == 0)
	}
}

func (b *bench) floorFanOut(ctx context.Context, n int) ([]time.Duration, error) {
	s, err := listen(b.floor.URL, "/events", n, false)
	defer s.close()
	if err != nil {
		return nil, err
	}
	return s.last(changes, n, func(int) error { return post(ctx, b.floor.URL+"/publish", nil) })
}

func ms(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
