package mcpserver

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// call is one call of a tool: who calls, and the Service that it is carried out
// by, which rehearses where the caller wants no effect.
type call struct {
	*control.Service

	principal control.Principal
	base      string // of links
}

// answer reads the arguments of a call and returns what carries it out.
type answer func(args []byte) (run, error)

// run carries out a call and returns what it answers.
type run func(ctx context.Context, c *call) (any, error)

// writing is what the input of every tool that writes has.
type writing struct {
	IdempotencyKey string `json:"idempotencyKey"`
	DryRun         bool   `json:"dryRun"`
}

func (w writing) how() writing { return w }

// status of a write that was carried out, or rehearsed.
func (w writing) status() string {
	if w.DryRun {
		return "planned"
	}
	return "done"
}

// reads makes an answer of a function of typed arguments.
func reads[I any](fn func(ctx context.Context, c *call, in I) (any, error)) answer {
	return func(args []byte) (run, error) {
		var in I
		err := argumentBody.Unmarshal(args, &in)
		return func(ctx context.Context, c *call) (any, error) { return fn(ctx, c, in) }, err
	}
}

// writes makes an answer of a function that writes: it is given the Service that
// its caller wants, and carried out once for each idempotency key.
func writes[I interface{ how() writing }](s *Server, tool string, fn func(ctx context.Context, c *call, in I) (any, error)) answer {
	return func(args []byte) (run, error) {
		var in I
		err := argumentBody.Unmarshal(args, &in)
		return func(ctx context.Context, c *call) (any, error) {
			how := in.how()
			if how.DryRun {
				c.Service = c.Rehearsal()
				return fn(ctx, c, in)
			}
			return s.done.once(owner(c.principal)+"\n"+tool, how.IdempotencyKey, args, func() (any, error) { return fn(ctx, c, in) })
		}, err
	}
}

// owner names whose plans and keys are whose: possession of a handle is not
// authentication.
func owner(p control.Principal) string { return p.ID + "\n" + p.OnBehalfOf }

// maxArguments is the size of the arguments of one call, in bytes.
const maxArguments = 4 << 20

var argumentBody = httpapi.Body{Limit: maxArguments}

// addTools lists the tools that are served here.
func (s *Server) addTools() {
	answers := map[string]answer{
		"detect_flag":      reads(s.detectFlag),
		"create_flag":      writes(s, "create_flag", s.createFlag),
		"get_flag_state":   reads(s.flagState),
		"plan_change":      reads(s.planChange),
		"apply_change":     writes(s, "apply_change", s.applyChange),
		"kill_flag":        writes(s, "kill_flag", s.killFlag),
		"start_release":    writes(s, "start_release", s.startRelease),
		"get_release":      reads(s.getRelease),
		"explain_verdict":  reads(s.explainVerdict),
		"submit_evidence":  writes(s, "submit_evidence", s.submitEvidence),
		"list_stale_flags": reads(s.staleFlags),
	}
	if s.Evaluate != nil {
		answers["evaluate_change"] = reads(s.evaluateChange)
	}
	for _, d := range definitions() {
		if fn, ok := answers[d.Name]; ok {
			s.mcp.AddTool(d.tool(), s.handler(d, fn))
		}
	}
}

// handler answers a call of a tool. What is wrong with it, or was refused, is an
// error that the model is told of, not one of the protocol.
func (s *Server) handler(d definition, fn answer) mcp.ToolHandler {
	return func(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		out, err := s.call(ctx, d, fn, req)
		if err == nil {
			var res *mcp.CallToolResult
			if res, err = result(out); err == nil {
				return res, nil
			}
		}
		return s.refusal(ctx, d.Name, err), nil
	}
}

func (s *Server) call(ctx context.Context, d definition, fn answer, req *mcp.CallToolRequest) (any, error) {
	p, base, err := callerOf(req.Extra)
	if err != nil {
		return nil, err
	}
	args := []byte(req.Params.Arguments)
	if len(args) == 0 {
		args = []byte("{}")
	}
	run, err := fn(args)
	if err != nil {
		return nil, err
	}
	if err := d.check(args); err != nil {
		return nil, err
	}
	return run(ctx, &call{Service: s.Service, principal: p, base: base})
}

// unadvertised are arguments that Unleash's MCP server takes and ours has under
// another name, or passes over.
var unadvertised = map[string][]string{"evaluate_change": {"riskLevel", "codeContext", "files"}}

// check holds arguments, which have the types of their struct, to the schema.
func (d definition) check(args []byte) error {
	var given map[string]any
	if err := json.Unmarshal(args, &given); err != nil {
		return control.Invalidf("arguments", "%v", err)
	}
	maps.DeleteFunc(given, func(name string, value any) bool {
		return value == nil || slices.Contains(unadvertised[d.Name], name)
	})
	if err := d.input.Validate(given); err != nil {
		return misfit(err)
	}
	return nil
}

// misfit puts into an Error what the schema has against arguments. The library
// leads to what is wrong as in "validating root: validating
// /properties/name: minLength: ...".
func misfit(err error) error {
	parts := strings.Split(err.Error(), ": ")
	var path []string
	for len(parts) > 1 && strings.HasPrefix(parts[0], "validating ") {
		path, parts = append(path, parts[0]), parts[1:]
	}
	field := "arguments"
	if len(path) > 0 {
		_, last, _ := strings.Cut(path[len(path)-1], "/properties/")
		field = cmp.Or(strings.ReplaceAll(last, "/properties/", "."), field)
	}
	return control.Invalidf(field, "%s", strings.Join(parts, ": "))
}
