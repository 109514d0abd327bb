package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// remote is what commands that talk to a server have in common.
type remote struct {
	URL   string `name:"url" env:"LOCKFLIGHT_URL" default:"http://127.0.0.1:4242" help:"The server."`
	Token string `name:"token" env:"LOCKFLIGHT_TOKEN" help:"The token to use."`

	session *http.Cookie // of a person who is signed in, in place of a token
}

// format is how a command prints data.
type format struct {
	Output string `name:"output" short:"o" enum:"text,json" default:"text" help:"text, for people, or json."`
}

// problem is an error answer of the server: RFC 9457's, or that of the paths
// that Unleash's clients know.
type problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Code   string `json:"code"`
	Field  string `json:"field"`

	Message string `json:"message"`
	Details []struct {
		Path string `json:"path"`
	} `json:"details"`
}

// Error says what was wrong and, where it is known, what to do.
func (p *problem) Error() string {
	s := p.Detail
	if s == "" {
		s = p.Title
	}
	if p.Field != "" && !strings.HasPrefix(s, p.Field) {
		s = p.Field + ": " + s
	}
	switch p.Status {
	case http.StatusUnauthorized:
		s += "\nhint: set LOCKFLIGHT_TOKEN to a valid token (lockflight token create makes one)"
	case http.StatusForbidden:
		s += "\nhint: this needs a token with that permission"
	case http.StatusServiceUnavailable:
		s += "\nhint: try again shortly"
	}
	return s
}

// requestTimeout bounds one request that is not a stream, in all its parts.
const requestTimeout = 30 * time.Second

// call sends in as JSON, where there is one, and decodes the answer into out.
func (r remote) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encoding the request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	answer, err := r.send(ctx, method, path, "application/json", body)
	if err != nil {
		return err
	}
	defer answer.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(answer).Decode(out); err != nil {
		return fmt.Errorf("reading the answer of %s %s: %w", method, path, err)
	}
	return nil
}

// send returns the body of a successful answer, which the caller closes, and
// an error for any other.
func (r remote) send(ctx context.Context, method, path, contentType string, body io.Reader) (io.ReadCloser, error) {
	answer, err := r.answer(ctx, method, path, contentType, body)
	if err != nil {
		return nil, err
	}
	return answer.Body, nil
}

// answer is send for what needs the headers too.
func (r remote) answer(ctx context.Context, method, path, contentType string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(r.URL, "/")+path, body)
	if err != nil {
		return nil, usageError{fmt.Errorf("--url %q: %w", r.URL, err)}
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("User-Agent", "lockflight/"+version())
	if r.Token != "" {
		req.Header.Set("Authorization", r.Token)
	}
	if r.session != nil {
		req.AddCookie(r.session)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err
		}
		return nil, fmt.Errorf("no answer from %s: %w\nhint: is the server running there (lockflight serve)? LOCKFLIGHT_URL names another", r.URL, err)
	}
	if resp.StatusCode < 300 {
		return resp, nil
	}
	defer resp.Body.Close()
	p := &problem{Status: resp.StatusCode, Title: resp.Status}
	b, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	switch err := json.Unmarshal(b, p); {
	case err == nil && p.Message != "":
		p.Detail = p.Message
		if len(p.Details) > 0 {
			p.Field = p.Details[0].Path
		}
	case err != nil || p.Detail == "" && p.Code == "":
		p.Title = resp.Status + " " + strings.TrimSpace(string(b))
	}
	return nil, p
}

// printJSON writes v as one indented document.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
