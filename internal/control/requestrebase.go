package control

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"

	"github.com/lockflight/lockflight/internal/audit"
)

// RebaseRequest makes what a stale request proposes against the state of now,
// as a new revision that nobody has approved. It is a Conflict where the same
// place was changed here and there.
func (s *Service) RebaseRequest(ctx context.Context, p Principal, id string) (RequestView, error) {
	return s.onRequest(ctx, p, id, verbRebase, func(w *work, c *ChangeRequest) error {
		if err := w.own(c, PermChangeApply); err != nil {
			return err
		}
		author, err := w.author()
		if err != nil {
			return err
		}
		drafted := &draft{ReadTx: w}
		for i := range c.Ops {
			if err := c.Ops[i].rebase(w, drafted); err != nil {
				return err
			}
		}
		if c.Reads, err = reads(w, drafted, c.Ops); err != nil {
			return err
		}
		if known, err := c.involves(w, author.ID); err != nil {
			return err
		} else if !known {
			c.Authors = append(c.Authors, author)
		}
		if err := c.do(verbRebase, w.now); err != nil {
			return err
		}
		return w.putRevision(verbRebase, c)
	})
}

// rebase makes an operation one over the current revision.
func (o *Operation) rebase(tx ReadTx, drafted *draft) error {
	if o.Start != nil {
		return nil
	}
	now, err := tx.Resource(o.Base.Kind, o.Base.Key)
	if present(err) != nil {
		return err
	}
	if now.Rev != o.Base.Rev || now.Hash != o.Base.Hash {
		if err := o.merge(tx, now); err != nil {
			return err
		}
	}
	if o.After == "" {
		return nil
	}
	drafted.add(Resource{Kind: o.Base.Kind, Key: o.Base.Key, Rev: o.Base.Rev + 1, Hash: o.After, Doc: o.Doc})
	return o.recheck(drafted)
}

// merge puts what an operation changes into a document that was changed
// elsewhere meanwhile.
func (o *Operation) merge(tx ReadTx, now Resource) error {
	if o.After == "" || o.Base.Rev == 0 || now.Rev == 0 {
		return o.conflict("it was made or removed meanwhile")
	}
	base, err := tx.Revision(o.Base.Kind, o.Base.Key, o.Base.Rev)
	if err != nil {
		return err
	}
	var docs [3]any
	for i, raw := range [][]byte{base.Doc, now.Doc, o.Doc} {
		if err := json.Unmarshal(raw, &docs[i]); err != nil {
			return fmt.Errorf("decoding %s %s: %w", o.Base.Kind, o.Base.Key, err)
		}
	}
	merged, at := mergeValues("", docs[0], docs[1], docs[2])
	if at != "" {
		return o.conflict(at + " was changed meanwhile")
	}
	if o.Doc, err = audit.Canonical(merged); err != nil {
		return err
	}
	o.Base.Rev, o.Base.Hash, o.After = now.Rev, now.Hash, audit.Sum(o.Doc)
	return nil
}

func (o *Operation) conflict(why string) error {
	return Errorf(Conflict, "conflict", "%s %s: %s; propose it anew", o.Base.Kind, o.Base.Key, why)
}

// mergeValues returns base with what both others have changed of it, and the
// path at which they have changed the same. Lists are changed as a whole: what
// their order means is not known here.
func mergeValues(path string, base, theirs, ours any) (merged any, conflict string) {
	switch {
	case reflect.DeepEqual(base, theirs) || reflect.DeepEqual(theirs, ours):
		return ours, ""
	case reflect.DeepEqual(base, ours):
		return theirs, ""
	}
	b, fits := base.(map[string]any)
	t, theirsFits := theirs.(map[string]any)
	o, oursFits := ours.(map[string]any)
	if !fits || !theirsFits || !oursFits {
		return nil, "/" + path
	}
	out := map[string]any{}
	for _, key := range union(union(keysOf(b), keysOf(t)), keysOf(o)) {
		at := key
		if path != "" {
			at = path + "/" + key
		}
		value, conflict := mergeValues(at, b[key], t[key], o[key])
		if conflict != "" {
			return nil, conflict
		}
		if value != nil {
			out[key] = value
		}
	}
	return out, ""
}

func keysOf(m map[string]any) []string {
	out := make([]string, 0, len(m))
	for key := range m {
		out = append(out, key)
	}
	return out
}

// recheck refuses a merged document that breaks a rule which both of its sources
// keep.
func (o *Operation) recheck(tx ReadTx) error {
	switch o.Base.Kind { //nolint:exhaustive // of the others, each field stands for itself
	case KindFlagEnv:
		fe, err := decode[FlagEnv](Resource{Kind: o.Base.Kind, Key: o.Base.Key, Doc: o.Doc})
		if err != nil {
			return err
		}
		if fe.Enabled && len(fe.enabled()) == 0 {
			return o.conflict("it would be on without a strategy")
		}
		for _, st := range fe.Strategies {
			for _, id := range st.Segments {
				if _, err := get[Segment](tx, KindSegment, strconv.Itoa(id)); err != nil {
					return asField(err, "ops", "segment %d is not there any more", id)
				}
			}
		}
	case KindSegment:
		seg, err := decode[Segment](Resource{Kind: o.Base.Kind, Key: o.Base.Key, Doc: o.Doc})
		if err != nil {
			return err
		}
		return checkSegment(tx, seg)
	case KindFlag:
		f, err := decode[Flag](Resource{Kind: o.Base.Kind, Key: o.Base.Key, Doc: o.Doc})
		if err != nil {
			return err
		}
		for _, d := range f.Dependencies {
			if err := checkParent(tx, f, d); err != nil {
				return err
			}
		}
	}
	return nil
}
