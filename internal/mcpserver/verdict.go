package mcpserver

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

type verdictInput struct {
	VerdictID string `json:"verdictId"`
}

type verdict struct {
	Verdict        string   `json:"verdict"`
	Reason         string   `json:"reason"`
	Signals        []signal `json:"signals"`
	Missing        []string `json:"missing,omitempty"`
	PolicyHash     string   `json:"policyHash,omitempty"`
	EvidenceDigest string   `json:"evidenceDigest,omitempty"`
	LogIndex       *int64   `json:"logIndex,omitempty"`
	ToPromote      []string `json:"toPromote,omitempty"`
}

// signal is one signal's figures, as the gate computed them. Control is what the
// difference leaves of the estimate.
type signal struct {
	Name      string   `json:"name"`
	State     string   `json:"state"`
	Why       string   `json:"why,omitempty"`
	Treatment *float64 `json:"treatment,omitempty"`
	Control   *float64 `json:"control,omitempty"`
	Lower     *float64 `json:"lower,omitempty"`
	Upper     *float64 `json:"upper,omitempty"`
	Threshold *float64 `json:"threshold,omitempty"`
	N         int64    `json:"n"`
}

// explainVerdict reads a stored verdict.
func (s *Server) explainVerdict(ctx context.Context, c *call, in verdictInput) (any, error) {
	v, err := c.Verdict(ctx, c.principal, in.VerdictID)
	if err != nil {
		return nil, err
	}
	out := verdict{
		Verdict: v.Decision.Verdict.String(), Reason: v.Reason, Signals: []signal{}, ToPromote: v.Decision.Needs,
		PolicyHash: v.PolicySHA256, EvidenceDigest: v.SnapshotSHA256,
	}
	if v.Seq >= 0 {
		out.LogIndex = &v.Seq
	}
	thresholds, err := thresholdsOf(v)
	if err != nil {
		return nil, err
	}
	for _, st := range v.Decision.Signals {
		one := signal{
			Name: st.Name, State: string(st.Status), Why: st.Why, Treatment: st.Estimate, Lower: st.Lower, Upper: st.Upper,
			Threshold: thresholds[st.Name], N: int64(st.N),
		}
		if st.Estimate != nil && st.Diff != nil {
			one.Control = new(math.Round((*st.Estimate-*st.Diff)*1e6) / 1e6) // as the gate rounds
		}
		out.Signals = append(out.Signals, one)
		if st.Status == gate.Missing {
			out.Missing = append(out.Missing, st.Name)
		}
	}
	return out, nil
}

// thresholdsOf are what the policy of a verdict asks of each signal to go on.
func thresholdsOf(v control.VerdictView) (map[string]*float64, error) {
	out := map[string]*float64{}
	if len(v.Policy) == 0 {
		return out, nil
	}
	var stored gate.Policy
	if err := json.Unmarshal(v.Policy, &stored); err != nil {
		return nil, fmt.Errorf("decoding the policy of verdict %s: %w", v.ID, err)
	}
	for _, s := range stored.Signals {
		out[s.Name] = &s.Promote
	}
	return out, nil
}
