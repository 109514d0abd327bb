package mcpserver

import (
	"context"
	"encoding/json"
)

// Evaluator scores the risk of a change from its unified diff: the same diff has
// the same answer. What is wrong with the diff is an Error of Kind Invalid whose
// Field is diff.
type Evaluator func(ctx context.Context, diff string) (Evaluation, error)

// Evaluation is how risky a change is, and what is recommended.
type Evaluation struct {
	Score          int             `json:"score"` // 0 to 100, the sum of the reasons' points
	Band           string          `json:"band"`  // low, medium or high
	Recommendation string          `json:"recommendation"`
	Reasons        []Reason        `json:"reasons"`
	FlagType       string          `json:"flagType,omitempty"`
	SuggestedName  string          `json:"suggestedName,omitempty"`
	GuardedBy      []string        `json:"guardedBy,omitempty"` // flags that the change is behind already
	Plan           json.RawMessage `json:"plan,omitempty"`      // a ReleasePlan
}

// Reason is what gives or takes points, and where.
type Reason struct {
	Points int    `json:"points"`
	ID     string `json:"id"`
	Path   string `json:"path,omitempty"`
	Line   int    `json:"line,omitempty"` // from 1; negative on the old side
	Why    string `json:"why,omitempty"`
}

// evaluateInput has what Unleash's tool is sent too: it says nothing that the diff
// does not, and is passed over.
type evaluateInput struct {
	Diff        string   `json:"diff"`
	Repository  string   `json:"repository"`
	Branch      string   `json:"branch"`
	Description string   `json:"description"`
	ProjectID   string   `json:"projectId"`
	RiskLevel   string   `json:"riskLevel"`
	CodeContext string   `json:"codeContext"`
	Files       []string `json:"files"`
}

// evaluated is an Evaluation whose words are in part those of the diff.
type evaluated struct {
	Evaluation

	Untrusted bool `json:"untrusted"`
}

func (s *Server) evaluateChange(ctx context.Context, _ *call, in evaluateInput) (any, error) {
	out, err := s.Evaluate(ctx, in.Diff)
	if err != nil {
		return nil, err
	}
	if out.Reasons == nil {
		out.Reasons = []Reason{}
	}
	return evaluated{out, true}, nil
}
