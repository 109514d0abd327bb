package native_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
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

// TestWire sends the requests of each archive, in order, to a plane of its own,
// as an admin. A file NAME.request is a method and path, and a body from its
// second line on; NAME.response is what has to come back.
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
			check(t, err)
			golden(t, name, txtar.Format(answerAll(t, archive)))
		})
	}
}

// golden compares with a file, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		check(t, os.WriteFile(name, got, 0o644))
		return
	}
	want, err := os.ReadFile(name)
	check(t, err)
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got), -update writes it:\n%s", name, diff)
	}
}

func answerAll(t *testing.T, archive *txtar.Archive) *txtar.Archive {
	t.Helper()
	p, names := newPlane(t, still), &names{}
	out := &txtar.Archive{Comment: archive.Comment}
	for _, file := range archive.Files {
		name, isRequest := strings.CutSuffix(file.Name, ".request")
		if !isRequest {
			continue
		}
		line, body, _ := strings.Cut(names.real(string(file.Data)), "\n")
		method, path, _ := strings.Cut(line, " ")
		w := p.do(t, method, path, admin, strings.TrimSpace(body))
		var answer bytes.Buffer
		fmt.Fprintf(&answer, "%d %s\n%s\n", w.Code, http.StatusText(w.Code), w.Header().Get("Content-Type"))
		check(t, json.Indent(&answer, w.Body.Bytes(), "", "  "))
		out.Files = append(out.Files, file, txtar.File{
			Name: name + ".response", Data: []byte(names.stable(strings.TrimSpace(answer.String()) + "\n")),
		})
	}
	return out
}

// names replaces what is different in each run by what is not: <release-1>.
type names struct {
	known []string // pairs of real and stable
}

var volatile = regexp.MustCompile(`(rel|str)-[0-9a-z]{18}|tok_[0-9a-f]{20}|[0-9a-f]{56}`)

func (n *names) stable(text string) string {
	return volatile.ReplaceAllStringFunc(text, func(real string) string {
		if i := slices.Index(n.known, real); i >= 0 {
			return n.known[i+1]
		}
		kind, _, cut := strings.Cut(strings.Replace(real, "_", "-", 1), "-")
		if !cut {
			kind = "secret"
		}
		name := fmt.Sprintf("<%s-%d>", kind, len(n.known)/2+1)
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

// TestDocument holds the OpenAPI document to api/openapi.json. It needs no
// token.
func TestDocument(t *testing.T) {
	t.Parallel()
	w := newPlane(t, still).do(t, http.MethodGet, "/api/v1/openapi.json", "", "")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/openapi+json" {
		t.Fatalf("%d %s", w.Code, w.Header().Get("Content-Type"))
	}
	golden(t, "../../../api/openapi.json", w.Body.Bytes())
	if strings.Contains(w.Body.String(), `"$schema"`) {
		t.Error("bodies have a $schema")
	}
}
