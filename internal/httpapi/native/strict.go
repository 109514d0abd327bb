package native

import (
	"bytes"
	"io"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/lockflight/lockflight/internal/httpapi"
)

// strict lets an operation that takes I be reached only by a body which fits
// its type to the letter: huma passes over keys that are there twice, and names
// no path of what it cannot parse.
func (a api) strict(op *huma.Operation, in reflect.Type) {
	field, ok := in.FieldByName("Body")
	if !ok {
		return
	}
	into, optional := field.Type, field.Type.Kind() == reflect.Pointer
	limit := op.MaxBodyBytes
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		body := httpapi.Body{Limit: limit}
		data, err := body.Bytes(w, r)
		if err == nil && (len(data) > 0 || !optional) {
			err = body.Unmarshal(data, reflect.New(into).Interface())
		}
		if err != nil {
			httpapi.WriteProblem(w, r, httpapi.Public(r.Context(), a.Logger, r.Pattern, err))
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(data))
		next(ctx)
	})
}
