package evidence

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"mime"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/lockflight/lockflight/internal/control"
)

// MaxBody is the most bytes that one request may carry, after decompression.
const MaxBody = 8 << 20

// The encodings of OTLP/HTTP.
const (
	protobufType = "application/x-protobuf"
	jsonType     = "application/json"
)

// payload is the body of one OTLP/HTTP request, with the two headers that say
// how to read it.
type payload struct {
	contentType     string
	contentEncoding string
	body            io.Reader
}

// exportRequest is what the requests of all three OTLP services offer.
type exportRequest interface {
	UnmarshalJSON(data []byte) error
	MarshalProto() ([]byte, error)
}

// exportResponse is what their responses offer.
type exportResponse interface {
	MarshalProto() ([]byte, error)
	MarshalJSON() ([]byte, error)
}

// media returns the media type to read and to answer in; JSON where the
// request's is none of the two, so that the refusal can be read by people.
func (pl payload) media() (string, error) {
	media, _, err := mime.ParseMediaType(pl.contentType)
	if err == nil && (media == protobufType || media == jsonType) {
		return media, nil
	}
	return jsonType, &control.Error{
		Kind: control.Invalid, Code: control.CodeMediaType, Field: "Content-Type",
		Msg: quote(pl.contentType) + " is neither " + protobufType + " nor " + jsonType,
	}
}

// read returns the decompressed body, in buf, or an Error of Kind TooLarge or
// Limited.
func (pl payload) read(s *share, buf *bytes.Buffer) ([]byte, error) {
	body := pl.body
	switch pl.contentEncoding {
	case "", "identity":
	case "gzip":
		zr, err := gzip.NewReader(body)
		if err != nil {
			return nil, unreadable(err)
		}
		body = zr
	default:
		return nil, control.Invalidf("Content-Encoding", "%q is neither gzip nor identity", pl.contentEncoding)
	}
	n, err := buf.ReadFrom(io.LimitReader(s.reader(body), MaxBody+1))
	if n > MaxBody {
		return nil, tooLarge()
	}
	if err != nil {
		return nil, unreadable(err)
	}
	return buf.Bytes(), nil
}

// encode renders res as media.
func encode(res exportResponse, media string) ([]byte, string, error) {
	write := res.MarshalProto
	if media == jsonType {
		write = res.MarshalJSON
	}
	body, err := write()
	return body, media, err
}

// failure returns err, and renders it as the google.rpc.Status that OTLP/HTTP
// clients expect in every answer that is not a success. Causes stay out of it.
func failure(err error, media string) ([]byte, string, error) {
	msg := "internal error"
	if e, ok := errors.AsType[*control.Error](err); ok && e.Kind != control.Internal {
		shown := *e
		shown.Err = nil
		msg = shown.Error()
	}
	// Both encoders fail on invalid UTF-8 only.
	kind := control.KindOf(err)
	st := advise(status.New(statusCode(kind), strings.ToValidUTF8(msg, "\uFFFD")), kind).Proto()
	var body []byte
	if media == jsonType {
		body, _ = protojson.Marshal(st)
	} else {
		body, _ = proto.Marshal(st)
	}
	return body, media, err
}

// advise says when to try again. Without that a client may not, where
// resources are exhausted (OTLP 1.10, "OTLP/gRPC Throttling").
func advise(st *status.Status, kind control.Kind) *status.Status {
	if kind != control.Limited && kind != control.Unavailable {
		return st
	}
	with, err := st.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(control.RetryAfter)})
	if err != nil { // never: neither is a success, nor nil
		return st
	}
	return with
}

// Failure renders an error that came before a request was read, such as a token
// that is not valid, in the encoding of that request (OTLP 1.10, "Failures").
func Failure(err error, contentType string) (body []byte, answerType string) {
	media, _ := payload{contentType: contentType}.media()
	body, answerType, _ = failure(err, media)
	return body, answerType
}

func statusCode(kind control.Kind) codes.Code {
	switch kind {
	case control.Invalid:
		return codes.InvalidArgument
	case control.Unauthenticated:
		return codes.Unauthenticated
	case control.Denied:
		return codes.PermissionDenied
	case control.NotFound:
		return codes.NotFound
	case control.Exists:
		return codes.AlreadyExists
	case control.Conflict:
		return codes.Aborted
	case control.TooLarge, control.Limited:
		return codes.ResourceExhausted
	case control.Unavailable:
		return codes.Unavailable
	case control.Proposed, control.Internal: // evidence proposes nothing
	}
	return codes.Internal
}

func tooLarge() *control.Error {
	return control.Errorf(control.TooLarge, "too_large", "the body is larger than %d bytes: send less at a time", MaxBody)
}

func unreadable(err error) *control.Error {
	if e, ok := errors.AsType[*control.Error](err); ok { // there is no room for it
		return e
	}
	return &control.Error{Kind: control.Invalid, Code: "invalid", Field: "body", Msg: "cannot be read", Err: err}
}
