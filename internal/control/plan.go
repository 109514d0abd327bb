package control

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/gate"
)

// KindPlan is the kind of a PlanTemplate, whose key is its name.
const KindPlan ResourceKind = "plan"

// PlanSpec is a ReleasePlan as people write it, policies by name or in place;
// see api/plan.schema.json.
type PlanSpec map[string]any

// PlanTemplate is a release plan that is kept under a name, for many releases.
// It is kept as it was written: the policies that it names are those of the
// day on which a release starts by it.
type PlanTemplate struct {
	Name      string    `json:"name"`
	Document  PlanSpec  `json:"document"`
	CreatedAt time.Time `json:"createdAt"`
	CreatedBy string    `json:"createdBy,omitempty"` // the principal's id
}

// PlanView is a PlanTemplate as stored, with its revision.
type PlanView struct {
	PlanTemplate

	Rev    int64
	SHA256 string // of the revision, as the log has it
}

// PlanRef says by which revision of a template a release was started. The plan
// itself is in the release: a template that changes, changes no release.
type PlanRef struct {
	Name   string `json:"name"`
	Rev    int64  `json:"rev"`
	SHA256 string `json:"sha256"`
}

// name is what the document calls itself, "" where it does not.
func (d PlanSpec) name() string {
	metadata, _ := d["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	return name
}

// plan resolves the document and checks all of it. Fields of its errors are
// below plan, as those of a start are.
func (d PlanSpec) plan() (gate.Plan, error) {
	raw, err := json.Marshal(d)
	if err != nil {
		return gate.Plan{}, Invalidf("plan", "%v", err)
	}
	plan, err := gate.ParsePlan(raw)
	if err != nil {
		return plan, InvalidPlan("plan", err)
	}
	return plan, checkPlan(plan)
}

// checkPlan checks of a plan what the gate cannot: its rules compile, its
// approvals can be given, and its time zone is one.
func checkPlan(plan gate.Plan) error {
	for i := range plan.Stages {
		err := checkPlan(plan.Stage(i))
		if e, ok := err.(*Error); ok { //nolint:errorlint // control returns its own errors unwrapped
			e.Field = fmt.Sprintf("plan.stages[%d]%s", i, strings.TrimPrefix(e.Field, "plan"))
			return e
		}
	}
	if err := CheckRules(plan); err != nil {
		return err
	}
	return checkIncreases(plan)
}

// named checks the document as the template of a name.
func (d PlanSpec) named(name string) error {
	if err := checkName("metadata.name", name); err != nil {
		return err
	}
	_, builtIn := gate.Profile(name)
	switch {
	case builtIn:
		return Invalidf("metadata.name", "%q is a built-in policy, which is a plan by itself: choose another name", name)
	case d.name() != name:
		return Invalidf("metadata.name", "is %q: want %q, the name under which the plan is kept", d.name(), name)
	case d["kind"] != "ReleasePlan":
		return Invalidf("kind", "is %v: want ReleasePlan", d["kind"])
	}
	_, err := d.plan()
	if e, ok := err.(*Error); ok { //nolint:errorlint // control returns its own errors unwrapped
		e.Field = strings.TrimPrefix(strings.TrimPrefix(e.Field, "plan"), ".")
	}
	return err
}

// PutPlan makes or replaces the template of a name. Releases that run keep the
// plan that they were started by.
func (s *Service) PutPlan(ctx context.Context, p Principal, name string, doc PlanSpec) (PlanView, error) {
	if err := doc.named(name); err != nil {
		return PlanView{}, err
	}
	var out PlanView
	err := s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{}, PermPlanWrite); err != nil {
			return err
		}
		ev, err := planEvent(w, name, doc, p, w.now)
		if err != nil {
			return err
		}
		if err := w.put(ev); err != nil {
			return err
		}
		out, err = planOf(w, name)
		return err
	})
	return out, err
}

// planEvent is the change that makes a template say what a document does.
func planEvent(tx ReadTx, name string, doc PlanSpec, p Principal, now time.Time) (event, error) {
	typ, next := "plan.create", PlanTemplate{Name: name, CreatedAt: now, CreatedBy: p.ID}
	old, err := get[PlanTemplate](tx, KindPlan, name)
	switch {
	case err == nil:
		typ, next = "plan.update", old
	case KindOf(err) != NotFound:
		return event{}, err
	}
	next.Document = doc
	return event{Type: typ, Kind: KindPlan, Key: name, Doc: next}, nil
}

// DeletePlan removes a template. Releases that were started by it go on.
func (s *Service) DeletePlan(ctx context.Context, p Principal, name string) error {
	return s.write(ctx, p, Normal, func(w *work) error {
		if err := w.may(Scope{}, PermPlanWrite); err != nil {
			return err
		}
		if _, err := planOf(w, name); err != nil {
			return err
		}
		return w.remove(event{Type: "plan.delete", Kind: KindPlan, Key: name})
	})
}

// Plans lists the templates by name.
func (s *Service) Plans(ctx context.Context, p Principal) ([]PlanView, error) {
	if err := p.readsAnything(); err != nil {
		return nil, err
	}
	var out []PlanView
	err := s.store.View(ctx, func(tx ReadTx) error {
		all, err := tx.Resources(KindPlan, "")
		for _, res := range all {
			one, err := viewPlan(res)
			if err != nil {
				return err
			}
			out = append(out, one)
		}
		return err
	})
	slices.SortFunc(out, func(a, b PlanView) int { return strings.Compare(a.Name, b.Name) })
	return out, err
}

// Plan returns one template.
func (s *Service) Plan(ctx context.Context, p Principal, name string) (PlanView, error) {
	if err := p.readsAnything(); err != nil {
		return PlanView{}, err
	}
	var out PlanView
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = planOf(tx, name)
		return err
	})
	return out, err
}

func planOf(tx ReadTx, name string) (PlanView, error) {
	res, err := tx.Resource(KindPlan, name)
	if err != nil {
		return PlanView{}, asMissing(err, "plan", name)
	}
	return viewPlan(res)
}

func viewPlan(res Resource) (PlanView, error) {
	t, err := decode[PlanTemplate](res)
	return PlanView{t, res.Rev, res.Hash}, err
}

// ref names the template as it is now.
func (v PlanView) ref() *PlanRef { return &PlanRef{v.Name, v.Rev, v.SHA256} }

// planned resolves the name of a plan that a start asks for: a template, or a
// built-in policy.
func (s *Service) planned(ctx context.Context, in *StartRelease) error {
	if in.PlanName == "" {
		return nil // a plan in place, which may be missing
	}
	if p, ok := gate.Profile(in.PlanName); ok {
		in.Plan = gate.PlanOf(p)
		return nil
	}
	var view PlanView
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		view, err = planOf(tx, in.PlanName)
		return err
	})
	if KindOf(err) == NotFound && err != nil {
		return Invalidf("plan", "there is no plan %q: want the name of one (lockflight plan list), or of a built-in policy: %s", in.PlanName, strings.Join(gate.Profiles(), ", "))
	}
	if err != nil {
		return err
	}
	in.Template = view.ref()
	in.Plan, err = view.Document.plan()
	return err
}

// unmoved refuses a start by a template that was changed while it was checked.
func (w *work) unmoved(ref *PlanRef) error {
	if ref == nil {
		return nil
	}
	now, err := planOf(w, ref.Name)
	if err == nil && now.SHA256 != ref.SHA256 {
		return Errorf(Conflict, "plan_changed", "plan %q was changed meanwhile: start again", ref.Name)
	}
	return err
}
