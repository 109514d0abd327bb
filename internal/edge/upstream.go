package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

const (
	// clientSpec is the version of Unleash's client-specification that the edge
	// reads: segments by id, and deltas.
	clientSpec = "5.2.0"
	// requestTimeout bounds every request but a stream.
	requestTimeout = 10 * time.Second
	// maxAnswer bounds the body of one answer, in bytes.
	maxAnswer = 64 << 20
)

// upstream is who the edge follows: a control plane or another edge.
type upstream struct {
	base    string // the URL, without a slash at its end
	version string
	client  *http.Client
}

// statusError is an answer that is not the one asked for.
type statusError struct {
	path   string
	status int
}

func (e *statusError) Error() string {
	return fmt.Sprintf("the upstream answered %s with %d %s", e.path, e.status, http.StatusText(e.status))
}

// statusOf returns the status of a statusError, 0 of any other error.
func statusOf(err error) int {
	if e, ok := errors.AsType[*statusError](err); ok {
		return e.status
	}
	return 0
}

// untaken reports whether a request that failed cannot have been taken: there
// was no connection, or the answer says so.
func untaken(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return true
	}
	status := statusOf(err)
	return status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests
}

// get starts a GET. seq is what the caller holds already, 0 for nothing. The
// caller closes the body.
func (u *upstream) get(ctx context.Context, path, secret, header string, seq int64) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.base+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	if seq > 0 {
		r.Header.Set(header, strconv.FormatInt(seq, 10))
	}
	return u.do(r, secret)
}

// post sends in as JSON and reads the answer into out, unless that is nil.
func (u *upstream) post(ctx context.Context, path, secret string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := u.do(r, secret)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	switch {
	case answer.StatusCode/100 != 2:
		return &statusError{path, answer.StatusCode}
	case out == nil:
		_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer))
		return err
	}
	return json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(out)
}

func (u *upstream) do(r *http.Request, secret string) (*http.Response, error) {
	if secret != "" {
		r.Header.Set("Authorization", secret)
	}
	r.Header.Set("User-Agent", "lockflight-edge/"+u.version)
	r.Header.Set("Unleash-Appname", "lockflight-edge")
	r.Header.Set("Unleash-Client-Spec", clientSpec)
	return u.client.Do(r)
}
