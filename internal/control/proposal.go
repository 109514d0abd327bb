package control

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/policy"
)

// Proposal is what makes a change request of a write: a Principal that has one
// changes nothing. Every method of the Service that writes configuration can be
// proposed; what it returns then is an Error of Kind Proposed, which names the
// request.
type Proposal struct {
	Title string // what changes, on one line
	Body  string // why
	Draft bool   // not yet in review

	Calendar  *gate.Calendar // when exposure may grow by it; always where nil
	ExpiresAt time.Time      // RequestLife from now where zero

	// Request is the id of the one whose operations these replace, with a new
	// revision that nobody has approved; empty for a new one.
	Request string
}

// taking gathers the operations of a proposal.
type taking struct {
	ops      []Operation
	required []ApprovalsNeeded
	perms    []Permission  // asked for since the last operation
	start    *StartRelease // that the next operation begins
}

// needs notes a permission that the next operation needs.
func (t *taking) needs(perm Permission) {
	if t != nil && !slices.Contains(t.perms, perm) {
		t.perms = append(t.perms, perm)
	}
}

// mayPropose reports whether the principal may propose what it may not do. It
// is carried out only where somebody who may has approved it.
func (w *work) mayPropose(at Scope) bool {
	return w.taking != nil && w.p.May(PermChangePropose, at) == nil
}

// propose carries out a write in a sandbox, and keeps what it would have done as
// a change request.
func (s *Service) propose(ctx context.Context, p Principal, fn func(w *work) error) error {
	in := *p.Proposal
	p.Proposal = nil
	var made ChangeRequest
	err := s.write(ctx, p, Normal, func(w *work) error {
		real := w.Tx
		w.Tx, w.taking = &sandbox{draft: draft{ReadTx: real}, tx: real}, &taking{}
		if err := fn(w); err != nil {
			return err
		}
		taken, drafted := w.taking, w.Tx
		w.Tx, w.taking = real, nil
		var err error
		made, err = w.requested(in, taken, drafted)
		return err
	})
	if err != nil {
		return err
	}
	return &Error{
		Kind: Proposed, Code: "proposed", Field: made.ID,
		Msg: fmt.Sprintf("nothing has changed yet: change request %s is %s, see /approvals/%s", made.ID, made.State, made.ID),
	}
}

// gather adds one change to what is proposed. Several of one resource are one.
func (w *work) gather(ev event, old, now Resource) error {
	t := w.taking
	op := Operation{
		Type: ev.Type, Base: Base{ev.Kind, ev.Key, old.Rev, old.Hash}, After: now.Hash, Doc: now.Doc, Start: t.start,
		Project: ev.Project, Environment: ev.Env, Permissions: t.perms, Effect: w.input.Effect, Class: w.input.Env.Class,
	}
	t.perms, t.start = nil, nil
	if op.Start != nil {
		op.Doc = nil
		sum, err := sumOf(op.Start)
		if err != nil {
			return err
		}
		op.After = sum
		op.Base.Key = op.Environment + "/" + op.Start.Flag // the release has no id before it starts
	}
	for _, r := range w.ruled.Requires {
		need := ApprovalsNeeded{r.Rule, r.Approvals, r.From, op.Project, op.Environment}
		if !slices.Contains(t.required, need) {
			t.required = append(t.required, need)
		}
	}
	if i := slices.IndexFunc(t.ops, func(o Operation) bool { return o.Base.Kind == ev.Kind && o.Base.Key == op.Base.Key }); i >= 0 {
		before := t.ops[i]
		op.Base = before.Base
		op.Permissions = union(before.Permissions, op.Permissions)
		if before.Effect == policy.Increases || op.Effect == policy.Same {
			op.Effect, op.Class = before.Effect, cmp.Or(before.Class, op.Class)
		}
		t.ops = slices.Delete(t.ops, i, i+1)
	}
	t.ops = append(t.ops, op)
	return nil
}

// requested makes a change request of what was taken, or gives it to the one
// that it is for.
func (w *work) requested(in Proposal, t *taking, drafted ReadTx) (ChangeRequest, error) {
	c := ChangeRequest{ID: newID("cr-", w.now), State: RequestInReview, CreatedAt: w.now, ExpiresAt: w.now.Add(RequestLife)}
	verb := requestVerb("create")
	if in.Draft {
		c.State = RequestDraft
	}
	if in.Request != "" {
		var err error
		if c, err = w.openRequest(in.Request); err != nil {
			return c, err
		}
		verb = verbEdit
		if err := c.do(verb, w.now); err != nil {
			return c, err
		}
	}
	author, err := w.author()
	if err != nil {
		return c, err
	}
	c.answeredBy(author)
	c.Title, c.Body, c.Calendar = in.Title, in.Body, in.Calendar
	if !in.ExpiresAt.IsZero() {
		c.ExpiresAt = in.ExpiresAt.UTC().Truncate(time.Millisecond)
	}
	c.Ops, c.Required = t.ops, t.required
	if c.Reads, err = reads(w, drafted, c.Ops); err != nil {
		return c, err
	}
	for _, at := range c.places() {
		if err := w.may(at, append(slices.Clone(c.permissionsIn(at)), PermChangePropose)...); err != nil {
			return c, err
		}
	}
	w.perm = PermChangePropose
	return c, w.putRevision(verb, &c)
}

