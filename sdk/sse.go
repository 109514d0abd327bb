package sdk

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxMessage bounds one server-sent event, in bytes: a hydration of some
// 10,000 flags is below 10 MB.
const maxMessage = 64 << 20

var errMessageTooLarge = errors.New("server-sent event over 64 MiB")

// message is one server-sent event. ID is the last id that the stream named,
// which may be an earlier event's.
type message struct {
	Event string
	ID    string
	Data  []byte
}

// messageReader reads a text/event-stream as the HTML standard, section 9.2.6,
// interprets it: lines end in LF, CR or CRLF, comments are skipped, an event
// without data is dropped, and so is one that the stream's end cuts short.
// The field "retry" is ignored: the client has a backoff of its own.
type messageReader struct {
	r     *bufio.Reader
	line  []byte
	id    string
	begun bool // the first line, which may start with a byte order mark, is read
	cr    bool // the last line ended in CR: a LF that follows belongs to it
}

func newMessageReader(r io.Reader) *messageReader {
	return &messageReader{r: bufio.NewReaderSize(r, 32<<10)}
}

// next returns the next event, or the error that ended the stream: io.EOF
// where the server closed it. The event's Data is the caller's to keep.
func (m *messageReader) next() (message, error) {
	var event message
	var data bytes.Buffer
	for {
		line, err := m.readLine(maxMessage - data.Len())
		if err != nil {
			return message{}, err
		}
		if len(line) > 0 {
			m.field(line, &event, &data)
			continue
		}
		if data.Len() > 0 {
			event.ID = m.id
			event.Data = bytes.TrimSuffix(data.Bytes(), []byte("\n"))
			return event, nil
		}
		event = message{}
	}
}

// field takes one line that is not empty into the event that is being read.
func (m *messageReader) field(line []byte, event *message, data *bytes.Buffer) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "event":
		event.Event = string(value)
	case "data":
		data.Write(value)
		data.WriteByte('\n')
	case "id":
		if bytes.IndexByte(value, 0) < 0 {
			m.id = string(value)
		}
	}
}

// readLine returns the next line without its end. It never waits for the byte
// after a CR, which may be long in coming.
func (m *messageReader) readLine(limit int) ([]byte, error) {
	m.line = m.line[:0]
	for {
		b, err := m.r.ReadByte()
		if err != nil {
			return nil, err
		}
		afterCR := m.cr
		m.cr = b == '\r'
		switch {
		case b == '\n' && afterCR:
		case b == '\n' || b == '\r':
			return m.withoutMark(), nil
		case len(m.line) >= limit:
			return nil, errMessageTooLarge
		default:
			m.line = append(m.line, b)
		}
	}
}

// withoutMark returns the line, less the byte order mark that a stream may
// start with.
func (m *messageReader) withoutMark() []byte {
	if m.begun {
		return m.line
	}
	m.begun = true
	return bytes.TrimPrefix(m.line, []byte("\xef\xbb\xbf"))
}
