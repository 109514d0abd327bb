package control

import (
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
)

// sandbox is a Tx whose writes go nowhere: it reads as if they had been made.
type sandbox struct {
	draft

	tx      Tx
	removed []Entity
}

// proposable are the kinds of resource that may be changed by a change request:
// what is configured, and nothing that decides who may do what.
var proposable = []ResourceKind{
	KindProject, KindEnvironment, KindFlag, KindFlagEnv, KindSegment, KindContextField, KindTagType, KindTag, KindFlagType,
	KindStrategyType, KindRelease,
}

func unproposable(what string) error {
	return Errorf(Invalid, "not_proposable", "%s cannot be proposed: do it directly, where you may", what)
}

// Now implements Tx.
func (s *sandbox) Now() time.Time { return s.tx.Now() }

// Resource implements ReadTx.
func (s *sandbox) Resource(kind ResourceKind, key string) (Resource, error) {
	if slices.Contains(s.removed, Entity{kind, key}) {
		return Resource{}, Errorf(NotFound, "not_found", "there is no %s %q", kind, key)
	}
	return s.draft.Resource(kind, key)
}

// Resources implements ReadTx.
func (s *sandbox) Resources(kind ResourceKind, parent string) ([]Resource, error) {
	all, err := s.draft.Resources(kind, parent)
	return slices.DeleteFunc(all, func(r Resource) bool { return slices.Contains(s.removed, Entity{kind, r.Key}) }), err
}

// Put implements Tx.
func (s *sandbox) Put(kind ResourceKind, key, parent string, doc []byte) (Resource, error) {
	old, err := s.Resource(kind, key)
	if present(err) != nil {
		return old, err
	}
	if !slices.Contains(proposable, kind) || kind == KindRelease && err == nil {
		return old, unproposable("a change of a " + string(kind))
	}
	s.removed = slices.DeleteFunc(s.removed, func(e Entity) bool { return e == Entity{kind, key} })
	now := Resource{Kind: kind, Key: key, Parent: parent, Rev: old.Rev + 1, Hash: audit.Sum(doc), Doc: doc, UpdatedAt: s.Now()}
	s.add(now)
	return now, nil
}

// Delete implements Tx.
func (s *sandbox) Delete(kind ResourceKind, key string) error {
	if !slices.Contains(proposable, kind) {
		return unproposable("the removal of a " + string(kind))
	}
	s.removed = append(s.removed, Entity{kind, key})
	return nil
}

// PutBlob implements Tx.
func (s *sandbox) PutBlob(doc []byte) (string, error) { return audit.Sum(doc), nil }

// PutSecret implements Tx.
func (s *sandbox) PutSecret(string, []byte) error { return unproposable("a secret") }

// Append implements Tx.
func (s *sandbox) Append(func(int64) ([]byte, error)) (int64, error) {
	return 0, unproposable("what leaves a record and no document")
}
