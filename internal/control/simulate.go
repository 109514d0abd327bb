package control

import (
	"context"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/policy"
)

// Simulated is a change of the past that another policy decides otherwise.
type Simulated struct {
	Seq    int64          `json:"seq"`
	At     time.Time      `json:"at"`
	Event  string         `json:"event"`
	Key    string         `json:"key"`
	Actor  string         `json:"actor"`
	Class  string         `json:"class,omitempty"`
	Effect policy.Effect  `json:"effect"`
	Was    policy.Outcome `json:"was"`
	Rule0  string         `json:"wasRule,omitempty"`
	Is     policy.Outcome `json:"is"`
	Rule1  string         `json:"rule"`
	Why    string         `json:"why,omitempty"`
}

// Simulation is what another policy decides on the changes of some time.
type Simulation struct {
	Changes int         `json:"changes"` // that were looked at
	Differs []Simulated `json:"differs"`
}

// SimulatePolicy asks a policy about each change that was made since a moment:
// by whom it was, and what it did to exposure, as computed again from the
// documents before and after. What was refused then is not in it, since the log
// does not hold what it would have changed.
func (s *Service) SimulatePolicy(ctx context.Context, p Principal, pol *policy.Policy, since time.Time) (Simulation, error) {
	out := Simulation{Differs: []Simulated{}}
	if err := p.May(PermAuditRead, Scope{}); err != nil {
		return out, err
	}
	err := s.store.View(ctx, func(tx ReadTx) error {
		for from := int64(0); ; {
			events, err := tx.Events(from, eventPage)
			if err != nil || len(events) == 0 {
				return err
			}
			for _, e := range events {
				r, err := audit.Decode(e.Record)
				if err != nil {
					return err
				}
				if err := s.simulate(tx, pol, since, r, &out); err != nil {
					return err
				}
			}
			from = events[len(events)-1].Seq + 1
		}
	})
	return out, err
}

func (s *Service) simulate(tx ReadTx, pol *policy.Policy, since time.Time, r audit.Record, out *Simulation) error {
	at, err := time.Parse(audit.TimeLayout, r.TS)
	if err != nil || at.Before(since) || r.Outcome != "success" || len(r.Authz.Perm) == 0 || r.Authz.Perm[0] == "" ||
		r.Res.Rev0 == r.Res.Rev1 || ResourceKind(r.Res.Type) == KindChangeRequest {
		return err
	}
	out.Changes++
	in := policy.Input{
		Actor:  policy.Actor{Kind: r.Actor.Kind, ID: r.Actor.ID, OnBehalfOf: r.OBO.ID, Tier: policy.Tier(r.Agent.Tier)},
		Action: r.Type, Permission: r.Authz.Perm[0], Project: r.Project, Env: policy.Environment{Name: r.Env},
	}
	was := policy.Allow
	if r.CR.ID != "" { // judged in the name of who proposed it
		was = policy.Require
		c, err := get[ChangeRequest](tx, KindChangeRequest, r.CR.ID)
		if err != nil {
			return err
		}
		a := c.Authors[0]
		in.Actor.Kind, in.Actor.ID, in.Actor.OnBehalfOf = string(a.Kind), a.ID, a.OnBehalfOf
	}
	if in.Env.Class, in.Effect, err = s.effectOf(tx, r, at); err != nil {
		return err
	}
	d := pol.Decide(in)
	if d.Outcome == was {
		return nil
	}
	out.Differs = append(out.Differs, Simulated{
		Seq: r.Seq, At: at, Event: r.Type, Key: r.Res.Key, Actor: in.Actor.ID, Class: in.Env.Class, Effect: in.Effect,
		Was: was, Rule0: r.Authz.Rule, Is: d.Outcome, Rule1: d.Rule, Why: d.Why,
	})
	return nil
}

// effectOf computes what a change did, from the state just before and after. All
// of one transaction has one time, so it is that of all of them together.
func (s *Service) effectOf(tx ReadTx, r audit.Record, at time.Time) (string, policy.Effect, error) {
	then := func(at time.Time) *work { return &work{s: s, Tx: &sandbox{draft: draft{ReadTx: past{tx, at}}}} }
	before, after := then(at.Add(-time.Millisecond)), then(at)
	ev := event{Type: r.Type, Kind: ResourceKind(r.Res.Type), Key: r.Res.Key, Project: r.Project, Env: r.Env}
	if ev.Kind == KindRelease {
		rel, err := get[Release](after, KindRelease, ev.Key)
		if err != nil {
			return "", "", err
		}
		ev.Doc = rel
	}
	refs, err := before.reach(ev)
	if present(err) != nil {
		return "", "", err
	}
	var watched []*exposure
	for _, ref := range slices.Compact(refs) {
		x, err := expose(before, ref)
		if KindOf(err) == NotFound && err != nil {
			continue // made in the same transaction
		}
		if err != nil {
			return "", "", err
		}
		watched = append(watched, x)
	}
	return after.outcome(ev, watched)
}
