package gate

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// releasePlan is the kind of a plan.
const releasePlan = "ReleasePlan"

// Plan is the way of one release: its milestones and the policy that decides
// at each. Its JSON form is a ReleasePlan and reads back as it was written.
type Plan struct {
	APIVersion string      `json:"apiVersion"`
	Kind       string      `json:"kind"` // ReleasePlan
	Metadata   Metadata    `json:"metadata"`
	Policy     Policy      `json:"policy"`
	Milestones []Milestone `json:"milestones"`
	Calendar   *Calendar   `json:"calendar,omitempty"` // nil: always open
	Stages     []Stage     `json:"stages,omitempty"`   // in place of Milestones: one environment after the other
}

// Milestone is one level of exposure and what is asked before it is left.
type Milestone struct {
	Percent     int       `json:"percent"`                // of the units: 1 to 50, or 100; 0 where Shadow
	Pass        string    `json:"pass,omitempty"`         // NoHarm, ByTime or ByApproval; absent: as the policy's step of the same percent
	Policy      *Policy   `json:"policy,omitempty"`       // nil: the plan's
	MinDuration *Duration `json:"min_duration,omitempty"` // nil: the policy's
	Approvals   int       `json:"approvals,omitempty"`    // of people, before it is entered
	Shadow      bool      `json:"shadow,omitempty"`       // the build answers beside the old one and serves nobody
	Final       bool      `json:"final,omitempty"`        // the milestone that nothing follows
}

// planFile is a ReleasePlan as people write it: policies may be names.
type planFile struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Metadata   Metadata        `json:"metadata"`
	Policy     any             `json:"policy"`
	Milestones []milestoneFile `json:"milestones"`
	Calendar   *Calendar       `json:"calendar"`
	Stages     []stageFile     `json:"stages"`
}

type milestoneFile struct {
	Percent     int       `json:"percent"`
	Pass        string    `json:"pass"`
	Policy      any       `json:"policy"`
	MinDuration *Duration `json:"min_duration"`
	Approvals   int       `json:"approvals"`
	Shadow      bool      `json:"shadow"`
	Final       bool      `json:"final"`
}

// ParsePlan reads a ReleasePlan from JSON. A GatePolicy is accepted too, or the
// name of a built-in one as a text: its steps are the milestones. Where no milestone is marked final the last one
// is. The error names the path and contains POLICY_INVALID.
func ParsePlan(data []byte) (Plan, error) {
	plan, err := parsePlan(data)
	if err != nil {
		return Plan{}, fmt.Errorf("POLICY_INVALID: %w", err)
	}
	return plan, nil
}

func parsePlan(data []byte) (Plan, error) {
	var head struct {
		Kind       string          `json:"kind"`
		Milestones json.RawMessage `json:"milestones"`
	}
	var name string
	if json.Unmarshal(data, &name) == nil {
		p, err := resolvePolicy("", name)
		return PlanOf(p), err
	}
	if json.Unmarshal(data, &head) == nil && head.Kind != releasePlan && head.Milestones == nil {
		p, err := parsePolicy(data)
		if err != nil {
			return Plan{}, err
		}
		return PlanOf(p), nil
	}
	file := planFile{APIVersion: APIVersion, Kind: releasePlan, Metadata: Metadata{Name: "unnamed"}}
	if err := decodeStrict(data, &file); err != nil {
		return Plan{}, err
	}
	return file.resolve()
}

// PlanOf returns the plan whose milestones are the steps of a policy.
func PlanOf(p Policy) Plan {
	plan := Plan{APIVersion: APIVersion, Kind: releasePlan, Metadata: p.Metadata, Policy: p}
	for _, s := range p.Steps {
		plan.Milestones = append(plan.Milestones, Milestone{Percent: s.Percent, Pass: s.Pass, Shadow: s.Shadow, Final: s.Final})
	}
	return plan
}

func (f *planFile) resolve() (Plan, error) {
	if err := firstFault([]check{
		{f.APIVersion == APIVersion, "apiVersion", "want " + APIVersion},
		{f.Kind == releasePlan, "kind", "want ReleasePlan or GatePolicy"},
		{f.Metadata.Name != "", "metadata.name", "must not be empty"},
		{f.Policy != nil, "policy", "want the name of a policy, or a GatePolicy"},
	}); err != nil {
		return Plan{}, err
	}
	policy, err := resolvePolicy("policy", f.Policy)
	if err != nil {
		return Plan{}, err
	}
	plan := Plan{APIVersion: f.APIVersion, Kind: f.Kind, Metadata: f.Metadata, Policy: policy, Calendar: f.Calendar}
	if len(f.Stages) > 0 {
		if plan.Stages, err = resolveStages(f.Stages, policy); err != nil {
			return Plan{}, err
		}
	}
	if plan.Milestones, err = resolveMilestones("", f.Milestones, policy); err != nil {
		return Plan{}, err
	}
	return plan, plan.Validate()
}

