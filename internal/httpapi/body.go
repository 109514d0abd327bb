package httpapi

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/lockflight/lockflight/internal/control"
)

// MiB is the unit of the limits of bodies.
const MiB = 1 << 20

// Body says how a JSON body is read.
type Body struct {
	Limit   int64 // in bytes; more is TooLarge
	Lenient bool  // keys that the type does not have are passed over, not refused
}

// The bodies of the admin APIs, which are all or nothing, and of SDKs, which
// may be newer than this server.
var (
	AdminBody = Body{Limit: MiB}
	SDKBody   = Body{Limit: MiB, Lenient: true}
)

// Decode reads the one JSON value of the request's body into the struct that
// into points to. What is wrong with it is an Error of Kind Invalid whose Field
// is the path of the value, as in strategies[0].parameters.rollout. A null is
// as if its key were absent.
func (b Body) Decode(w http.ResponseWriter, r *http.Request, into any) error {
	data, err := b.Bytes(w, r)
	if err != nil {
		return err
	}
	return b.Unmarshal(data, into)
}

// Bytes returns the body as it was sent, where it says that it is JSON, or says
// nothing.
func (b Body) Bytes(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if err := wantJSON(r); err != nil {
		return nil, err
	}
	return Read(w, r, b.Limit)
}

// Unmarshal reads one JSON value as Decode does.
func (b Body) Unmarshal(data []byte, into any) error {
	if !utf8.Valid(data) {
		return control.Invalidf("body", "must be UTF-8")
	}
	if err := check(data, into, b.Lenient); err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return control.Invalidf("body", "is not what is expected here: %v", err)
	}
	return nil
}

// Read returns the whole body, or an Error of Kind TooLarge over limit bytes.
func Read(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if 0 <= r.ContentLength && r.ContentLength <= min(limit, smallBody) { // net/http reads no further
		data := make([]byte, r.ContentLength)
		if _, err := io.ReadFull(r.Body, data); err != nil {
			return nil, unread(err)
		}
		return data, nil
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &control.Error{Kind: control.TooLarge, Code: "too_large", Field: "body", Msg: "must not be larger than " + size(limit)}
	case err != nil:
		return nil, unread(err)
	}
	return data, nil
}

// smallBody is how many bytes room is made for on the word of a client.
const smallBody = 64 << 10

func unread(err error) error {
	return &control.Error{Kind: control.Invalid, Code: "invalid", Field: "body", Msg: "could not be read to its end", Err: err}
}

// wantJSON refuses a body that says that it is something else. One that says
// nothing is taken at its word when it is parsed.
func wantJSON(r *http.Request) error {
	header := r.Header.Get("Content-Type")
	if header == "" || header == "application/json" {
		return nil
	}
	media, _, err := mime.ParseMediaType(header)
	if err == nil && (media == "application/json" || strings.HasSuffix(media, "+json")) {
		return nil
	}
	return WrongMedia("application/json")
}

// WrongMedia refuses a body in a form that is not read where it was sent: 415.
func WrongMedia(want string) error {
	return &control.Error{Kind: control.Invalid, Code: control.CodeMediaType, Field: "Content-Type", Msg: "must be " + want}
}

// size prints a limit, in MiB where it is whole.
func size(bytes int64) string {
	if bytes%MiB == 0 {
		return strconv.FormatInt(bytes/MiB, 10) + " MiB"
	}
	return strconv.FormatInt(bytes, 10) + " bytes"
}
