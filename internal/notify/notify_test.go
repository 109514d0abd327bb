package notify

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
)

var update = flag.Bool("update", false, "write the goldens")

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func diff(t *testing.T, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func encoded(t *testing.T, r audit.Record) control.Event {
	t.Helper()
	b, err := audit.Encode(r)
	check(t, err)
	return control.Event{Seq: r.Seq, Record: b}
}

// TestFormats has what each format makes of a change, a refusal and a sign-in.
func TestFormats(t *testing.T) {
	t.Parallel()
	events := []control.Event{
		encoded(t, audit.Record{
			Seq: 7, ID: "0198", TS: "2026-11-22T10:00:00.000Z", Log: "lockflight/x", Type: "flag.env.enable", Outcome: "success",
			Project: "a=b|c", Env: "production", Actor: audit.Actor{Kind: "agent", ID: "ag_1"}, OBO: audit.Party{Kind: "human", ID: "u_1"},
			Agent: audit.Agent{ID: "ag_1"}, Res: audit.Resource{Type: "flagenv", Key: `production/a\b`}, CR: audit.ChangeReq{ID: "cr_1"},
		}),
		encoded(t, audit.Record{Seq: 8, ID: "0199", TS: "2026-11-22T10:00:01.000Z", Type: "token.create", Outcome: "denied", Code: "agents_never", Actor: audit.Actor{Kind: "agent", ID: "ag_1"}}),
		encoded(t, audit.Record{Seq: 9, ID: "019a", TS: "2026-11-22T10:00:02.500Z", Type: "auth.breakglass.open", Outcome: "success", Actor: audit.Actor{Kind: "human", ID: "u_1"}}),
	}
	for _, f := range Formats {
		var got strings.Builder
		for _, e := range events {
			line, err := f.render(e, "v1.0.0")
			check(t, err)
			got.Write(append(line, '\n'))
		}
		golden := filepath.Join("testdata", string(f)+".golden")
		if *update {
			check(t, os.WriteFile(golden, []byte(got.String()), 0o600))
		}
		want, err := os.ReadFile(golden)
		check(t, err)
		diff(t, string(f), string(want), got.String())
	}
	if _, err := JSONLines.render(control.Event{Record: []byte("{}")}, ""); err == nil {
		t.Error("what is no record was written")
	}
}

func TestParseTarget(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://:s3cret@siem.example.com/in?format=ocsf": "https://siem.example.com/in",
		"syslog+tls://siem.example.com?name=siem":         "siem",
		"file:///var/log/lockflight.jsonl":                "file:///var/log/lockflight.jsonl",
	} {
		got, err := ParseTarget(text, nil)
		check(t, err)
		diff(t, text, want, got.Name)
	}
	for _, text := range []string{
		"", "http://:s3cret@siem.example.com", "https:///in", "file://host/x", "syslog+tls://", "ftp://x", "\x00s3cret",
		"https://siem.example.com?format=xml", "https://siem.example.com?alow_private=true", "https://siem.example.com?allow_private=maybe",
	} {
		if _, err := ParseTarget(text, nil); err == nil {
			t.Errorf("%q was taken", text)
		} else if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
}

func TestPublic(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1": true, "127.0.0.1": false, "::1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false,
		"169.254.169.254": false, "::ffff:169.254.169.254": false, "fe80::1%eth0": false, "fd00::1": false, "0.0.0.0": false, "::": false,
		"100.64.0.1": false, "198.18.0.1": false, "224.0.0.1": false, "255.255.255.255": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false,
		"2001:0:1::": false, "::ffff:8.8.8.8": true,
	} {
		if got := Public(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s is public: %v, want %v", addr, got, want)
		}
	}
}

// log is a log and its cursors, in memory.
type log struct {
	mu      sync.Mutex
	records []control.Event
	next    map[string]int64
	changed chan struct{}
}

func newLog(t *testing.T, n int) *log {
	t.Helper()
	l := &log{next: map[string]int64{}, changed: make(chan struct{})}
	for seq := range int64(n) {
		l.records = append(l.records, encoded(t, audit.Record{Seq: seq, TS: "2026-11-22T10:00:00.000Z", Type: "flag.update", Outcome: "success"}))
	}
	return l
}

func (l *log) Events(_ context.Context, _ control.Principal, from int64, limit int) ([]control.Event, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rest := l.records[min(from, int64(len(l.records))):]
	return rest[:min(limit, len(rest))], nil
}

func (l *log) Head(context.Context) (control.Head, error) {
	return control.Head{Size: int64(len(l.records))}, nil
}

func (l *log) Cursor(_ context.Context, stream string) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.next[stream], nil
}

