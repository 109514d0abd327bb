package mcpserver

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/lockflight/lockflight/internal/control"
)

type detectInput struct {
	Description string   `json:"description"`
	Files       []string `json:"files"`
	CodeContext string   `json:"codeContext"`
	ProjectID   string   `json:"projectId"`
}

type detected struct {
	Candidates []candidate `json:"candidates"`
	Advice     string      `json:"advice"`
}

type candidate struct {
	FeatureName string   `json:"featureName"`
	ProjectID   string   `json:"projectId"`
	Score       float64  `json:"score"` // 0 to 1, two digits
	Why         []string `json:"why,omitempty"`
}

// The scores from which a flag covers a change, and from which it may. They are
// those of Unleash's detect_flag.
const (
	reuseFrom = 0.7
	askFrom   = 0.4
)

// maxCandidates is how many flags are answered, the likeliest first.
const maxCandidates = 10

// detectFlag finds flags that may cover a change already.
func (s *Server) detectFlag(ctx context.Context, c *call, in detectInput) (any, error) {
	flags, err := c.Flags(ctx, c.principal, in.ProjectID)
	if err != nil {
		return nil, err
	}
	out := detected{Candidates: scored(flags, in), Advice: "create"}
	if len(out.Candidates) > 0 {
		switch best := out.Candidates[0].Score; {
		case best >= reuseFrom:
			out.Advice = "reuse"
		case best >= askFrom:
			out.Advice = "ask_user"
		}
	}
	return out, nil
}

// scored are the flags that have anything to do with a change, the likeliest
// first.
func scored(flags []control.Flag, in detectInput) []candidate {
	q := newQuery(flags, in)
	out := []candidate{}
	for _, f := range flags {
		score, why := q.score(f)
		if score = math.Round(score*100) / 100; score >= 0.1 {
			out = append(out, candidate{f.Name, f.Project, score, why})
		}
	}
	slices.SortFunc(out, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.FeatureName, b.FeatureName))
	})
	return out[:min(len(out), maxCandidates)]
}
