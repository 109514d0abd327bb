package control

import (
	"errors"
	"fmt"
	"time"
)

// Kind classifies an Error for whoever has to answer for it: an HTTP status,
// an exit code, a tool error. The zero Kind is Internal, so that an error
// nobody classified fails safe.
type Kind int

// The kinds of failure. Only httpapi, mcpserver and cmd map them.
const (
	Internal        Kind = iota // a fault of ours; details stay in the log
	Invalid                     // the input is wrong; Field names what
	Unauthenticated             // no principal, or credentials that are not valid
	Denied                      // the principal may not do this
	NotFound                    // no such thing, or not for this principal
	Exists                      // the name is taken
	Conflict                    // the state has moved on, or forbids it
	TooLarge                    // the body is over its limit
	Limited                     // too many requests; try again later
	Unavailable                 // not able to answer now; try again
	Proposed                    // nothing was changed: a change request was made, whose id is in Field
)

// Error is the one error type that crosses package borders. Code is stable
// and lower_snake_case; Field is the path of the offending input, empty where
// there is none; Msg says what is wrong and what would be right.
type Error struct {
	Kind  Kind
	Code  string
	Field string
	Msg   string
	Err   error
	Retry time.Duration // of a Limited: when it is worth trying again; 0 where that is soon, or not known

	denial error // that a NotFound stands for, for the log alone
}

// Error returns the message with its field and cause.
func (e *Error) Error() string {
	s := e.Msg
	if e.Field != "" {
		s = e.Field + ": " + s
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// The Codes of errors that have an HTTP status of their own among those of their
// Kind.
const (
	CodePrecondition = "precondition_failed"    // a Conflict: a Guard does not hold
	CodeMediaType    = "unsupported_media_type" // Invalid: a body in a form that is not read there
	CodeBudget       = "budget_exceeded"        // Limited: an agent has done too much of something
	CodeMethod       = "method_not_allowed"     // NotFound: there is something, but not that way
)

// RetryAfter is when what was Limited or Unavailable may be tried again, at the
// earliest.
const RetryAfter = time.Second

// KindOf returns the Kind of err, Internal where it has none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Invalidf says that field holds something wrong, and what would be right.
func Invalidf(field, format string, args ...any) *Error {
	return &Error{Kind: Invalid, Code: "invalid", Field: field, Msg: fmt.Sprintf(format, args...)}
}

// Errorf makes an error of a kind without a field.
func Errorf(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Msg: fmt.Sprintf(format, args...)}
}