func (l *log) PutCursor(_ context.Context, stream string, next int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next[stream] = next
	return nil
}

func (l *log) streams(t *testing.T, targets ...Target) *Streams {
	t.Helper()
	s, err := New(Options{
		Log: l, Cursors: l, Changed: func() <-chan struct{} { return l.changed }, Targets: targets, Version: "v0", Logger: slog.New(slog.DiscardHandler),
	})
	check(t, err)
	return s
}

// all delivers until nothing is left.
func (l *log) all(t *testing.T, target Target) {
	t.Helper()
	s := l.streams(t, target)
	for more := true; more; {
		var err error
		more, err = s.deliver(t.Context(), target)
		check(t, err)
	}
}

// a receiver that is down, and two restarts, lose and reorder nothing.
func TestStreamIsDeliveredInOrder(t *testing.T) {
	t.Parallel()
	var got []string
	var down atomic.Bool
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if r.Header.Get("Authorization") != "Bearer s3cret" {
			t.Errorf("authorization %q", r.Header.Get("Authorization"))
		}
		lines := bufio.NewScanner(r.Body)
		for lines.Scan() {
			_, rest, _ := strings.Cut(lines.Text(), `"seq":`)
			seq, _, _ := strings.Cut(rest, ",")
			got = append(got, seq)
		}
	}))
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	target, err := ParseTarget("https://:s3cret@"+server.Listener.Addr().String()+"/in?allow_private=true", &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12})
	check(t, err)
	l := newLog(t, 1200)
	down.Store(true)
	if _, err := l.streams(t, target).deliver(t.Context(), target); err == nil {
		t.Error("a batch that was refused counts as delivered")
	}
	down.Store(false)
	_, err = l.streams(t, target).deliver(t.Context(), target)
	check(t, err)
	l.all(t, target)
	want := make([]string, 0, 1200)
	for seq := range 1200 {
		want = append(want, strconv.Itoa(seq))
	}
	diff(t, "what was delivered", want, got)

	inside, err := ParseTarget("https://"+server.Listener.Addr().String()+"/in", nil)
	check(t, err)
	if _, err := newLog(t, 1).streams(t, inside).deliver(t.Context(), inside); err == nil || !strings.Contains(err.Error(), "not a public address") {
		t.Errorf("a private address was dialled: %v", err)
	}
}

// No redirect is followed: the receiver that was named has not answered 2xx.
func TestNoRedirectIsFollowed(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			t.Error("a redirect was followed")
		}
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	target, err := ParseTarget(server.URL+"?allow_private=true", &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12})
	check(t, err)
	if _, err := newLog(t, 1).streams(t, target).deliver(t.Context(), target); err == nil {
		t.Error("a redirect counts as delivered")
	}
}

func TestStreamToFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "audit.cef")
	check(t, os.WriteFile(name, []byte("a line that a cra"), 0o600))
	target, err := ParseTarget("file://"+name+"?format=cef", nil)
	check(t, err)
	newLog(t, 3).all(t, target)
	got, err := os.ReadFile(name)
	check(t, err)
	if n := strings.Count(string(got), "\nCEF:0|Lockflight|"); n != 3 || !strings.HasSuffix(string(got), "\n") {
		t.Errorf("%d lines of %q", n, got)
	}
}

// TestStreamToSyslog has the frames of RFC 5425, and the header of RFC 5424.
func TestStreamToSyslog(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(nil) // for its certificate alone
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: server.TLS.Certificates, MinVersion: tls.VersionTLS12})
	check(t, err)
	defer listener.Close()
	got := make(chan string, 1)
	go func() {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		b, _ := io.ReadAll(conn)
		_ = conn.Close()
		got <- string(b)
	}()
	target, err := ParseTarget("syslog+tls://"+listener.Addr().String()+"?allow_private=true", &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12})
	check(t, err)
	newLog(t, 2).all(t, target)
	rest := <-got
	for seq := range 2 {
		length, after, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(length)
		check(t, err)
		message := after[:n]
		rest = after[n:]
		if !strings.HasPrefix(message, "<110>1 2026-11-22T10:00:00.000Z ") || !strings.Contains(message, " lockflight - flag.update - {") ||
			!strings.Contains(message, `"seq":`+strconv.Itoa(seq)) {
			t.Errorf("message %q", message)
		}
	}
	if rest != "" {
		t.Errorf("%q is left", rest)
	}
}

func TestTwoStreamsOfOneName(t *testing.T) {
	t.Parallel()
	target, err := ParseTarget("file:///tmp/x", nil)
	check(t, err)
	if _, err := New(Options{Targets: []Target{target, target}}); err == nil {
		t.Error("two streams share a cursor")
	}
}