// putRevision stores a new revision of what is proposed, under its new digest.
func (w *work) putRevision(verb requestVerb, c *ChangeRequest) error {
	c.Revision++
	c.Approvals, c.Note = nil, ""
	c.Policy = w.s.policy.Digest()
	c.Required = c.atLeastOne()
	if err := c.check(w.now); err != nil {
		return err
	}
	if err := c.seal(); err != nil {
		return err
	}
	return w.putRequest(verb, *c)
}

// permissionsIn are what the operations in a place need.
func (c *ChangeRequest) permissionsIn(at Scope) []Permission {
	var out []Permission
	for _, o := range c.Ops {
		if o.scope() == at {
			out = union(out, o.Permissions)
		}
	}
	return out
}

// atLeastOne adds the approval that every request needs in each place,
// whatever the policy asks for.
func (c *ChangeRequest) atLeastOne() []ApprovalsNeeded {
	out := slices.Clone(c.Required)
	for _, at := range c.places() {
		if !slices.ContainsFunc(out, func(n ApprovalsNeeded) bool { return n.scope() == at }) {
			out = append(out, ApprovalsNeeded{Rule: "default", Approvals: 1, Project: at.Project, Environment: at.Environment})
		}
	}
	return out
}

// author is who acts, with the people who stand behind.
func (w *work) author() (Author, error) {
	out := Author{Kind: w.p.Kind, ID: w.p.ID, OnBehalfOf: w.p.OnBehalfOf}
	t, err := get[Token](w, KindToken, w.p.Cred)
	if present(err) != nil {
		return out, err
	}
	a, err := get[Account](w, KindAccount, w.p.ID)
	if present(err) != nil {
		return out, err
	}
	behind := []string{t.CreatedBy, t.Owner, t.For}
	if a.Kind != KindHuman && out.OnBehalfOf == "" {
		behind = append(behind, a.Owner)
	}
	for _, id := range behind {
		if id != "" && id != out.ID && id != out.OnBehalfOf && !slices.Contains(out.Answers, id) {
			out.Answers = append(out.Answers, id)
		}
	}
	return out, nil
}

// answeredBy makes somebody the first author: the one in whose name the request
// is judged.
func (c *ChangeRequest) answeredBy(a Author) {
	others := slices.DeleteFunc(c.Authors, func(o Author) bool { return o.ID == a.ID && o.OnBehalfOf == a.OnBehalfOf })
	c.Authors = append([]Author{a}, others...)
}

// reads are what the operations rest on beside what they change: the flag of a
// configuration, the segments that it uses, the parents of a flag.
func reads(tx, drafted ReadTx, ops []Operation) ([]Base, error) {
	var out []Base
	add := func(kind ResourceKind, key string) error {
		there := func(b Base) bool { return b.Kind == kind && b.Key == key }
		if slices.ContainsFunc(out, there) || slices.ContainsFunc(ops, func(o Operation) bool { return there(o.Base) }) {
			return nil
		}
		r, err := tx.Resource(kind, key)
		out = append(out, Base{kind, key, r.Rev, r.Hash})
		return present(err)
	}
	for _, o := range ops {
		var keys []Entity
		switch o.Base.Kind { //nolint:exhaustive // the others rest on nothing
		case KindFlagEnv:
			fe, err := get[FlagEnv](drafted, KindFlagEnv, o.Base.Key)
			if present(err) != nil {
				return nil, err
			}
			if err == nil {
				keys = append(keys, Entity{KindFlag, fe.Flag})
			}
			for _, st := range fe.Strategies {
				for _, id := range st.Segments {
					keys = append(keys, Entity{KindSegment, strconv.Itoa(id)})
				}
			}
		case KindFlag:
			f, err := get[Flag](drafted, KindFlag, o.Base.Key)
			if present(err) != nil {
				return nil, err
			}
			for _, d := range f.Dependencies {
				keys = append(keys, Entity{KindFlag, d.Feature})
			}
		case KindRelease:
			keys = append(keys, Entity{KindFlag, o.Start.Flag}, Entity{KindFlagEnv, o.Base.Key})
			for _, t := range o.Start.With {
				keys = append(keys, Entity{KindFlag, t.Flag}, Entity{KindFlagEnv, o.Start.Environment + "/" + t.Flag})
			}
		}
		for _, k := range keys {
			if err := add(k.Kind, k.Key); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}
