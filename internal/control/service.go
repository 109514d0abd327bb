package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/policy"
)

// Service is the one door for writes. Every method that changes something
// checks the principal, changes the state and appends the record in one
// transaction; readers see both or neither.
type Service struct {
	store   Store
	now     func() time.Time
	origin  string
	engine  string
	log     *slog.Logger
	uses    UseStore
	policy  *policy.Policy // nil: none
	denials *denials
	usage   UsageStore
	guard   *Guard // nil: none

	credentials *credentials
	witnessed   *witnessed
	refusal     *atomic.Pointer[Error] // of writes; of none where it holds nil
}

// Options configures a Service.
type Options struct {
	Store   Store
	Usage   UsageStore       // what clients report; none where nil
	Now     func() time.Time // time.Now where nil
	Origin  string           // the log's name, the origin of its checkpoints
	Version string           // the engine's version, in every verdict
	// Policy has a last word on what a principal holds: it is asked about each
	// change, inside the transaction. Where nil, what is held is allowed.
	Policy *policy.Policy
	// Sealing wraps the keys that seal what is personal. Where nil nothing is
	// sealed, and what is cannot be read.
	Sealing *SealingKey
	Uses    UseStore     // last uses of credentials are not kept where nil
	Logger  *slog.Logger // slog.Default where nil
}

// New returns a Service over a store. It starts nothing: Run appends the
// records of denied writes.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return &Service{
		store: newSealed(o.Store, o.Sealing), now: o.Now, origin: o.Origin, engine: o.Version,
		log: o.Logger, uses: o.Uses, usage: o.Usage, policy: o.Policy,
		denials: newDenials(), credentials: newCredentials(), witnessed: &witnessed{},
		refusal: &atomic.Pointer[Error]{},
	}
}

// Origin returns the name of the log.
func (s *Service) Origin() string { return s.origin }

// Init makes what a new installation has: the environments development and
// production, and the project default. On existing data it changes nothing.
func (s *Service) Init(ctx context.Context) error {
	return s.write(ctx, Setup(), Normal, func(w *work) error {
		head, err := w.Head()
		if err != nil || head.Size > 0 {
			return err
		}
		for i, name := range []string{"development", "production"} {
			e := Environment{Name: name, Type: name, SortOrder: i + 1, CreatedAt: w.now}
			if err := w.put(event{Type: "env.create", Kind: KindEnvironment, Key: name, Env: name, Doc: e}); err != nil {
				return err
			}
		}
		p := Project{
			ID: defaultProject, Name: "Default", Environments: []string{"development", "production"},
			Stickiness: "default", CreatedAt: w.now,
		}
		return w.put(event{Type: "project.create", Kind: KindProject, Key: p.ID, Project: p.ID, Doc: p})
	})
}

// work is one write in progress: the transaction, who writes, and when.
type work struct {
	Tx
	s   *Service
	p   Principal
	now time.Time
	// perm is what the write was allowed by, for the record.
	perm Permission
	// ruled is what the policy said of the change that is recorded next.
	ruled policy.Decision
	// parent is the sequence number of the record that caused what is recorded
	// next; nil where none did.
	parent *int64
	// input is what the policy was told of that change.
	input policy.Input
	// taking gathers what the write would change, where it only proposes.
	taking *taking
	// request is what is being carried out, where that is a change request, and
	// behalf who answers for it.
	request *ChangeRequest
	behalf  *Principal
	// size is that of the log after the records of this write, 0 without any.
	size int64
	// reduces is set where writes are refused and this one reduces exposure.
	reduces bool
}

// write runs fn in one serial transaction. A denial rolls back and leaves its
// record afterwards, so that a flood of them cannot hold the writers' lock.
func (s *Service) write(ctx context.Context, p Principal, pri Priority, fn func(w *work) error) error {
	if p.Proposal != nil {
		return s.propose(ctx, p, fn)
	}
	var w *work
	err := s.store.Update(ctx, pri, func(tx Tx) error {
		w = &work{Tx: tx, s: s, p: p, now: tx.Now()}
		if err := w.refresh(); err != nil {
			return err
		}
		if err := alive(w, w.p, ""); err != nil {
			return err
		}
		if err := s.guard.around(tx, func() error { return fn(w) }); err != nil {
			return err
		}
		return w.stands()
	})
	e, _ := errors.AsType[*Error](err)
	if w != nil {
		p = w.p
	}
	switch {
	case err == nil:
		s.credentials.grown(w.size)
	case e != nil && e.denial != nil:
		s.denials.add(p, e.denial)
	case KindOf(err) == Denied, e != nil && e.Code == CodeBudget:
		s.denials.add(p, err)
	}
	return err
}

