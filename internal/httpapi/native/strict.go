package native

import (
	"bytes"
	"io"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/lockflight/lockflight/internal/httpapi"
)

// strict lets an operation be reached only by a body that fits its type to the
// letter: huma passes over keys that are there twice, and names no path of what
// it cannot parse.
type strict struct {
	api      api
	into     reflect.Type
	optional bool // it may be empty
	body     httpapi.Body
}

// hold makes an operation that takes in, where this has a body, a strict one.
func (a api) hold(op *huma.Operation, in reflect.Type) {
	field, ok := in.FieldByName("Body")
	if !ok {
		return
	}
	s := strict{a, field.Type, field.Type.Kind() == reflect.Pointer, httpapi.Body{Limit: op.MaxBodyBytes}}
	op.Middlewares = append(op.Middlewares, s.serve)
}

func (s strict) serve(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	data, err := s.body.Bytes(w, r)
	if err == nil && (len(data) > 0 || !s.optional) {
		err = s.body.Unmarshal(data, reflect.New(s.into).Interface())
	}
	if err != nil {
		s.api.refuse(ctx, err)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(data))
	next(ctx)
}
