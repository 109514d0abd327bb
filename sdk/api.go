package sdk

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

const (
	// clientSpec is the version of Unleash's client-specification that the
	// engine follows: 5.2.0 and above understands segments and deltas.
	clientSpec = "5.2.0"
	// requestTimeout bounds every request but a stream.
	requestTimeout = 10 * time.Second
	// maxDocument bounds a client features document, in bytes.
	maxDocument = 64 << 20
	// modulePath is how this module is found in the host's build information.
	modulePath = "github.com/lockflight/lockflight"
)

// api sends requests to one server, with the headers by which Unleash's
// server and edge know a client.
type api struct {
	base   string
	header http.Header
	client *http.Client
	own    bool // client is not the caller's, and is closed with the Client
}

func newAPI(o *Options) *api {
	a := &api{base: o.URL, header: make(http.Header), client: o.HTTPClient}
	if a.client == nil {
		a.own = true
		a.client = &http.Client{}
		if transport, ok := http.DefaultTransport.(*http.Transport); ok {
			a.client.Transport = transport.Clone()
		}
	}
	for name, value := range map[string]string{
		"Authorization":         strings.TrimSpace(o.Token),
		"User-Agent":            sdkVersion(),
		"unleash-appname":       o.AppName,
		"unleash-instanceid":    o.InstanceID,
		"unleash-connection-id": uuid(),
		"unleash-sdk":           sdkVersion(),
		"unleash-client-spec":   clientSpec,
		"unleash-interval":      strconv.FormatInt(o.RefreshInterval.Milliseconds(), 10),
	} {
		a.header.Set(name, value)
	}
	return a
}

// connectionID is the id by which a server counts this client's connections.
func (a *api) connectionID() string { return a.header.Get("unleash-connection-id") }

// close ends the connections that are kept alive, unless they are the
// caller's.
func (a *api) close() {
	if a.own {
		a.client.CloseIdleConnections()
	}
}

// get starts a GET. The caller closes the body of the answer, whatever its
// status is.
func (a *api) get(ctx context.Context, path string, header map[string]string) (*http.Response, error) {
	return a.do(ctx, http.MethodGet, path, header, nil)
}

// post sends body and returns at most 64 KiB of the answer. An answer other
// than 2xx is a *statusError.
func (a *api) post(ctx context.Context, path, contentType string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	response, err := a.do(ctx, http.MethodPost, path, map[string]string{"Content-Type": contentType}, body)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode/100 != 2 {
		return nil, newStatusError(response)
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return nil, fmt.Errorf("read the answer to POST %s: %w", path, err)
	}
	return answer, nil
}

// postJSON posts v as JSON.
func (a *api) postJSON(ctx context.Context, path string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode the body of POST %s: %w", path, err)
	}
	_, err = a.post(ctx, path, "application/json", body)
	return err
}

func (a *api) do(ctx context.Context, method, path string, header map[string]string, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, a.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header = a.header.Clone()
	for name, value := range header {
		request.Header.Set(name, value)
	}
	return a.client.Do(request)
}

// statusError is an answer that is none of those a request hopes for.
type statusError struct {
	method, path string
	code         int
	text         string        // the start of the body
	after        time.Duration // when to try again, as the server says; 0 where it does not
}

// newStatusError reads the start of the body; it does not close it.
func newStatusError(r *http.Response) *statusError {
	text, _ := io.ReadAll(io.LimitReader(r.Body, 512))
	return &statusError{
		method: r.Request.Method, path: r.Request.URL.Path, code: r.StatusCode,
		text:  strings.ToValidUTF8(strings.TrimSpace(string(text)), "?"),
		after: retryAfter(r.Header.Get("Retry-After")),
	}
}

// maxRetryAfter is the longest that a server may put a client off.
const maxRetryAfter = 5 * time.Minute

// retryAfter reads the header of that name: seconds, or a date (RFC 9110,
// 10.2.3). What is neither counts as none.
func retryAfter(header string) time.Duration {
	var after time.Duration
	if seconds, err := strconv.Atoi(header); err == nil {
		after = time.Duration(min(seconds, int(maxRetryAfter/time.Second))) * time.Second
	} else if date, err := http.ParseTime(header); err == nil {
		after = time.Until(date)
	}
	return min(max(after, 0), maxRetryAfter)
}

func (e *statusError) Error() string {
	s := fmt.Sprintf("%s %s: %d %s", e.method, e.path, e.code, http.StatusText(e.code))
	if e.text != "" {
		s += ": " + e.text
	}
	return s
}

// refused reports whether sending the same again is of no use: a 4xx, but for
// those that pass. An edge answers 401 until it has validated the token.
func refused(err error) bool {
	status, ok := errors.AsType[*statusError](err)
	if !ok {
		return false
	}
	switch status.code {
	case http.StatusUnauthorized, http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return status.code/100 == 4
}

// busy reports whether a server asks to be tried again (429, 503), and after
// how long.
func busy(err error) (after time.Duration, ok bool) {
	status, ok := errors.AsType[*statusError](err)
	if !ok || status.code != http.StatusTooManyRequests && status.code != http.StatusServiceUnavailable {
		return 0, false
	}
	return status.after, true
}

// sdkVersion names this SDK and the version of the module that the host was
// built with, "dev" where that is not known.
func sdkVersion() string {
	version := "dev"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range append(info.Deps, &info.Main) {
			if module.Path == modulePath && module.Version != "" && module.Version != "(devel)" {
				version = module.Version
			}
		}
	}
	return "lockflight-go:" + version
}

// uuid returns a random UUID: RFC 9562, version 4.
func uuid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
