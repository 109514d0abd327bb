package mcpserver

import (
	"cmp"
	"context"
	"math"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/sdk/eval"
)

type createFlagInput struct {
	writing
	Name           string   `json:"name"`
	Type           string   `json:"type"`
	Description    string   `json:"description"`
	Owner          string   `json:"owner"`
	Expires        string   `json:"expires"`
	Variants       []string `json:"variants"`
	RiskScore      *int     `json:"riskScore"`
	ImpressionData bool     `json:"impressionData"`
	Tags           []string `json:"tags"`
	ProjectID      string   `json:"projectId"`
}

type createdFlag struct {
	Status      string `json:"status"`
	FeatureName string `json:"featureName"`
	URL         string `json:"url,omitempty"`
	Expires     string `json:"expires,omitempty"`
	Revision    int64  `json:"revision,omitempty"`
}

// createFlag adds a flag, off everywhere. One that is there as it would be made,
// by the same principal, was made by an earlier call.
func (s *Server) createFlag(ctx context.Context, c *call, in createFlagInput) (any, error) {
	f, err := in.flag(s.Now())
	if err != nil {
		return nil, err
	}
	made, err := c.CreateFlag(ctx, c.principal, f)
	if control.KindOf(err) == control.Exists {
		made, err = s.earlier(ctx, c, f, err)
	}
	if err != nil {
		return nil, err
	}
	out := createdFlag{Status: in.status(), FeatureName: made.Name, URL: flagURL(c.base, made.Name)}
	if out.Expires, err = s.expiry(ctx, c, made); err != nil || in.DryRun {
		return out, err
	}
	d, err := c.FlagDraft(ctx, c.principal, made.Project, made.Name)
	if err != nil {
		return nil, err
	}
	if d, err = s.offer(ctx, c, d, in.Variants); err != nil {
		return nil, err
	}
	out.Revision = d.Revision
	return out, nil
}

// flag is what is asked for, as control has it.
func (in createFlagInput) flag(now time.Time) (control.Flag, error) {
	f := control.Flag{
		Name: in.Name, Project: cmp.Or(in.ProjectID, "default"), Type: in.Type, Description: plain(in.Description),
		ImpressionData: in.ImpressionData,
	}
	for _, text := range in.Tags {
		f.Tags = append(f.Tags, tagOf(text))
	}
	f.Owner = in.Owner
	if in.RiskScore != nil {
		f.Risk = riskOf(*in.RiskScore)
	}
	if in.Expires == "" {
		return f, nil
	}
	day, err := time.Parse(time.DateOnly, in.Expires)
	if err != nil || !day.After(now) {
		return f, control.Invalidf("expires", "%q must be a day to come, as in 2027-01-31", in.Expires)
	}
	f.LifetimeDays = int(math.Ceil(day.Sub(now).Hours() / 24))
	return f, nil
}

// The bands of evaluate_change: a score from mediumRisk on, and from highRisk on.
const (
	mediumRisk = 20
	highRisk   = 60
)

func riskOf(score int) control.Risk {
	switch {
	case score >= highRisk:
		return control.RiskHigh
	case score >= mediumRisk:
		return control.RiskMedium
	}
	return control.RiskLow
}

// tagOf reads a tag as in TYPE:VALUE, of the type simple where it names none.
func tagOf(text string) control.Tag {
	if typ, value, ok := strings.Cut(text, ":"); ok {
		return control.Tag{Type: typ, Value: value}
	}
	return control.Tag{Type: "simple", Value: text}
}

// earlier returns the flag of an earlier call with the same arguments, and the
// error that it is there where it is another's.
func (s *Server) earlier(ctx context.Context, c *call, f control.Flag, exists error) (control.Flag, error) {
	v, err := c.Flag(ctx, c.principal, f.Project, f.Name)
	if err != nil || v.CreatedBy != c.principal.ID || v.Type != f.Type || v.Description != f.Description {
		return f, exists
	}
	return v.Flag, nil
}

// offer gives a new flag its variants, equal shares of everyone, in each of its
// environments.
func (s *Server) offer(ctx context.Context, c *call, d control.FlagDraft, names []string) (control.FlagDraft, error) {
	if len(names) == 0 {
		return d, nil
	}
	var variants []eval.WeightedVariant
	for i, name := range names {
		weight := 1000 / len(names)
		if i < 1000%len(names) {
			weight++
		}
		variants = append(variants, eval.WeightedVariant{Name: name, Weight: weight, WeightType: "variable", Stickiness: "default"})
	}
	var environments []string
	for _, fe := range d.View.Environments {
		environments = append(environments, fe.Environment)
	}
	if err := c.SetVariants(ctx, c.principal, d.View.Project, d.View.Name, environments, variants); err != nil {
		return d, err
	}
	return c.FlagDraft(ctx, c.principal, d.View.Project, d.View.Name)
}
