package mcpserver

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"time"
)

type evidenceInput struct {
	writing
	Observations []observation `json:"observations"`
}

// observation is a line of native evidence.
type observation struct {
	At          string   `json:"at,omitempty"`
	ID          string   `json:"id,omitempty"`
	Environment string   `json:"environment"`
	Flag        string   `json:"flag"`
	Arm         string   `json:"arm"`
	Unit        string   `json:"unit"`
	Build       string   `json:"build"`
	Signal      string   `json:"signal"`
	Value       *float64 `json:"value,omitempty"`
	Pass        *bool    `json:"pass,omitempty"`
	Severity    string   `json:"severity,omitempty"`
}

// submitEvidence adds observations, which are those of the moment where they
// name no other. Under an idempotency key they count once, also after a restart.
func (s *Server) submitEvidence(ctx context.Context, c *call, in evidenceInput) (any, error) {
	var lines bytes.Buffer
	enc := json.NewEncoder(&lines)
	now := s.Now().UTC().Format(time.RFC3339Nano)
	for _, o := range in.Observations {
		if o.At == "" {
			o.At = now
		}
		if err := enc.Encode(o); err != nil {
			return nil, err
		}
	}
	out, err := s.take(ctx, c, in.writing, &lines)
	if len(out.Rejected) == len(in.Observations) && len(out.Rejected) > 0 {
		err = nil // why is said of each
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Server) take(ctx context.Context, c *call, how writing, lines io.Reader) (Submitted, error) {
	switch {
	case how.DryRun:
		return s.Evidence.Check(ctx, c.principal, lines)
	case how.IdempotencyKey == "":
		return s.Evidence.Submit(ctx, c.principal, "", 0, lines)
	}
	return s.Evidence.Submit(ctx, c.principal, "mcp/"+how.IdempotencyKey, 1, lines)
}
