// Package sse reads server-sent events, for the SDK and for the edge. What it
// returns is the application's to make sense of.
package sse

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxMessage bounds one server-sent event, in bytes: a hydration of some
// 10,000 flags is below 10 MB.
const maxMessage = 64 << 20

// ErrTooLarge ends a stream with an event over 64 MiB.
var ErrTooLarge = errors.New("server-sent event over 64 MiB")

// Message is one server-sent event. ID is the last id that the stream named,
// which may be an earlier event's.
type Message struct {
	Event string
	ID    string
	Data  []byte

	Signature string // Lockflight's field lockflight-signature, "" without one
}

// Reader reads a text/event-stream as the HTML standard, section 9.2.6,
// interprets it: lines end in LF, CR or CRLF, comments are skipped, an event
// without data is dropped, and so is one that the stream's end cuts short.
// The field "retry" is ignored: the client has a backoff of its own.
type Reader struct {
	r     *bufio.Reader
	line  []byte
	id    string
	begun bool // the first line, which may start with a byte order mark, is read
	cr    bool // the last line ended in CR: a LF that follows belongs to it
}

// NewReader returns a Reader of a stream from its beginning.
func NewReader(r io.Reader) *Reader {
	return &Reader{r: bufio.NewReaderSize(r, 32<<10)}
}

// Next returns the next event, or the error that ended the stream: io.EOF
// where the server closed it. The event's Data is the caller's to keep.
func (r *Reader) Next() (Message, error) {
	var event Message
	var data bytes.Buffer
	for {
		line, err := r.readLine(maxMessage - data.Len())
		if err != nil {
			return Message{}, err
		}
		if len(line) > 0 {
			r.field(line, &event, &data)
			continue
		}
		if data.Len() > 0 {
			event.ID = r.id
			event.Data = bytes.TrimSuffix(data.Bytes(), []byte("\n"))
			return event, nil
		}
		event = Message{}
	}
}

// field takes one line that is not empty into the event that is being read.
func (r *Reader) field(line []byte, event *Message, data *bytes.Buffer) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "event":
		event.Event = string(value)
	case "data":
		data.Write(value)
		data.WriteByte('\n')
	case "lockflight-signature":
		event.Signature = string(value)
	case "id":
		if bytes.IndexByte(value, 0) < 0 {
			r.id = string(value)
		}
	}
}

// readLine returns the next line without its end. It never waits for the byte
// after a CR, which may be long in coming.
func (r *Reader) readLine(limit int) ([]byte, error) {
	r.line = r.line[:0]
	for {
		b, err := r.r.ReadByte()
		if err != nil {
			return nil, err
		}
		afterCR := r.cr
		r.cr = b == '\r'
		switch {
		case b == '\n' && afterCR:
		case b == '\n' || b == '\r':
			return r.withoutMark(), nil
		case len(r.line) >= limit:
			return nil, ErrTooLarge
		default:
			r.line = append(r.line, b)
		}
	}
}

// withoutMark returns the line, less the byte order mark that a stream may
// start with.
func (r *Reader) withoutMark() []byte {
	if r.begun {
		return r.line
	}
	r.begun = true
	return bytes.TrimPrefix(r.line, []byte("\xef\xbb\xbf"))
}
