package e2e

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// request is one HTTP request to a plane.
type request struct {
	method, path string
	token        string            // none where empty
	contentType  string            // application/json where empty, and there is a body
	headers      map[string]string // more of them
	body         []byte
}

// answer is a whole HTTP answer.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// send makes a request. An error means that no whole answer came.
func (p *plane) send(ctx context.Context, r request) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, p.url+r.path, bytes.NewReader(r.body))
	if err != nil {
		return answer{}, err
	}
	if r.token != "" {
		req.Header.Set("Authorization", r.token)
	}
	if r.body != nil {
		req.Header.Set("Content-Type", cmp.Or(r.contentType, "application/json"))
	}
	for name, value := range r.headers {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, body}, err
}

// refused is an answer that is no success.
type refused struct {
	request request
	answer  answer
}

func (r *refused) Error() string {
	return fmt.Sprintf("%s %s = %d %s", r.request.method, r.request.path, r.answer.status, r.answer.body)
}

// call sends in as an administrator and decodes the answer into out; either
// may be nil. Any status but a success is a *refused.
func (p *plane) call(ctx context.Context, method, path string, in, out any) error {
	r := request{method: method, path: path, token: adminToken}
	if in != nil {
		var err error
		if r.body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	a, err := p.send(ctx, r)
	if err != nil {
		return err
	}
	return a.decode(r, out)
}

// decode reads a successful answer into out, where that is not nil.
func (a answer) decode(r request, out any) error {
	switch {
	case a.status >= 300:
		return &refused{r, a}
	case out == nil:
		return nil
	}
	return json.Unmarshal(a.body, out)
}

// must is call for what cannot fail.
func (p *plane) must(t *testing.T, method, path string, in, out any) {
	t.Helper()
	if err := p.call(t.Context(), method, path, in, out); err != nil {
		t.Fatal(err)
	}
}
