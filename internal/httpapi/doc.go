// Package httpapi is what the HTTP APIs below it share: who is asking, how a
// body is read, what an error becomes, how server-sent events are written, and
// the middleware around all of them. It has no routes and knows no flag: those
// are in the packages below it.
package httpapi
