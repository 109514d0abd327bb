package control

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Entity names what is read and written as one: a resource, or a flag with all
// that is configured for it.
type Entity struct {
	Kind ResourceKind
	Key  string
}

// Entity names the configuration of a flag in an environment.
func (r Ref) Entity() Entity { return Entity{KindFlagEnv, r.key()} }

// Guard makes a write conditional on what its sender has seen, as If-Match does
// (RFC 9110, 13.1.1).
type Guard struct {
	Entity Entity
	Seen   []string // the entity must be at one of these versions; any where there is none, or it is "*"
	Now    string   // the version after the write, which sets it
}

// Guarded returns a Service whose writes are carried out only where g holds,
// in the transaction that writes. Whether the write is allowed and makes sense
// is looked at first, so that nobody learns from a Guard what they may not read.
func (s *Service) Guarded(g *Guard) *Service {
	out := *s
	out.guard = g
	return &out
}

// Version returns a text that is another whenever the entity is: a revision
// or, of a flag, a digest of all the revisions that are shown as the flag. It is
// "0" for what was never written. What is read after it is at least as new.
func (s *Service) Version(ctx context.Context, e Entity) (string, error) {
	var out string
	err := s.store.View(ctx, func(tx ReadTx) (err error) {
		out, err = e.version(tx)
		return err
	})
	return out, err
}

func (e Entity) version(tx ReadTx) (string, error) {
	parts, err := e.parts(tx)
	if err != nil || len(parts) == 0 {
		return "0", err
	}
	if e.Kind != KindFlag {
		return strconv.FormatInt(parts[0].Rev, 10), nil
	}
	h := sha256.New()
	for _, r := range parts {
		_, _ = fmt.Fprintln(h, r.Kind, r.Key, r.Rev) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil)[:12]), nil
}

// parts returns the resources that make up the entity.
func (e Entity) parts(tx ReadTx) ([]Resource, error) {
	r, err := tx.Resource(e.Kind, e.Key)
	if err != nil {
		return nil, present(err)
	}
	out := []Resource{r}
	if e.Kind != KindFlag {
		return out, nil
	}
	f, err := decode[Flag](r)
	if err != nil {
		return nil, err
	}
	project, err := tx.Resource(KindProject, f.Project)
	if err != nil {
		return nil, err
	}
	pr, err := decode[Project](project)
	if err != nil {
		return nil, err
	}
	for _, env := range pr.Environments {
		one, err := tx.Resource(KindFlagEnv, Ref{f.Project, f.Name, env}.key())
		if err == nil {
			out = append(out, one)
		} else if KindOf(err) != NotFound {
			return nil, err
		}
	}
	open, err := list[Release](tx, KindRelease, releasesOpen)
	for _, rel := range open {
		if _, in := rel.Builds()[f.Name]; in {
			out = append(out, Resource{Kind: KindRelease, Key: rel.ID}) // that it runs is shown, not how far it is
		}
	}
	return append(out, project), err
}

// around carries out a write under the guard.
func (g *Guard) around(tx Tx, write func() error) error {
	if g == nil {
		return write()
	}
	before, err := g.Entity.version(tx)
	if err != nil {
		return err
	}
	var moved error
	if len(g.Seen) > 0 && !slices.Contains(g.Seen, before) && !slices.Contains(g.Seen, "*") {
		if moved, err = g.moved(tx, before); err != nil { // before anything is written: it tells of the state that was found
			return err
		}
	}
	err = write()
	switch {
	case moved != nil && (err == nil || KindOf(err) == Conflict):
		return moved
	case err != nil:
		return err
	}
	g.Now, err = g.Entity.version(tx)
	return err
}

// moved says what has happened to the entity since it was seen.
func (g *Guard) moved(tx ReadTx, now string) (*Error, error) {
	out := &Error{
		Kind: Conflict, Code: CodePrecondition, Field: "If-Match",
		Msg: fmt.Sprintf("%s %q is at version %q by now: read it again", g.Entity.Kind, g.Entity.Key, now),
	}
	parts, err := g.Entity.parts(tx)
	if err != nil || len(parts) == 0 {
		return out, err
	}
	last := slices.MaxFunc(parts, func(a, b Resource) int { return cmp.Compare(a.UpdatedAt.UnixMilli(), b.UpdatedAt.UnixMilli()) })
	seq, err := tx.Recorded(last.Kind, last.Key, last.Rev)
	if err != nil || seq < 0 {
		return out, present(err)
	}
	r, err := recordAt(tx, seq)
	if err == nil {
		out.Msg += fmt.Sprintf("; the last change was %s by %s at %s", r.Type, r.Actor.ID, last.UpdatedAt.UTC().Format(time.RFC3339))
	}
	return out, err
}
