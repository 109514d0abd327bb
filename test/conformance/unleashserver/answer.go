package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Answer is what came back, in the script's words: comparable between servers.
type Answer struct {
	Status  int
	Headers map[string]string // those that clients act on, as forms where values differ
	Body    any               // of encoding/json; text where it is not JSON; nil where empty
	bound   map[string]any    // what the step binds, as this server has it
}

// headers are those that are compared everywhere, and those of the paths that
// SDKs poll. Elsewhere Express adds a hash of every body, which nobody reads.
var (
	headers    = []string{"Content-Type", "Location", "X-Unleash-Version"}
	sdkHeaders = []string{"ETag", "Cache-Control", "Access-Control-Allow-Origin"}
)

// client sends steps to one server.
type client struct {
	url   string
	names names
	rules rules
	http  http.Client
}

func newClient(url string, r rules) *client {
	return &client{url: url, rules: r, names: names{"hour": time.Now().UTC().Truncate(time.Hour).Format(time.RFC3339)}, http: http.Client{
		Timeout: 30 * time.Second,
		// A server may drop a connection that waits for the other one's answer.
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// do sends a step and returns the answer. Nothing is bound by it yet.
func (c *client) do(ctx context.Context, s Step) (Answer, error) {
	r, err := c.request(ctx, s)
	if err != nil {
		return Answer{}, err
	}
	response, err := c.http.Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return Answer{}, err
	}
	return c.answer(s, response, text), nil
}

func (c *client) request(ctx context.Context, s Step) (*http.Request, error) {
	body := []byte(c.names.fill(s.Raw))
	if s.Body != nil {
		var err error
		if body, err = json.Marshal(c.names.fillAll(s.Body)); err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	r, err := http.NewRequestWithContext(ctx, s.Method(), c.url+c.names.fill(s.Path()), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	if len(body) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	if as := cmp.Or(s.As, "admin"); as != "none" {
		r.Header.Set("Authorization", cmp.Or(tokens[as], c.names.fill(as)))
	}
	for key, value := range s.Headers {
		r.Header.Set(key, c.names.fill(value))
	}
	return r, nil
}

// answer makes what came back comparable.
func (c *client) answer(s Step, response *http.Response, text []byte) Answer {
	a := Answer{Status: response.StatusCode, Headers: map[string]string{}, bound: map[string]any{}}
	doc, isJSON := decode(text)
	for name, path := range s.Bind {
		if path, isHeader := strings.CutPrefix(path, "header "); isHeader {
			a.bound[name] = response.Header.Get(path)
		} else if value, found := at(doc, path); found {
			a.bound[name] = value
		}
	}
	seen := maps.Clone(c.names)
	maps.Copy(seen, a.bound)
	n := neutralizer{names: seen, rules: c.rules, sort: s.Sort, failed: a.Status >= 400}
	if isJSON {
		a.Body = n.value("$", "", doc)
	} else if len(text) > 0 {
		a.Body = seen.neutral(string(text))
	}
	compared := headers
	if path := s.Path(); a.Status < 400 && (strings.HasPrefix(path, "/api/client") || strings.HasPrefix(path, "/api/frontend")) {
		compared = slices.Concat(headers, sdkHeaders)
	}
	if len(text) == 0 {
		response.Header.Del("Content-Type") // of nothing
	}
	for _, key := range compared {
		if value := response.Header.Get(key); value != "" {
			a.Headers[key] = seen.neutral(form(key, value))
		}
	}
	return a
}

func decode(text []byte) (any, bool) {
	var doc any
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, false
	}
	return doc, true
}

var etagForms = []struct {
	pattern *regexp.Regexp
	form    string
}{
	{regexp.MustCompile(`^W/"[^"]+"$`), "a weak hash of the body"},
	{regexp.MustCompile(`^"[0-9a-zA-Z_-]+:\d+:v1"$`), `"hash:revision:v1"`},
}

// form returns what a header's value says about all values, where two servers
// cannot have the same.
func form(key, value string) string {
	switch key {
	case "X-Unleash-Version":
		return "a version"
	case "ETag":
		for _, f := range etagForms {
			if f.pattern.MatchString(value) {
				return f.form
			}
		}
	}
	return value
}
