package wiretest

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what is answered into the goldens")

// Plane is what a golden's requests are sent to.
type Plane interface {
	http.Handler
	// Settle waits until what was written before is in what clients read.
	Settle(t testing.TB)
}

// Run sends the requests of each archive below testdata, in order, to a plane
// of its own. A file NAME.request is a request as ReadRequest reads it, and
// NAME.response what has to come back. A file NAME.setup is a request that
// makes what the others need: it has to succeed, and what comes back is for
// another archive to hold.
func Run(t *testing.T, plane func(testing.TB) Plane) {
	t.Helper()
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
			Compare(t, name, txtar.Format(answerAll(t, plane(t), archive)))
		})
	}
}

// Compare compares with a file, or writes it where the test is run with
// -update.
func Compare(t testing.TB, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got), -update writes it:\n%s", name, diff)
	}
}

func answerAll(t *testing.T, p Plane, archive *txtar.Archive) *txtar.Archive {
	t.Helper()
	names := &names{}
	out := &txtar.Archive{Comment: archive.Comment}
	for _, file := range archive.Files {
		name, isRequest := strings.CutSuffix(file.Name, ".request")
		if !isRequest && !strings.HasSuffix(file.Name, ".setup") {
			continue
		}
		p.Settle(t)
		w := httptest.NewRecorder()
		p.ServeHTTP(w, ReadRequest(t, names.real(string(file.Data))))
		out.Files = append(out.Files, file)
		switch {
		case isRequest:
			out.Files = append(out.Files, txtar.File{Name: name + ".response", Data: []byte(names.stable(printed(w)))})
		case w.Code >= http.StatusBadRequest:
			t.Fatalf("%s: %d %s", file.Name, w.Code, w.Body)
		}
	}
	return out
}
