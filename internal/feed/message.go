package feed

import (
	"crypto/sha256"
	"strconv"

	"github.com/lockflight/lockflight/internal/signed"
)

// Message is one server-sent event of the streaming API, ready to be written,
// with the JSON that it carries: {"events":[...]}. Its bytes are shared by all
// who are sent it and must not be changed.
type Message struct {
	Seq  int64  // a client that has applied it holds every event below Seq
	SSE  []byte // "id: ...\nevent: ...\ndata: {...}\n\n"
	Data []byte // the part of SSE that is JSON, the body of the delta API

	// Signature binds Data, where the hub signs; it is in SSE too, as a field
	// that clients pass over.
	Signature string

	events []byte // the part of Data between the brackets
}

// Sign returns the signature of a body by its SHA-256, which must have no line
// end in it.
type Sign func(environment string, scope Scope, seq int64, sum [sha256.Size]byte) string

// sign adds the signature to a message.
func (v *View) sign(m Message) Message {
	if v.signer == nil {
		return m
	}
	m.Signature = v.signer(v.environment, v.scope, m.Seq, sha256.Sum256(m.Data))
	line := signed.Field + ": " + m.Signature + "\n\n"
	m.SSE = append(m.SSE[:len(m.SSE)-1], line...) // which Data is no part of
	return m
}

// The names of the events of Unleash's streaming API. A client replaces or
// continues what it holds according to the types inside, not to these names.
const (
	eventConnected = "unleash-connected"
	eventUpdated   = "unleash-updated"
)

// newMessage builds a message from what events appends, which is about size
// bytes.
func newMessage(event string, seq int64, size int, events func([]byte) []byte) Message {
	b := append(make([]byte, 0, size), "id: "...)
	b = strconv.AppendInt(b, seq, 10)
	b = append(append(b, "\nevent: "...), event...)
	b = append(b, "\ndata: "...)
	data := len(b)
	b = append(b, `{"events":[`...)
	start := len(b)
	b = events(b)
	end := len(b)
	b = append(b, "]}\n\n"...)
	return Message{Seq: seq, SSE: b, Data: b[data : end+2], events: b[start:end]}
}

// hydrate is the message that replaces all that a client holds.
func hydrate(v *View) Message {
	return v.sign(newMessage(eventConnected, v.Seq, v.size(), func(b []byte) []byte {
		b = header(b, "hydration", v.Seq, "features")
		b = append(b, '[')
		b = join(b, v.flags, func(b []byte, f *flag) []byte { return append(b, f.json...) })
		b = append(b, `],"segments":[`...)
		b = join(b, v.segments, func(b []byte, s *segment) []byte { return append(b, s.json...) })
		return append(b, `]}`...)
	}))
}

// replay is the message that brings a client from an earlier revision to seq:
// the events of updates, one after the other.
func (v *View) replay(seq int64, updates []step) Message {
	return v.sign(newMessage(eventConnected, seq, 0, func(b []byte) []byte {
		return join(b, updates, func(b []byte, s step) []byte { return append(b, s.events...) })
	}))
}

// update is the message that turns old into v, and whether they differ. A
// segment comes before the flags that may need it and goes after those that
// needed it, so that no client sees a flag without its segments.
func update(old, v *View) (Message, bool) {
	m := newMessage(eventUpdated, v.Seq, 0, func(b []byte) []byte {
		first := len(b)
		put := func(one func([]byte) []byte) {
			if len(b) > first {
				b = append(b, ',')
			}
			b = one(b)
		}
		diff(old.segments, v.segments, func(s *segment) int { return s.ID }, nil, func(s *segment) {
			put(func(b []byte) []byte { return docEvent(b, "segment-updated", v.Seq, "segment", s.json) })
		})
		diff(old.flags, v.flags, func(f *flag) string { return f.Name }, func(f *flag) {
			put(func(b []byte) []byte { return featureRemoved(b, v.Seq, f) })
		}, func(f *flag) {
			put(func(b []byte) []byte { return docEvent(b, "feature-updated", v.Seq, "feature", f.json) })
		})
		diff(old.segments, v.segments, func(s *segment) int { return s.ID }, func(s *segment) {
			put(func(b []byte) []byte { return segmentRemoved(b, v.Seq, s) })
		}, nil)
		return b
	})
	if len(m.events) == 0 {
		return m, false
	}
	return v.sign(m), true
}

// header starts an event and leaves it before the value of field.
func header(b []byte, typ string, seq int64, field string) []byte {
	b = append(append(b, `{"type":"`...), typ...)
	b = append(b, `","eventId":`...)
	b = strconv.AppendInt(b, seq, 10)
	b = append(append(b, `,"`...), field...)
	return append(b, `":`...)
}

func docEvent(b []byte, typ string, seq int64, field string, doc []byte) []byte {
	return append(append(header(b, typ, seq, field), doc...), '}')
}

func featureRemoved(b []byte, seq int64, f *flag) []byte {
	b = append(header(b, "feature-removed", seq, "featureName"), encode(f.Name)...)
	b = append(append(b, `,"project":`...), encode(f.Project)...)
	return append(b, '}')
}

func segmentRemoved(b []byte, seq int64, s *segment) []byte {
	return append(strconv.AppendInt(header(b, "segment-removed", seq, "segmentId"), int64(s.ID), 10), '}')
}
