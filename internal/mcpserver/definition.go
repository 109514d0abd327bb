package mcpserver

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// toolsFile has the words and schemas of the tools, written by hand: a model
// reads them before each of its answers, so that every word has its price.
//
//go:embed tools.json
var toolsFile []byte

// definition is a tool as models see it.
type definition struct {
	Name         string              `json:"name"`
	Title        string              `json:"title"`
	Description  string              `json:"description"`
	InputSchema  json.RawMessage     `json:"inputSchema"`
	OutputSchema json.RawMessage     `json:"outputSchema"`
	Annotations  mcp.ToolAnnotations `json:"annotations"`

	input *jsonschema.Resolved
}

// definitions are all tools, in the order in which they are used. The file is
// part of the program: a fault of it is a fault of ours, which the first test
// finds.
func definitions() []definition {
	var all []definition
	dec := json.NewDecoder(bytes.NewReader(toolsFile))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&all); err != nil {
		panic(fmt.Sprintf("tools.json: %v", err))
	}
	for i := range all {
		all[i].input = resolve(all[i].Name, all[i].InputSchema)
	}
	return all
}

func resolve(tool string, raw json.RawMessage) *jsonschema.Resolved {
	var schema jsonschema.Schema
	err := json.Unmarshal(raw, &schema)
	if err == nil {
		var out *jsonschema.Resolved
		if out, err = schema.Resolve(nil); err == nil {
			return out
		}
	}
	panic(fmt.Sprintf("tools.json: %s: %v", tool, err))
}

// tool is the definition in the SDK's form.
func (d definition) tool() *mcp.Tool {
	return &mcp.Tool{
		Name: d.Name, Title: d.Title, Description: d.Description,
		InputSchema: d.InputSchema, OutputSchema: d.OutputSchema, Annotations: &d.Annotations,
	}
}
