package edge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/feed"
	"github.com/lockflight/lockflight/sdk/eval"
)

var (
	errOlder  = errors.New("it is older than what is held")
	errNoBase = errors.New("changes without what they change")
)

// follower holds one scope as the upstream last had it, under the upstream's
// sequence numbers. It is the feed.Source of a hub of its own.
type follower struct {
	scope scope
	up    *upstream
	hub   *feed.Hub
	log   *slog.Logger
	now   func() time.Time
	count *metrics
	trust *trust
	stop  context.CancelFunc // ends run; set before it starts

	mu       sync.Mutex
	secrets  []string // of tokens of this scope; the first is used
	doc      eval.Snapshot
	seq      int64 // doc holds every event below it; 0 while there is no doc
	fresh    time.Time
	flags    map[string]int64 // at which seq each was touched, while the hub has not asked
	segments map[int]int64
	changed  chan struct{} // closed, and replaced, with each change
	loaded   chan struct{} // closed once there is a doc
	unsaved  bool
	payloads []payload // of which doc was made, from a whole one on
}

func newFollower(s scope, e *Edge) *follower {
	f := &follower{
		scope: s, up: e.up, log: e.log, now: e.now, count: e.count, trust: e.trust,
		flags: map[string]int64{}, segments: map[int]int64{}, changed: make(chan struct{}), loaded: make(chan struct{}),
	}
	f.hub = feed.New(f, f.waitChanged, e.log)
	return f
}

// environment returns what is followed.
func (f *follower) environment(ctx context.Context) (*feed.Env, error) {
	return f.hub.Environment(ctx, f.scope.Environment)
}

func (f *follower) waitChanged() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changed
}

// Served returns the scope as it is held.
func (f *follower) Served(context.Context, string) (control.Served, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seq == 0 {
		return control.Served{}, control.Errorf(control.Unavailable, "no_data", "the edge has not heard from its upstream yet")
	}
	return control.Served{Seq: f.seq, Flags: f.doc.Features, Segments: f.doc.Segments}, nil
}

// Updates returns what was touched since after, as it is now.
func (f *follower) Updates(_ context.Context, after int64, environments []string) (int64, map[string]control.Update, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.DeleteFunc(f.flags, func(_ string, at int64) bool { return at <= after })
	maps.DeleteFunc(f.segments, func(_ int, at int64) bool { return at <= after })
	var u control.Update
	for name := range f.flags {
		if i, found := slices.BinarySearchFunc(f.doc.Features, name, func(f eval.Flag, name string) int { return strings.Compare(f.Name, name) }); found {
			u.Flags = append(u.Flags, f.doc.Features[i])
		} else {
			u.Removed = append(u.Removed, eval.Flag{Name: name})
		}
	}
	for id := range f.segments {
		if i, found := slices.BinarySearchFunc(f.doc.Segments, id, func(s eval.Segment, id int) int { return s.ID - id }); found {
			u.Segments = append(u.Segments, f.doc.Segments[i])
		} else {
			u.Dropped = append(u.Dropped, id)
		}
	}
	out := map[string]control.Update{}
	for _, name := range environments {
		out[name] = u
	}
	return f.seq, out, nil
}

// apply takes in what the upstream sent under a sequence number: the whole
// scope, or what changed since the seq that the upstream was told. What does
// not fit is refused, and what is held stays.
func (f *follower) apply(seq int64, d eval.Delta) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	whole := len(d.Events) > 0 && d.Events[0].Type == eval.Hydration
	switch {
	case f.seq == 0 && !whole:
		return errNoBase
	case seq < f.seq && whole && f.same(d):
		f.fresh = f.now()
		return nil
	case seq < f.seq:
		return fmt.Errorf("%w: %d, and not %d", errOlder, seq, f.seq)
	}
	next, err := f.doc.Apply(d)
	if err != nil {
		return err
	}
	f.fresh = f.now()
	if len(d.Events) == 0 || seq == f.seq {
		return nil
	}
	f.touch(seq, d)
	f.publish(seq, next)
	return nil
}

// same reports whether a hydration is what is held, under an older number: a
// replica of the upstream that has seen nothing of the scope since gives it the
// number of the last thing that it saw. The caller holds mu.
func (f *follower) same(d eval.Delta) bool {
	other, err := eval.Snapshot{}.Apply(d)
	return err == nil &&
		slices.EqualFunc(f.doc.Features, other.Features, func(a, b eval.Flag) bool { return reflect.DeepEqual(a, b) }) &&
		slices.EqualFunc(f.doc.Segments, other.Segments, func(a, b eval.Segment) bool { return reflect.DeepEqual(a, b) })
}

// publish wakes the hub for a document. The caller holds mu.
func (f *follower) publish(seq int64, doc eval.Snapshot) {
	if f.seq == 0 {
		close(f.loaded)
	}
	f.doc, f.seq = doc, seq
	close(f.changed)
	f.changed = make(chan struct{})
}

// touch remembers what events change: of a hydration all that there was, too.
// The caller holds mu.
func (f *follower) touch(seq int64, d eval.Delta) {
	for _, e := range d.Events {
		switch e.Type {
		case eval.Hydration:
			for _, list := range [][]eval.Flag{f.doc.Features, e.Features} {
				for _, one := range list {
					f.flags[one.Name] = seq
				}
			}
			for _, list := range [][]eval.Segment{f.doc.Segments, e.Segments} {
				for _, one := range list {
					f.segments[one.ID] = seq
				}
			}
		case eval.FeatureUpdated:
			f.flags[e.Feature.Name] = seq
		case eval.FeatureRemoved:
			f.flags[e.FeatureName] = seq
		case eval.SegmentUpdated:
			f.segments[e.Segment.ID] = seq
		case eval.SegmentRemoved:
			f.segments[e.SegmentID] = seq
		}
	}
}

// confirm says that the upstream has nothing newer.
func (f *follower) confirm() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fresh = f.now()
}

// position returns the token to ask with, "" where none is known, and what is
// held.
func (f *follower) position() (secret string, seq int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.secrets) > 0 {
		secret = f.secrets[0]
	}
	return secret, f.seq
}

// has reports whether there is something to serve.
func (f *follower) has() bool {
	_, seq := f.position()
	return seq > 0
}

// addSecret lets the follower ask with one more token.
func (f *follower) addSecret(secret string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if secret != "" && !slices.Contains(f.secrets, secret) {
		f.secrets = append(f.secrets, secret)
	}
}

// dropSecret takes a token back, and returns how many are left.
func (f *follower) dropSecret(secret string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.secrets = slices.DeleteFunc(f.secrets, func(s string) bool { return s == secret })
	return len(f.secrets)
}

// serves reports whether a flag is among what is held.
func (f *follower) serves(flag string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, found := slices.BinarySearchFunc(f.doc.Features, flag, func(f eval.Flag, name string) int { return strings.Compare(f.Name, name) })
	return found
}
