package unleash_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what is answered into the goldens")

// TestWire sends the requests of each archive, in order, to a plane of its own.
// A file NAME.request is a request as on the wire, and NAME.response what has
// to come back. A file NAME.setup is a request that makes what the others need:
// it has to succeed, and what comes back is for another archive to hold.
func TestWire(t *testing.T) {
	t.Parallel()
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("goldens: %v, %v", archives, err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got := answerAll(t, archive)
			if *update {
				if err := os.WriteFile(name, txtar.Format(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(txtar.Format(archive)), string(txtar.Format(got))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func answerAll(t *testing.T, archive *txtar.Archive) *txtar.Archive {
	t.Helper()
	p, names := newPlane(t), &names{}
	out := &txtar.Archive{Comment: archive.Comment}
	for _, file := range archive.Files {
		name, isRequest := strings.CutSuffix(file.Name, ".request")
		if !isRequest && !strings.HasSuffix(file.Name, ".setup") {
			continue
		}
		if err := p.hub.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.flush(t)
		w := httptest.NewRecorder()
		p.mux.ServeHTTP(w, readRequest(t, names.real(string(file.Data))))
		if !isRequest {
			if w.Code >= http.StatusBadRequest {
				t.Fatalf("%s: %d %s", file.Name, w.Code, w.Body)
			}
			out.Files = append(out.Files, file)
			continue
		}
		answer := txtar.File{Name: name + ".response", Data: []byte(names.stable(printResponse(w)))}
		out.Files = append(out.Files, file, answer)
	}
	return out
}

// readRequest reads a request that is written as in HTTP/1.1, without the
// version, and with a body to the end of the file.
func readRequest(t *testing.T, text string) *http.Request {
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

func printResponse(w *httptest.ResponseRecorder) string {
	var b bytes.Buffer
	fmt.Fprintln(&b, w.Code, http.StatusText(w.Code))
	for _, key := range slices.Sorted(maps.Keys(w.Header())) {
		if key != "Content-Length" { // changes with the length of an id
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

// names replaces what is different in each run, by what is not: <kind-N> in
// the order of first appearance.
type names struct {
	known []string // pairs of real and stable
	count map[string]int
}

var volatile = regexp.MustCompile(
	`(str-)[0-9a-z]{18}|(lnk-)[0-9a-z]{18}|(tok_)[0-9a-f]{20}|([0-9a-f]{56})|([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})`)

var kinds = []string{"", "strategy", "link", "token", "secret", "uuid"}

func (n *names) stable(text string) string {
	return volatile.ReplaceAllStringFunc(text, func(real string) string {
		if i := slices.Index(n.known, real); i >= 0 {
			return n.known[i+1]
		}
		groups := volatile.FindStringSubmatch(real)
		kind := kinds[slices.IndexFunc(groups[1:], func(g string) bool { return g != "" })+1]
		if n.count == nil {
			n.count = map[string]int{}
		}
		n.count[kind]++
		name := fmt.Sprintf("<%s-%d>", kind, n.count[kind])
		n.known = append(n.known, real, name)
		return name
	})
}

func (n *names) real(text string) string {
	for i := 0; i < len(n.known); i += 2 {
		text = strings.ReplaceAll(text, n.known[i+1], n.known[i])
	}
	return text
}
