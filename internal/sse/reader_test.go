package sse

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// readMessages reads a stream to its end.
func readMessages(t testing.TB, r io.Reader) []Message {
	t.Helper()
	reader := NewReader(r)
	var all []Message
	for {
		m, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("Next: %v", err)
		}
		all = append(all, m)
	}
}

func TestReader(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, stream string
		want         []Message
	}{
		{"empty", "", nil},
		{"one", "event: a\ndata: b\n\n", []Message{{Event: "a", Data: []byte("b")}}},
		{"cut short", "event: a\ndata: b\n", nil},
		{"without data", "event: a\nid: 1\n\ndata: b\n\n", []Message{{ID: "1", Data: []byte("b")}}},
		{"id stays", "id: 7\ndata: a\n\ndata: b\n\n", []Message{{ID: "7", Data: []byte("a")}, {ID: "7", Data: []byte("b")}}},
		{"id with NUL", "id: 7\ndata: a\n\nid: \x008\ndata: b\n\n", []Message{{ID: "7", Data: []byte("a")}, {ID: "7", Data: []byte("b")}}},
		{"lines join", "data: a\ndata:b\ndata\n\n", []Message{{Data: []byte("a\nb\n")}}},
		{"one space goes", "data:  a\n\n", []Message{{Data: []byte(" a")}}},
		{"comment", ": keep-alive\n\ndata: a\n: b\n\n", []Message{{Data: []byte("a")}}},
		{"CR", "data: a\r\rdata: b\r\r", []Message{{Data: []byte("a")}, {Data: []byte("b")}}},
		{"CRLF", "data: a\r\ndata: b\r\n\r\n", []Message{{Data: []byte("a\nb")}}},
		{"mark", "\xef\xbb\xbfdata: a\n\n", []Message{{Data: []byte("a")}}},
		{"mark later", "data: a\n\n\xef\xbb\xbfdata: b\n\n", []Message{{Data: []byte("a")}}},
		{"unknown fields", "retry: 10\nfoo: 1\ndata: a\n\n", []Message{{Data: []byte("a")}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := readMessages(t, strings.NewReader(test.stream))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// An event counts as soon as its last line is there, even where that ends in
// a CR that a LF might follow.
func TestReaderDoesNotWaitAfterCR(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	defer w.Close()
	go w.Write([]byte("data: a\r\r"))
	m, err := NewReader(r).Next()
	if err != nil || string(m.Data) != "a" {
		t.Errorf("Next() = %q, %v; want a", m.Data, err)
	}
}

func TestReaderBoundsEvents(t *testing.T) {
	t.Parallel()
	endless := io.MultiReader(strings.NewReader("data: "), io.LimitReader(zeros{}, maxMessage+1))
	if _, err := NewReader(endless).Next(); !errors.Is(err, ErrTooLarge) {
		t.Errorf("err = %v, want %v", err, ErrTooLarge)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// FuzzReader checks two laws: what is read does not depend on how the
// bytes arrive, and writing what was read and reading that gives the same.
func FuzzReader(f *testing.F) {
	f.Add([]byte("id: 1\nevent: unleash-connected\ndata: {\ndata: }\n\n"))
	f.Add([]byte("\xef\xbb\xbfdata:a\r\r\n:b\r\n\ndata\n\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		at := readMessages(t, bytes.NewReader(stream))
		slowly := readMessages(t, iotest.OneByteReader(bytes.NewReader(stream)))
		if diff := cmp.Diff(at, slowly); diff != "" {
			t.Fatalf("at once and byte by byte differ (-at once +slowly):\n%s", diff)
		}
		var written bytes.Buffer
		for _, m := range at {
			fmt.Fprintf(&written, "id: %s\nevent: %s\ndata: %s\n\n", m.ID, m.Event, bytes.ReplaceAll(m.Data, []byte("\n"), []byte("\ndata: ")))
		}
		if diff := cmp.Diff(at, readMessages(t, &written)); diff != "" {
			t.Fatalf("written and read again (-want +got):\n%s", diff)
		}
	})
}
