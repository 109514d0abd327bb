package mcpserver

import (
	"strconv"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

// percentOf is the most of its subjects that a flag can be on for in an
// environment, in percent, whatever constraints and segments say: an upper bound
// for people to read. What a change does to exposure is judged by the policy.
func percentOf(fe control.FlagEnv) float64 {
	var out float64
	for _, st := range fe.Strategies {
		if fe.Enabled && !st.Disabled {
			out = max(out, rollout(st.Name, st.Parameters))
		}
	}
	return out
}

// percentOfSpec is percentOf what files would hold.
func percentOfSpec(spec control.EnvSpec) float64 {
	var out float64
	for _, st := range spec.Strategies {
		if spec.Enabled && !st.Disabled {
			out = max(out, rollout(st.Name, st.Parameters))
		}
	}
	return out
}

// rollout is the share of subjects that a strategy lets through, in percent: 100
// where it has none.
func rollout(name string, parameters eval.Parameters) float64 {
	key := "percentage"
	if name == flexibleRollout {
		key = "rollout"
	}
	if percent, err := strconv.ParseFloat(parameters[key], 64); err == nil {
		return percent
	}
	return 100
}

const flexibleRollout = "flexibleRollout"
