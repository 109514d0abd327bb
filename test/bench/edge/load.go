package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// load is one request, sent again and again over connections that are kept. It
// reads answers just as far as it must: net/http's client would take more of
// the processor than the servers that are measured.
type load struct {
	address string // host:port
	request []byte
	status  string // that answers must have, as in "200"
}

// newLoad makes a request to a server; headers are lines without their ends.
func newLoad(url, method, path, body, status string, headers ...string) load {
	address := strings.TrimPrefix(url, "http://")
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, path, address)
	if body != "" {
		headers = append(headers, "Content-Type: application/json", "Content-Length: "+strconv.Itoa(len(body)))
	}
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	b.WriteString("\r\n" + body)
	return load{address, b.Bytes(), status}
}

// at returns the same request, to another server and path: with the same headers
// and the same body to be read.
func (l load) at(url, path string) load {
	method, rest, _ := bytes.Cut(l.request, []byte(" "))
	_, rest, _ = bytes.Cut(rest, []byte(" "))
	return load{strings.TrimPrefix(url, "http://"), slices.Concat(method, []byte(" "+path+" "), rest), "200"}
}

// client is one connection.
type client struct {
	load
	conn net.Conn
	in   *bufio.Reader
}

func (l load) dial() (*client, error) {
	conn, err := net.Dial("tcp", l.address)
	if err != nil {
		return nil, err
	}
	return &client{l, conn, bufio.NewReaderSize(conn, 64<<10)}, nil
}

// do makes the request once and returns the size of the answer's body.
func (c *client) do() (int, error) {
	if _, err := c.conn.Write(c.request); err != nil {
		return 0, err
	}
	size, err := c.head()
	if err != nil {
		return 0, err
	}
	_, err = c.in.Discard(size)
	return size, err
}

// head reads the status line and the headers, and returns the body's size.
func (c *client) head() (size int, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 || string(line[9:12]) != c.status {
		return 0, fmt.Errorf("the answer to %.60q is %q, not %s", c.request, line, c.status)
	}
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil || len(line) == 2 {
			return size, err
		}
		if n, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			size, err = strconv.Atoi(string(bytes.TrimSpace(n)))
		} else if bytes.HasPrefix(line, []byte("Transfer-Encoding:")) {
			err = errors.New("the answer comes in chunks")
		}
		if err != nil {
			return 0, err
		}
	}
}

// size returns the size of the body of an answer.
func (l load) size() (int, error) {
	c, err := l.dial()
	if err != nil {
		return 0, err
	}
	defer c.conn.Close()
	return c.do()
}

// each runs do on some connections at once, until one fails or all are done.
func (l load) each(connections int, do func(i int, c *client) error) error {
	var all []*client
	for range connections {
		c, err := l.dial()
		if err != nil {
			return err
		}
		defer c.conn.Close()
		all = append(all, c)
	}
	var wg sync.WaitGroup
	failed := make(chan error, connections)
	for i, c := range all {
		wg.Go(func() {
			if err := do(i, c); err != nil {
				failed <- err
			}
		})
	}
	wg.Wait()
	close(failed)
	return <-failed
}

// rate returns how many requests a second are answered where each connection
// asks again once it was answered.
func (l load) rate(connections int, span time.Duration) (float64, error) {
	var n atomic.Int64
	began := time.Now()
	err := l.each(connections, func(_ int, c *client) error {
		count := 0
		defer func() { n.Add(int64(count)) }()
		for time.Since(began) < span {
			if _, err := c.do(); err != nil {
				return err
			}
			count++
		}
		return nil
	})
	return float64(n.Load()) / time.Since(began).Seconds(), err
}

// paced makes perSecond requests a second, whatever the server does, and returns
// how long each took from when it was due: what waited is counted.
func (l load) paced(connections, perSecond int, span time.Duration) ([]time.Duration, error) {
	took := make([][]time.Duration, connections)
	gap := time.Duration(connections) * time.Second / time.Duration(perSecond)
	began := time.Now().Add(10 * time.Millisecond)
	err := l.each(connections, func(i int, c *client) error {
		due := began.Add(gap * time.Duration(i) / time.Duration(connections))
		for ; due.Sub(began) < span; due = due.Add(gap) {
			time.Sleep(time.Until(due))
			if _, err := c.do(); err != nil {
				return err
			}
			took[i] = append(took[i], time.Since(due))
		}
		return nil
	})
	var all []time.Duration
	for _, some := range took {
		all = append(all, some...)
	}
	return all, err
}
