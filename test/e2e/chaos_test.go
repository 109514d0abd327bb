package e2e

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fault is what a network does to what passes through it.
type fault int32

const (
	healthy   fault = iota
	slow            // everything is up to 200 ms late
	narrow          // 4 KiB a second
	reset           // connections end, within moments, with a reset
	truncated       // connections end in the middle of what they carry
	halfOpen        // nothing passes, and nobody is told
	refusing        // no connection is taken
)

// faults is how many there are, healthy left out.
const faults = int(refusing)

// chaos is a TCP proxy of a network that fails.
type chaos struct {
	target   string
	listener net.Listener
	now      atomic.Int32 // fault
	rand     func(n int) int
	broken   atomic.Int64 // connections that were ended by a fault

	mu    sync.Mutex
	conns map[*net.TCPConn]bool
	work  sync.WaitGroup
}

// newChaos returns a proxy to host:port, healthy at first.
func newChaos(t *testing.T, target string, seed uint64) *chaos {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	source, guard := rand.New(rand.NewPCG(seed, 1)), sync.Mutex{}
	c := &chaos{target: target, listener: listener, conns: map[*net.TCPConn]bool{}}
	c.rand = func(n int) int {
		guard.Lock()
		defer guard.Unlock()
		return source.IntN(n)
	}
	c.work.Go(c.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		c.drop()
		c.work.Wait()
	})
	return c
}

func (c *chaos) url() string { return "http://" + c.listener.Addr().String() }

// become has the network fail in another way. What one that was half open held
// back is lost: once the network is healthy its ends learn that with a reset, as
// from a router that has forgotten them.
func (c *chaos) become(f fault) {
	if fault(c.now.Swap(int32(f))) == halfOpen || f == reset || f == refusing {
		c.drop()
	}
}

// drop resets every connection.
func (c *chaos) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.conns {
		c.broken.Add(1)
		_ = conn.SetLinger(0)
		_ = conn.Close()
		delete(c.conns, conn)
	}
}

func (c *chaos) keep(conns ...*net.TCPConn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range conns {
		c.conns[conn] = true
	}
}

func (c *chaos) accept() {
	for {
		near, err := c.listener.Accept()
		if err != nil {
			return
		}
		c.work.Go(func() { c.pass(near.(*net.TCPConn)) })
	}
}

// pass carries one connection.
func (c *chaos) pass(near *net.TCPConn) {
	defer near.Close()
	if fault(c.now.Load()) == refusing {
		_ = near.SetLinger(0)
		return
	}
	dialed, err := net.Dial("tcp", c.target)
	if err != nil {
		return
	}
	far := dialed.(*net.TCPConn)
	defer far.Close()
	c.keep(near, far)
	both := sync.WaitGroup{}
	for _, ends := range [][2]*net.TCPConn{{near, far}, {far, near}} {
		both.Go(func() {
			c.carry(ends[0], ends[1])
			_ = ends[0].Close()
			_ = ends[1].Close()
		})
	}
	both.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.conns, near)
	delete(c.conns, far)
}

// carry copies from one end to the other as the network is, until it breaks.
func (c *chaos) carry(from, to *net.TCPConn) {
	buffer := make([]byte, 4<<10)
	for {
		n, err := from.Read(buffer)
		part := buffer[:n]
		switch fault(c.now.Load()) {
		case healthy, refusing: // which ended it where it was open before
		case slow:
			time.Sleep(time.Duration(c.rand(200)) * time.Millisecond)
		case narrow:
			time.Sleep(time.Duration(n) * time.Second / (4 << 10))
		case reset:
			c.broken.Add(1)
			_ = to.SetLinger(0)
			return
		case truncated:
			if n > 1 {
				c.broken.Add(1)
				_, _ = to.Write(part[:1+c.rand(n-1)])
				return
			}
		case halfOpen: // until the network is another, which resets the connection
			_, _ = io.Copy(io.Discard, from)
			return
		}
		if _, failed := to.Write(part); failed != nil || err != nil {
			return
		}
	}
}
