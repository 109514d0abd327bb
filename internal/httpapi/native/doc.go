// Package native serves /api/v1: every operation of control.Service, typed,
// with its OpenAPI 3.1 document; evidence and OTLP beside it. It decodes,
// calls and encodes, and decides nothing.
package native
