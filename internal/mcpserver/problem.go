package mcpserver

import (
	"context"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// The codes of errors that tools answer, beside those below that name one kind
// of failure each. They are stable.
const (
	codePolicy   = "denied_by_policy"
	codeScope    = "insufficient_scope"
	codeBudget   = "budget_exceeded"
	codeStale    = "stale_revision"
	codeFreeze   = "freeze_active"
	codeKilled   = "agent_suspended"
	codeInvalid  = "invalid_argument"
	codeMismatch = "idempotency_mismatch"
	codeProgress = "in_progress"
	codeExpired  = "plan_expired"
	codeMissing  = "not_found"
	codeConflict = "conflict"
	codeTooLarge = "too_large"
	codeDown     = "unavailable"
	codeInternal = "internal"
)

// Problem is why a tool did not do what it was asked to, in the words of a model:
// Hint is one sentence that names what to do next.
type Problem struct {
	Code      string   `json:"code"`
	Message   string   `json:"message"`
	Retryable bool     `json:"retryable"`
	Hint      string   `json:"hint"`
	Path      string   `json:"path,omitempty"`    // of the argument that is wrong
	Scopes    []string `json:"scopes,omitempty"`  // that the token lacks
	ResetAt   string   `json:"resetAt,omitempty"` // when there is room again
	RequestID string   `json:"requestId,omitempty"`
}

// hints say what a model does next.
var hints = map[string]string{
	codePolicy:   "Tell the user which rule refuses this; plan_change shows what would be allowed.",
	codeScope:    "Tell the user that the token lacks this permission; do not look for another way.",
	codeBudget:   "Stop writing and tell the user; kill_flag is never refused for a budget.",
	codeStale:    "Call plan_change again and look at the new difference before apply_change.",
	codeFreeze:   "Tell the user when the calendar opens, and call again then.",
	codeKilled:   "Stop, and tell the user that a person has stopped this agent.",
	codeInvalid:  "Correct the argument at path and call again.",
	codeMismatch: "Use a new idempotencyKey for other arguments.",
	codeProgress: "Call again with the same idempotencyKey and arguments.",
	codeExpired:  "Call plan_change again, then apply_change with the digest that it returns.",
	codeMissing:  "Look for the name with detect_flag or get_release; what is not readable is not found either.",
	codeConflict: "Read the state with get_flag_state or get_release, and decide again.",
	codeTooLarge: "Send or ask for less.",
	codeDown:     "Call again in a few seconds.",
	codeInternal: "Call again once; if it fails again, tell the user the requestId.",
}

// retryable are the codes after which the same call may succeed later.
var retryable = map[string]bool{codeProgress: true, codeDown: true, codeInternal: true, codeFreeze: true, codeBudget: true}

// codeOf is the one mapping from a failure to the code that a model is told.
func codeOf(err *control.Error) string {
	switch err.Kind {
	case control.Invalid:
		return codeInvalid
	case control.Exists:
		return codeInvalid
	case control.Unauthenticated:
		return codeScope
	case control.Denied:
		return codeOfDenial(err.Code)
	case control.NotFound:
		if err.Code == codeExpired {
			return codeExpired
		}
		return codeMissing
	case control.Conflict:
		return codeOfConflict(err.Code)
	case control.TooLarge:
		return codeTooLarge
	case control.Limited:
		if err.Code == control.CodeBudget {
			return codeBudget
		}
		return codeDown
	case control.Unavailable:
		return codeDown
	case control.Proposed, control.Internal: // what is proposed is answered as such, and never a problem
		return codeInternal
	}
	return codeInternal
}

func codeOfDenial(code string) string {
	switch code {
	case "policy_denied", "approval_required":
		return codePolicy
	case "agent_killed":
		return codeKilled
	}
	return codeScope
}

func codeOfConflict(code string) string {
	switch code {
	case "plan_stale", control.CodePrecondition, "release_moved_on":
		return codeStale
	case "calendar_closed":
		return codeFreeze
	case codeMismatch, codeProgress:
		return code
	}
	return codeConflict
}

// problemOf puts an error into the words of a model.
func problemOf(ctx context.Context, err *control.Error) Problem {
	p := Problem{Code: codeOf(err), Message: short(err.Msg), RequestID: httpapi.RequestID(ctx)}
	p.Hint, p.Retryable = hints[p.Code], retryable[p.Code]
	switch p.Code {
	case codeInvalid:
		p.Path = err.Field
	case codeScope:
		if err.Field != "" {
			p.Scopes = []string{err.Field}
		}
	}
	return p
}

// refusal is the result of a call that failed. What is a fault of ours goes to
// the log in full, and to the model without its details.
func (s *Server) refusal(ctx context.Context, tool string, err error) *mcp.CallToolResult {
	e := httpapi.Public(ctx, s.Logger, "mcp "+tool, err)
	out := problemOf(ctx, e)
	if e.Retry > 0 {
		out.ResetAt = s.Now().Add(e.Retry).UTC().Format(time.RFC3339)
	}
	return failed(out)
}

// failed is the result that tells of a problem, as the JSON of a text: stock
// clients hold structured content to the tool's output schema also where it is of
// an error, and show the model nothing of it then.
func failed(p Problem) *mcp.CallToolResult {
	raw, err := structured(p)
	if err != nil { // a Problem always has a JSON form, and a short one
		raw = []byte(`{"code":"internal"}`)
	}
	return &mcp.CallToolResult{IsError: true, Content: []mcp.Content{&mcp.TextContent{Text: string(raw)}}}
}

// result is what a tool answers: structured, and the same as text for clients
// that read no other.
func result(v any) (*mcp.CallToolResult, error) {
	raw, err := structured(v)
	if err != nil {
		return nil, err
	}
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: string(raw)}}, StructuredContent: raw}, nil
}
