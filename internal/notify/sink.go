package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// event is one record on its way out.
type event struct {
	line     []byte
	kind, ts string // of the record
	severity int    // from 0 to 10
}

// sink is where a stream ends. send returns nil once the receiver has all of
// the events, in order.
type sink interface {
	send(ctx context.Context, events []event) error
}

// sendTimeout is how long one batch may take.
const sendTimeout = 30 * time.Second

// file appends lines. It is opened for each batch, so that it may be moved
// away at any time: what rotates logs is the operating system's.
type file struct{ path string }

func (f file) send(_ context.Context, events []event) error {
	out, err := os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if info, err := out.Stat(); err == nil && info.Size() > 0 {
		last := make([]byte, 1)
		if _, err := out.ReadAt(last, info.Size()-1); err == nil && last[0] != '\n' {
			b.WriteByte('\n') // a crash has cut a line short: it comes again
		}
	}
	b.Write(lines(events))
	_, err = out.Write(b.Bytes())
	return errors.Join(err, out.Sync(), out.Close())
}

func lines(events []event) []byte {
	var b bytes.Buffer
	for _, e := range events {
		b.Write(e.line)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// syslog sends messages of RFC 5424 over TLS as RFC 5425 frames them, over a
// connection for each batch: syslog acknowledges nothing, and that the receiver
// ends the connection in answer (RFC 5425, section 4.4) is all that tells that it
// has read everything.
type syslog struct {
	address string
	dialer  *net.Dialer
	tls     *tls.Config
	host    string // of this machine
}

func (s syslog) send(ctx context.Context, events []event) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	dialer := tls.Dialer{NetDialer: s.dialer, Config: s.tls}
	conn, err := dialer.DialContext(ctx, "tcp", s.address)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })
	defer stop()
	var b bytes.Buffer
	for _, e := range events {
		message := s.message(e)
		b.WriteString(strconv.Itoa(len(message)) + " ")
		b.Write(message)
	}
	_, err = conn.Write(b.Bytes())
	if err == nil {
		if half, ok := conn.(*tls.Conn); ok {
			err = half.CloseWrite()
		}
	}
	if err == nil { // the receiver closes once it has read all
		_, err = io.Copy(io.Discard, io.LimitReader(conn, 1<<10))
	}
	return errors.Join(err, conn.Close())
}

// message is one of RFC 5424: facility 13 (log audit), and no structured data.
func (s syslog) message(e event) []byte {
	const facility = 13
	level := 6 // informational
	switch {
	case e.severity >= 9:
		level = 2 // critical
	case e.severity >= 6:
		level = 4 // warning
	}
	id := e.kind
	if len(id) > 32 {
		id = id[:32]
	}
	return fmt.Appendf(nil, "<%d>1 %s %s lockflight - %s - %s", facility*8+level, e.ts, s.host, id, e.line)
}

// post sends batches over HTTPS. What is not 2xx is a failure, redirects too:
// none is followed.
type post struct {
	url         string
	user        *url.Userinfo
	contentType string
	client      *http.Client
	array       bool // the events are a JSON array, and not lines
}

func (p post) send(ctx context.Context, events []event) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	body := lines(events)
	if p.array {
		body = bytes.Join(bytes.Split(bytes.TrimSuffix(body, []byte("\n")), []byte("\n")), []byte(","))
		body = append(append([]byte("["), body...), ']')
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", p.contentType)
	if password, ok := p.user.Password(); ok && p.user.Username() == "" {
		r.Header.Set("Authorization", "Bearer "+password)
	} else if ok {
		r.SetBasicAuth(p.user.Username(), password)
	}
	answer, err := p.client.Do(r)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10))
	if err := answer.Body.Close(); err != nil {
		return err
	}
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("the receiver answered %s", answer.Status)
	}
	return nil
}

// Client returns an HTTP client for what people have named: it follows no
// redirect, uses no proxy, and connects as Dialer does.
func Client(allowPrivate bool, config *tls.Config) *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: Dialer(allowPrivate).DialContext, TLSClientConfig: config,
			TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: sendTimeout, MaxIdleConns: 4, IdleConnTimeout: time.Minute,
			ForceAttemptHTTP2: true,
		},
	}
}

// Target is where a stream goes, and how: a URL of one of the schemes file,
// syslog+tls and https, with the parameters format, name and allow_private.
type Target struct {
	Name   string // of its cursor; the URL without credentials and parameters where none is given
	Format Format
	sink   sink
}

// ParseTarget reads a stream's URL, for instance
// https://:TOKEN@siem.example.com/in?format=ocsf or file:///var/log/lockflight.jsonl.
func ParseTarget(text string, config *tls.Config) (Target, error) {
	u, err := url.Parse(text)
	if err != nil {
		return Target{}, errors.New("not a URL") // the error of url.Parse repeats it, with its credentials
	}
	user, q := u.User, u.Query()
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	t := Target{Name: u.String(), Format: JSONLines}
	for name, values := range q {
		switch name {
		case "name":
			t.Name = values[0]
		case "format":
			t.Format = Format(values[0])
		case "allow_private":
			if _, err := strconv.ParseBool(values[0]); err != nil {
				return t, fmt.Errorf("allow_private: %q is not true or false", values[0])
			}
		default:
			return t, fmt.Errorf("%q is not a parameter: those are format, name and allow_private", name)
		}
	}
	if !slices.Contains(Formats, t.Format) {
		return t, fmt.Errorf("format: %q is not one of %v", t.Format, Formats)
	}
	allow, _ := strconv.ParseBool(q.Get("allow_private")) // false where absent
	switch {
	case u.Scheme == "file" && u.Host == "" && strings.HasPrefix(u.Path, "/"):
		t.sink = file{u.Path}
	case u.Scheme == "syslog+tls" && u.Hostname() != "":
		t.sink = newSyslog(u, allow, config)
	case u.Scheme == "https" && u.Hostname() != "":
		t.sink = newPost(u, user, t.Format, Client(allow, config))
	default:
		err = fmt.Errorf("%s is not file:///PATH, syslog+tls://HOST:6514 or https://HOST/PATH", u)
	}
	return t, err
}

func newSyslog(u *url.URL, allowPrivate bool, config *tls.Config) sink {
	port := u.Port()
	if port == "" {
		port = "6514" // RFC 5425, section 4.1
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "-"
	}
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return syslog{net.JoinHostPort(u.Hostname(), port), Dialer(allowPrivate), config, host}
}

func newPost(u *url.URL, user *url.Userinfo, f Format, client *http.Client) sink {
	p := post{url: u.String(), user: user, contentType: "application/x-ndjson", client: client}
	switch f {
	case CloudEvents:
		p.contentType, p.array = "application/cloudevents-batch+json", true
	case OCSF:
		p.contentType, p.array = "application/json", true
	case CEF:
		p.contentType = "text/plain; charset=utf-8"
	case JSONLines:
	}
	return p
}