// may checks that the principal has one of the permissions, and notes which
// for the record. The denial names the first.
func (w *work) may(at Scope, perms ...Permission) error {
	for _, perm := range perms {
		held, err := w.holdsOne(perm, at)
		if err != nil {
			return err
		}
		if !held {
			continue
		}
		w.perm = perm
		w.taking.needs(perm)
		return nil
	}
	if w.behalf != nil {
		return unbacked(perms[0], at)
	}
	return w.p.May(perms[0], at)
}

// event is one change of one resource, on its way into the log.
type event struct {
	Type     string
	Kind     ResourceKind
	Key      string
	Project  string
	Env      string
	Doc      any               // nil where the resource is removed
	Decision audit.Decision    // of the gate, where it decided
	Cause    audit.Correlation // what the change belongs to
}

// put writes ev.Doc as the next revision and appends its record. Writing what
// is there already changes nothing and leaves no record.
func (w *work) put(ev event) error {
	old, err := w.Resource(ev.Kind, ev.Key)
	if err != nil && KindOf(err) != NotFound {
		return err
	}
	if f, ok := ev.Doc.(Flag); ok && err != nil { // a new one, whichever way it is made
		if ev.Doc, err = w.answerable(f); err != nil {
			return err
		}
	}
	doc, err := audit.Canonical(ev.Doc)
	if err != nil {
		return fmt.Errorf("encoding %s %s: %w", ev.Kind, ev.Key, err)
	}
	if old.Rev > 0 && bytes.Equal(old.Doc, doc) {
		return nil
	}
	parent, err := ParentOf(string(ev.Kind), doc)
	if err != nil {
		return err
	}
	var now Resource
	err = w.judged(ev, old.Rev == 0, func() error {
		return w.standing(ev, func() (err error) {
			now, err = w.Put(ev.Kind, ev.Key, parent, doc)
			return err
		})
	})
	if err != nil {
		return err
	}
	if err := w.append(ev, old, now); err != nil || ev.Kind != KindFlagEnv || w.taking != nil {
		return err
	}
	return w.reconfigured(old, ev.Cause)
}

// remove deletes the resource and appends its record.
func (w *work) remove(ev event) error {
	old, err := w.Resource(ev.Kind, ev.Key)
	if err != nil {
		return err
	}
	change := func() error { return w.Delete(ev.Kind, ev.Key) }
	if err := w.judged(ev, false, func() error { return w.standing(ev, change) }); err != nil {
		return err
	}
	return w.append(ev, old, Resource{})
}

func (w *work) append(ev event, old, now Resource) error {
	for _, p := range []Principal{w.p, w.acting()} {
		if err := alive(w, p, ev.Project); err != nil {
			return err
		}
	}
	if w.taking != nil {
		return w.gather(ev, old, now)
	}
	seq, err := w.Append(func(seq int64) ([]byte, error) {
		r := w.s.record(w.p, ev.Type, w.now)
		r.Seq = seq
		r.Project, r.Env = ev.Project, ev.Env
		r.Outcome = "success"
		r.Res = audit.Resource{
			Type: string(ev.Kind), ID: ev.Key, Key: ev.Key,
			Rev0: old.Rev, Rev1: now.Rev, H0: old.Hash, H1: now.Hash,
		}
		r.Seal = now.Seals
		r.Authz = audit.Authz{Decision: "allow", Perm: []string{string(w.perm)}}
		if w.ruled.Rule != "" {
			r.Authz.PolicyH, r.Authz.Rule = w.s.policy.Digest(), w.ruled.Rule
		}
		tier, _ := w.acting().tier(Scope{ev.Project, ev.Env}, w.now)
		r.Agent.Tier = string(tier)
		r.Dec, r.Cor = ev.Decision, ev.Cause
		r.CR = w.request.record()
		if w.parent != nil {
			r.Cor.Parent = w.parent
		}
		return audit.Encode(r)
	})
	w.size = seq + 1
	return err
}

// putBlob stores a document's canonical form under its digest.
func (w *work) putBlob(doc any) (sum string, err error) {
	b, err := audit.Canonical(doc)
	if err != nil {
		return "", fmt.Errorf("encoding a %T: %w", doc, err)
	}
	return w.PutBlob(b)
}

// absent returns an Error of Kind Exists where the resource is there.
func absent(tx ReadTx, kind ResourceKind, key, field string) error {
	_, err := tx.Resource(kind, key)
	switch {
	case err == nil:
		return &Error{Kind: Exists, Code: "exists", Field: field, Msg: fmt.Sprintf("a %s %q exists already", kind, key)}
	case KindOf(err) == NotFound:
		return nil
	}
	return err
}

