package store_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/test/postgres"
)

// cutter is a proxy to a PostgreSQL server that cuts the connection once, at
// the next commit: before the server gets it, or before the client gets the
// answer.
type cutter struct {
	server string
	before atomic.Bool
	after  atomic.Bool
}

// commitMessage is what pgx sends to commit: a simple query.
var commitMessage = []byte("commit\x00")

// listen starts the proxy and returns the database's URL through it.
func (c *cutter) listen(t *testing.T, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	c.server, u.Host = u.Host, l.Addr().String()
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go c.serve(client)
		}
	}()
	return u.String()
}

func (c *cutter) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", c.server)
	if err != nil {
		return
	}
	defer server.Close()
	var silent atomic.Bool
	go func() {
		defer client.Close()
		buf := make([]byte, 64<<10)
		for {
			n, err := server.Read(buf)
			if err != nil || silent.Load() {
				return
			}
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		if bytes.Contains(buf[:n], commitMessage) {
			if c.before.CompareAndSwap(true, false) {
				return
			}
			if c.after.CompareAndSwap(true, false) {
				silent.Store(true)
			}
		}
		if _, err := io.Copy(server, bytes.NewReader(buf[:n])); err != nil {
			return
		}
	}
}

// TestCommitUnknown loses the connection in the middle of a commit: the error
// says that the outcome is unknown, which it is, and the store goes on.
func TestCommitUnknown(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		cut  func(*cutter)
		want int64 // events afterwards
	}{
		{"before the server has it", func(c *cutter) { c.before.Store(true) }, 0},
		{"before the answer", func(c *cutter) { c.after.Store(true) }, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := &cutter{}
			direct := postgres.Start(t)
			db := replica(t, c.listen(t, direct))
			test.cut(c)
			err := write(t.Context(), db)
			if e, ok := errors.AsType[*control.Error](err); !ok || e.Kind != control.Unavailable || e.Code != "commit_unknown" {
				t.Errorf("error %v, want commit_unknown", err)
			}
			if got := size(t, replica(t, direct)); got != test.want {
				t.Errorf("%d events, want %d", got, test.want)
			}
			if err := write(t.Context(), db); err != nil {
				t.Errorf("the next write: %v", err)
			}
			if got := size(t, db); got != test.want+1 {
				t.Errorf("%d events after the next write, want %d", got, test.want+1)
			}
		})
	}
}
