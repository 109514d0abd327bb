package native

import (
	"encoding/json"
	"net/http"
	"reflect"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockflight/lockflight/internal/evidence"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// serveDocument serves the OpenAPI 3.1 document of the typed operations, and
// of those beside them, to anyone. huma's own handler makes it at the first
// request, without a lock.
func (a api) serveDocument(mux *http.ServeMux, doc *huma.OpenAPI) {
	describe(doc)
	text := sync.OnceValues(func() ([]byte, error) { return json.MarshalIndent(doc, "", "  ") })
	mux.Handle("GET /api/v1/openapi.json", httpapi.Serve(a.Logger, httpapi.WriteProblem, func(w http.ResponseWriter, _ *http.Request) error {
		body, err := text()
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/openapi+json")
		_, _ = w.Write(append(body, '\n'))
		return nil
	}))
}

// describe adds the operations whose bodies are no JSON documents.
func describe(doc *huma.OpenAPI) {
	text := map[string]*huma.MediaType{"text/plain": {Schema: &huma.Schema{Type: huma.TypeString}}}
	problem := &huma.Response{
		Description: "Error",
		Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: &huma.Schema{Ref: "#/components/schemas/Problem"}}},
	}
	answers := func(status, what string, content map[string]*huma.MediaType) map[string]*huma.Response {
		return map[string]*huma.Response{status: {Description: what, Content: content}, "default": problem}
	}
	doc.AddOperation(&huma.Operation{
		OperationID: "submitEvidence", Method: http.MethodPost, Path: "/api/v1/evidence",
		Summary: "Send observations, one JSON object a line; at most 8 MiB",
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/x-ndjson": {Schema: &huma.Schema{Type: huma.TypeString}},
		}},
		Responses: answers("202", "What was taken and what was not, once it is durable", map[string]*huma.MediaType{
			"application/json": {Schema: doc.Components.Schemas.Schema(reflect.TypeFor[evidence.Result](), true, "")},
		}),
	})
	doc.AddOperation(&huma.Operation{
		OperationID: "exportAudit", Method: http.MethodGet, Path: "/api/v1/audit/export",
		Summary:   "Export the whole log as a pack that anyone can verify",
		Responses: answers("200", "The pack; its last line is the digest of all before it", text),
	})
	doc.AddOperation(&huma.Operation{
		OperationID: "proveRecord", Method: http.MethodGet, Path: "/api/v1/audit/proof/{seq}",
		Summary: "Prove that a record is in the log",
		Parameters: []*huma.Param{{
			Name: "seq", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeInteger, Format: "int64", Minimum: new(0.0)},
		}},
		Responses: answers("200", "The proof, in the form c2sp.org/tlog-proof@v1", text),
	})
}
