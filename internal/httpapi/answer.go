package httpapi

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"
)

// Buffer is room for the body of an answer, which is used again for others.
type Buffer struct{ Bytes []byte }

var buffers = sync.Pool{New: func() any { return new(Buffer) }}

// NewBuffer returns an empty buffer. Free gives it back.
func NewBuffer() *Buffer {
	b, _ := buffers.Get().(*Buffer)
	b.Bytes = b.Bytes[:0]
	return b
}

// Free ends the use of the buffer, and of what its Bytes were.
func (b *Buffer) Free() { buffers.Put(b) }

// WriteBody answers with JSON that is ready.
func WriteBody(w http.ResponseWriter, status int, body []byte) error {
	h := w.Header()
	h["Content-Type"] = jsonType
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client has gone where it fails
	return nil
}

// AppendText appends a JSON string. Nearly all are written as they are.
func AppendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			quoted, _ := json.Marshal(s) // a string always has a JSON form
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// WeakETag is the tag of a body, with its length and its hash as in Express. It
// is the same on all servers, and tells bodies apart that nobody has made to be
// alike: whoever could has the answer changed for nobody else.
func WeakETag(body []byte) string {
	var room [48]byte
	b := strconv.AppendInt(append(room[:0], `W/"`...), int64(len(body)), 16)
	b = strconv.AppendUint(append(b, '-'), xxhash.Sum64(body), 36)
	return string(append(b, '"'))
}

// Matches compares If-None-Match with an ETag, weakly (RFC 9110, 13.1.2).
func Matches(header []string, etag string) bool {
	etag = strings.TrimPrefix(etag, "W/")
	for _, line := range header {
		for tag := range strings.SplitSeq(line, ",") {
			if tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/"); tag == etag || tag == "*" {
				return true
			}
		}
	}
	return false
}
