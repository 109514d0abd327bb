package evidence

import (
	"errors"
	"hash/maphash"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// fields walks the fields of one protobuf message, in the order in which they
// are on the wire. Nothing is copied: what it hands out is part of the message.
type fields struct {
	rest  []byte
	num   protowire.Number
	typ   protowire.Type
	bytes []byte // of a string, bytes or message
	bits  uint64 // of a number
	err   error
}

// errTruncated is a message that ends within a field, or is none at all.
var errTruncated = errors.New("the protobuf message is broken")

func walk(message []byte) fields { return fields{rest: message} }

// next goes to the next field, and returns false at the end and at an error.
func (f *fields) next() bool {
	if len(f.rest) == 0 || f.err != nil {
		return false
	}
	n := 1
	if b := f.rest[0]; b >= 1<<3 && b < 0x80 { // most tags, and lengths below, are one byte
		f.num, f.typ = protowire.Number(b>>3), protowire.Type(b&7)
	} else if f.num, f.typ, n = protowire.ConsumeTag(f.rest); n < 0 {
		return f.broken()
	}
	f.rest = f.rest[n:]
	switch f.typ {
	case protowire.BytesType:
		if len(f.rest) > 0 && f.rest[0] < 0x80 && int(f.rest[0]) < len(f.rest) {
			n = 1 + int(f.rest[0])
			f.bytes = f.rest[1:n]
			break
		}
		f.bytes, n = protowire.ConsumeBytes(f.rest)
	case protowire.VarintType:
		f.bits, n = protowire.ConsumeVarint(f.rest)
	case protowire.Fixed64Type:
		f.bits, n = protowire.ConsumeFixed64(f.rest)
	default:
		n = protowire.ConsumeFieldValue(f.num, f.typ, f.rest)
	}
	if n < 0 {
		return f.broken()
	}
	f.rest = f.rest[n:]
	return true
}

func (f *fields) broken() bool {
	f.err = errTruncated
	return false
}

// message says whether the field is number num and of bytes.
func (f *fields) message(num protowire.Number) bool {
	return f.num == num && f.typ == protowire.BytesType
}

// fixed says whether the field is number num and of eight bytes.
func (f *fields) fixed(num protowire.Number) bool {
	return f.num == num && f.typ == protowire.Fixed64Type
}

// each calls use with each message in field num of a message.
func each(message []byte, num protowire.Number, use func([]byte) error) error {
	f := walk(message)
	for f.next() {
		if !f.message(num) {
			continue
		}
		if err := use(f.bytes); err != nil {
			return err
		}
	}
	return f.err
}

// The fields of AnyValue and KeyValue (opentelemetry/proto/common/v1).
const (
	fieldKey, fieldValue = 1, 2

	fieldText, fieldBool, fieldInt, fieldDouble = 1, 2, 3, 4
)

// attribute adds an attribute that is read, a KeyValue, to a set.
func (r *wire) attribute(message []byte, into *attributes) error {
	var key, val []byte
	f := walk(message)
	for f.next() {
		switch {
		case f.message(fieldKey):
			key = f.bytes
		case f.message(fieldValue):
			val = f.bytes
		}
	}
	if f.err != nil {
		return f.err
	}
	a, read := attrOf(key)
	if !read {
		return r.element(key, val, into)
	}
	v, err := r.value(val)
	into.add(a, v)
	return err
}

// value reads an AnyValue.
func (r *wire) value(message []byte) (v value, err error) {
	f := walk(message)
	for f.next() {
		switch {
		case f.message(fieldText):
			v = value{kind: kindText, text: r.text(f.bytes)}
		case f.num == fieldBool && f.typ == protowire.VarintType:
			v = value{kind: kindBool, number: float64(f.bits), bits: f.bits}
		case f.num == fieldInt && f.typ == protowire.VarintType:
			v = value{kind: kindInt, number: float64(int64(f.bits)), bits: f.bits}
		case f.fixed(fieldDouble):
			v = value{kind: kindDouble, number: math.Float64frombits(f.bits), bits: f.bits}
		default:
			v = value{kind: kindOther, raw: message}
		}
	}
	return v, f.err
}

// wire reads attributes. Text that was read lately, such as the unit of a span
// that its events repeat, is not allocated again.
type wire struct{ known [256]string }

// maxKnown is the most bytes of text that is remembered.
const maxKnown = 128

var seed = maphash.MakeSeed()

func (r *wire) text(b []byte) string {
	if len(b) > maxKnown {
		return string(b)
	}
	s := &r.known[maphash.Bytes(seed, b)%uint64(len(r.known))]
	if *s != string(b) {
		*s = string(b)
	}
	return *s
}