// get reads one resource as a T.
func get[T any](tx ReadTx, kind ResourceKind, key string) (T, error) {
	var out T
	r, err := tx.Resource(kind, key)
	if err != nil {
		return out, err
	}
	return decode[T](r)
}

// list reads the resources of a kind under a parent, in key order.
func list[T any](tx ReadTx, kind ResourceKind, parent string) ([]T, error) {
	all, err := tx.Resources(kind, parent)
	if err != nil {
		return nil, err
	}
	out := make([]T, 0, len(all))
	for _, r := range all {
		v, err := decode[T](r)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func decode[T any](r Resource) (T, error) {
	var out T
	if err := json.Unmarshal(r.Doc, &out); err != nil {
		return out, fmt.Errorf("decoding %s %s revision %d: %w", r.Kind, r.Key, r.Rev, err)
	}
	return out, nil
}

// asMissing says what was looked for where err is a NotFound.
func asMissing(err error, what, key string) error {
	if KindOf(err) != NotFound {
		return err
	}
	return &Error{Kind: NotFound, Code: "not_found", Field: what, Msg: fmt.Sprintf("there is no %s %q", what, key)}
}

// asField turns a NotFound of something that the input names into Invalid.
func asField(err error, field, format string, args ...any) error {
	if KindOf(err) != NotFound {
		return err
	}
	return Invalidf(field, format, args...)
}

// Run appends the records of denied writes and keeps the last uses of
// credentials until ctx ends, and then writes what is left of both.
func (s *Service) Run(ctx context.Context) error {
	var g errgroup.Group
	g.Go(func() error { return s.keepDenials(ctx) })
	g.Go(func() error { return s.keepUses(ctx) })
	return g.Wait()
}

func (s *Service) keepDenials(ctx context.Context) error {
	window := denialWindow
	for {
		select {
		case <-ctx.Done():
			return s.flushDenials(context.WithoutCancel(ctx), s.now().Add(rejectionPace))
		case <-s.denials.wake:
		case <-s.denials.later():
		}
		select { // let the rest of a flood gather
		case <-ctx.Done():
			continue
		case <-time.After(window):
		}
		window = denialWindow
		if err := s.flushDenials(ctx, s.now()); err != nil && ctx.Err() == nil {
			s.log.LogAttrs(ctx, slog.LevelWarn, "recording denied writes: they wait", slog.Any("error", err))
			window = denialRetry
		}
	}
}

const (
	denialWindow = 100 * time.Millisecond // how long denials gather before they are recorded together
	denialRetry  = time.Second            // the same, after a store that did not answer
	denialChunk  = 256                    // how many one transaction records
)

// flushDenials writes what has gathered by now, one record for each source. What
// could not be written waits for the next time.
func (s *Service) flushDenials(ctx context.Context, now time.Time) error {
	var errs []error
	for chunk := range slices.Chunk(s.denials.take(now), denialChunk) {
		if err := s.store.Update(ctx, Normal, func(tx Tx) error { return s.appendDenials(tx, chunk) }); err != nil {
			for _, d := range chunk {
				s.denials.put(d)
			}
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (s *Service) appendDenials(tx Tx, all []*denial) error {
	now := tx.Now()
	for _, d := range all {
		_, err := tx.Append(func(seq int64) ([]byte, error) {
			r := s.record(d.principal, d.typ, now)
			r.Seq, r.Outcome, r.Code = seq, "denied", d.code
			r.Authz = audit.Authz{Decision: "deny"}
			if d.perm != "" {
				r.Authz.Perm = []string{d.perm}
			}
			r.Count = d.count
			return audit.Encode(r)
		})
		if err != nil {
			return err
		}
		if d.code == CodeBudget {
			w := &work{Tx: tx, s: s, p: guard(), now: now, perm: PermAny}
			if err := w.breached(d.principal.ID, int(d.count)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Head returns how far the log is. Whoever has read the state after that has
// read all that its events tell of.
func (s *Service) Head(ctx context.Context) (Head, error) {
	var out Head
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = tx.Head()
		return err
	})
	return out, err
}

// Events returns up to limit records of the log from sequence number from on.
func (s *Service) Events(ctx context.Context, p Principal, from int64, limit int) ([]Event, error) {
	if err := p.May(PermAuditRead, Scope{}); err != nil {
		return nil, err
	}
	var out []Event
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = tx.Events(from, limit)
		return err
	})
	return out, err
}
