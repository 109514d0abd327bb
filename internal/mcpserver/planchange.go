package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

type planChangeInput struct {
	Operations []operation `json:"operations"`
	ProjectID  string      `json:"projectId"`
}

type plannedChange struct {
	PlanDigest    string     `json:"planDigest"`
	Allowed       bool       `json:"allowed"`
	Needs         []string   `json:"needs,omitempty"`
	Diff          []changeAt `json:"diff"`
	ExposureDelta float64    `json:"exposureDelta"`
	Revision      int64      `json:"revision,omitempty"`
	Expires       string     `json:"expires"`
	Untrusted     bool       `json:"untrusted"`
}

// changeAt is one value that changes.
type changeAt struct {
	Path   string `json:"path"`
	Before any    `json:"before,omitempty"`
	After  any    `json:"after,omitempty"`
}

// planChange says what operations would do, all of them together, and whether
// the caller may apply them: it has them carried out and taken back.
func (s *Server) planChange(ctx context.Context, c *call, in planChangeInput) (any, error) {
	p, delta, err := s.plan(ctx, c, in)
	if err != nil {
		return nil, err
	}
	set, err := c.PlanConfiguration(ctx, c.principal, p.configuration)
	if err != nil {
		return nil, err
	}
	out := plannedChange{
		PlanDigest: set.Digest, Allowed: true, Diff: differences(set), ExposureDelta: delta, Revision: p.revision, Untrusted: true,
	}
	if _, err := c.Rehearsal().ApplyConfiguration(ctx, c.principal, p.configuration, set.Digest); err != nil {
		e, ok := errors.AsType[*control.Error](err)
		if !ok || e.Kind != control.Denied && e.Kind != control.Conflict && e.Kind != control.Limited {
			return nil, err
		}
		out.Allowed, out.Needs = false, []string{e.Msg}
	}
	out.Expires = s.plans.keep(owner(c.principal), set.Digest, p).UTC().Format(time.RFC3339)
	return out, nil
}

// plan carries out operations on the flags that they name, as they are now. The
// delta is the growth of the share that a flag can be on for, in percentage
// points: the largest of all flags and environments.
func (s *Server) plan(ctx context.Context, c *call, in planChangeInput) (p plan, delta float64, err error) {
	before, edits := map[string]control.FlagDraft{}, map[string]*editing{}
	for i, op := range in.Operations {
		e, ok := edits[op.FeatureName]
		if !ok {
			d, err := c.FlagDraft(ctx, c.principal, in.ProjectID, op.FeatureName)
			if err != nil {
				return p, 0, err
			}
			e = edit(d)
			before[op.FeatureName], edits[op.FeatureName] = d, e
			p.flags = append(p.flags, op.FeatureName)
		}
		if err := operations[op.Op](e, op); err != nil {
			return p, 0, at(fmt.Sprintf("operations[%d]", i), err)
		}
	}
	first := true
	for _, name := range p.flags {
		p.configuration.Flags = append(p.configuration.Flags, edits[name].FlagSpec)
		for _, fe := range before[name].View.Environments {
			grown := percentOfSpec(edits[name].Environments[fe.Environment]) - percentOf(fe)
			if first || grown > delta && grown > 0 || grown < delta && delta <= 0 {
				delta, first = grown, false
			}
		}
	}
	if len(p.flags) == 1 {
		p.revision = before[p.flags[0]].Revision
	}
	return p, delta, nil
}

// differences are the values that change, by flag, environment and path.
func differences(set control.ChangeSet) []changeAt {
	out := []changeAt{}
	for _, ch := range set.Changes {
		place := []string{ch.Name}
		if ch.Environment != "" {
			place = append(place, ch.Environment)
		}
		for _, d := range ch.Differences {
			out = append(out, changeAt{strings.Join(append(place, d.Path), "."), d.Before, d.After})
		}
	}
	return out
}

// at puts a place before the field of an error about what was given there.
func at(place string, err error) error {
	e, ok := errors.AsType[*control.Error](err)
	if !ok || e.Kind != control.Invalid {
		return err
	}
	out := *e
	out.Field = place + "." + e.Field
	return &out
}

// asValue is an error about an operation's value.
func asValue(err error) error {
	if err == nil {
		return nil
	}
	return at("value", err)
}
