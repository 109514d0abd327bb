package gate

import "strconv"

// Stage is the part of a Plan that is served in one environment. When it has
// completed, the next begins in its own.
type Stage struct {
	Environment string      `json:"environment"`
	Policy      Policy      `json:"policy"`
	Milestones  []Milestone `json:"milestones"`
	Calendar    *Calendar   `json:"calendar,omitempty"` // nil: the plan's
}

// stageFile is a Stage as people write it.
type stageFile struct {
	Environment string          `json:"environment"`
	Policy      any             `json:"policy"` // nil: the plan's
	Milestones  []milestoneFile `json:"milestones"`
	Calendar    *Calendar       `json:"calendar"`
}

func stagePath(i int) string { return "stages[" + strconv.Itoa(i) + "]" }

func resolveStages(in []stageFile, policy Policy) ([]Stage, error) {
	var out []Stage
	for i, f := range in {
		own := policy
		var err error
		if f.Policy != nil {
			if own, err = resolvePolicy(stagePath(i)+".policy", f.Policy); err != nil {
				return nil, err
			}
		}
		st := Stage{Environment: f.Environment, Policy: own, Calendar: f.Calendar}
		if st.Milestones, err = resolveMilestones(stagePath(i), f.Milestones, own); err != nil {
			return nil, err
		}
		out = append(out, st)
	}
	return out, nil
}

// Stage returns the plan of stage i, which has none below it. A plan without
// stages is its own.
func (p Plan) Stage(i int) Plan {
	if i < 0 || i >= len(p.Stages) {
		return p
	}
	st := p.Stages[i]
	p.Policy, p.Milestones, p.Stages = st.Policy, st.Milestones, nil
	if st.Calendar != nil {
		p.Calendar = st.Calendar
	}
	return p
}

// validateStages checks the stages of a plan that has some.
func (p *Plan) validateStages() error {
	if len(p.Milestones) > 0 {
		return wrongField("milestones", "belong into the stages, where there are some")
	}
	seen := map[string]bool{}
	for i, st := range p.Stages {
		if st.Environment == "" || seen[st.Environment] {
			return wrongField(stagePath(i)+".environment", "want an environment, each once")
		}
		seen[st.Environment] = true
		one := p.Stage(i)
		if err := one.Validate(); err != nil {
			return prefixed(stagePath(i), err)
		}
	}
	return nil
}
