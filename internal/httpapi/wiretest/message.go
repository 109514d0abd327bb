package wiretest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// ReadRequest reads a request that is written as in HTTP/1.1, without the
// version, and with a body to the end of the text.
func ReadRequest(t testing.TB, text string) *http.Request {
	t.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	line, headers, _ := strings.Cut(strings.TrimSpace(head), "\n")
	method, target, _ := strings.Cut(line, " ")
	body = strings.TrimSpace(body)
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(fmt.Sprintf(
		"%s %s HTTP/1.1\r\nHost: plane\r\nContent-Length: %d\r\n%s\r\n\r\n%s",
		method, target, len(body), strings.ReplaceAll(headers, "\n", "\r\n"), body))))
	if err != nil {
		t.Fatalf("request %q: %v", text, err)
	}
	return r.WithContext(t.Context())
}

// passing are headers that say nothing of the answer: the length changes with
// that of an id, and each request has an id of its own.
var passing = []string{"Content-Length", "X-Request-Id"}

func printed(w *httptest.ResponseRecorder) string {
	var b bytes.Buffer
	fmt.Fprintln(&b, w.Code, http.StatusText(w.Code))
	for _, key := range slices.Sorted(maps.Keys(w.Header())) {
		if !slices.Contains(passing, key) {
			fmt.Fprintf(&b, "%s: %s\n", key, strings.Join(w.Header()[key], ", "))
		}
	}
	if w.Body.Len() > 0 {
		fmt.Fprintln(&b)
		if err := json.Indent(&b, w.Body.Bytes(), "", "  "); err != nil {
			b.Write(w.Body.Bytes())
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}