// resolveMilestones reads the milestones below a path, and marks the last one
// final where none is.
func resolveMilestones(path string, in []milestoneFile, policy Policy) ([]Milestone, error) {
	var out Plan
	for i := range in {
		m, err := in[i].resolve("milestones["+strconv.Itoa(i)+"]", &policy)
		if err != nil {
			if path != "" {
				err = prefixed(path, err)
			}
			return nil, err
		}
		out.Milestones = append(out.Milestones, m)
	}
	out.markFinal()
	return out.Milestones, nil
}

func (f *milestoneFile) resolve(path string, policy *Policy) (Milestone, error) {
	m := Milestone{
		Percent: f.Percent, Pass: f.Pass, MinDuration: f.MinDuration,
		Approvals: f.Approvals, Shadow: f.Shadow, Final: f.Final,
	}
	if f.Policy != nil {
		own, err := resolvePolicy(path+".policy", f.Policy)
		if err != nil {
			return Milestone{}, err
		}
		m.Policy, policy = &own, &own
	}
	for _, s := range policy.Steps {
		if m.Pass == "" && s.Percent == m.Percent {
			m.Pass = s.Pass
		}
	}
	return m, nil
}

// resolvePolicy reads the name of a built-in policy, or a policy in place.
func resolvePolicy(path string, v any) (Policy, error) {
	if name, ok := v.(string); ok {
		if p, ok := Profile(name); ok {
			return p, nil
		}
		return Policy{}, wrongField(path, "no policy is named "+strconv.Quote(name))
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return Policy{}, wrongField(path, err.Error())
	}
	p, err := parsePolicy(raw)
	if err != nil {
		return Policy{}, prefixed(path, err)
	}
	return p, nil
}

// markFinal marks the last milestone where none is marked.
func (p *Plan) markFinal() {
	for _, m := range p.Milestones {
		if m.Final {
			return
		}
	}
	if n := len(p.Milestones); n > 0 {
		p.Milestones[n-1].Final = true
	}
}

// Validate checks the plan, its policies and its milestones.
func (p *Plan) Validate() error {
	if err := p.Policy.Validate(); err != nil {
		return prefixed("policy", err)
	}
	if err := p.Calendar.Validate(); err != nil {
		return err
	}
	if len(p.Stages) > 0 {
		return p.validateStages()
	}
	steps := make([]Step, len(p.Milestones))
	for i, m := range p.Milestones {
		at := "milestones[" + strconv.Itoa(i) + "]"
		steps[i] = Step{Percent: m.Percent, Pass: m.Pass, Shadow: m.Shadow, Final: m.Final}
		if err := firstFault([]check{
			{m.Approvals >= 0, at + ".approvals", "want 0 or more"},
			{m.MinDuration == nil || *m.MinDuration >= 0, at + ".min_duration", "want 0s or more"},
		}); err != nil {
			return err
		}
		policy := p.PolicyAt(i)
		if err := firstFault([]check{
			{m.Pass != ByTime || policy.Evidence.MinDuration > 0, at + ".min_duration", "want more than 0s with pass: time, which waits for nothing else"},
			{m.Pass != ByApproval || p.approvals(i+1) > 0, at + ".pass", "want approvals on the next milestone with approval, which waits for nothing else"},
		}); err != nil {
			return err
		}
		if err := policy.Validate(); err != nil {
			return prefixed(at, err)
		}
	}
	return validateSteps("milestones", steps)
}

// approvals is how many people must approve milestone i, 0 for none such.
func (p *Plan) approvals(i int) int {
	if i < 0 || i >= len(p.Milestones) {
		return 0
	}
	return p.Milestones[i].Approvals
}

// PolicyAt returns the policy that decides at milestone i: the milestone's or
// the plan's, with the milestone's own duration. An i outside the plan gets
// the plan's policy.
func (p *Plan) PolicyAt(i int) Policy {
	policy := p.Policy
	if i < 0 || i >= len(p.Milestones) {
		return policy
	}
	m := p.Milestones[i]
	if m.Policy != nil {
		policy = *m.Policy
	}
	switch {
	case m.MinDuration != nil:
		policy.Evidence.MinDuration = *m.MinDuration
	case m.Pass == ByApproval:
		policy.Evidence.MinDuration = 0
	}
	return policy
}

// prefixed puts a path before that of a FieldError.
func prefixed(path string, err error) error {
	e, ok := errors.AsType[*FieldError](err)
	if !ok {
		return err
	}
	if e.Field == "" {
		return wrongField(path, e.Msg)
	}
	return wrongField(path+"."+e.Field, e.Msg)
}
