package mcpserver

import (
	"context"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// operationOf names what does the work of each tool of Unleash's MCP server that
// is not one of ours.
var operationOf = map[string]string{
	"set_flag_rollout":        "plan_change with op set_rollout",
	"toggle_flag_environment": "plan_change with op enable or disable",
	"update_flag_strategy":    "plan_change with op set_strategy",
	"remove_flag_strategy":    "plan_change with op remove_strategy",
	"update_flag_tags":        "plan_change with op add_tag or remove_tag",
	"cleanup_flag":            "plan_cleanup",
	"list_flags":              "detect_flag, or the resources lockflight://flags/{project}/{flag}",
	"list_projects":           "the resources lockflight://flags/{project}/{flag}",
}

// foreignTools tells a model that was taught Unleash's tools which of ours to
// call.
func (s *Server) foreignTools(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		if call, ok := req.(*mcp.CallToolRequest); ok {
			if use, ok := operationOf[call.Params.Name]; ok {
				return failed(Problem{
					Code: codeInvalid, Message: "there is no tool " + call.Params.Name, Hint: "use " + use, Path: "name",
				}), nil
			}
		}
		return next(ctx, method, req)
	}
}
