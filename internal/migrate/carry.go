package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lockflight/lockflight/internal/control"
)

// Target is a Lockflight, as its API shows it. A document that it refuses is a
// *Refusal; any other error ends the import.
type Target interface {
	// Names returns those of a kind of document that are there.
	Names(ctx context.Context, kind Kind) ([]string, error)
	// Create makes a document of a kind.
	Create(ctx context.Context, kind Kind, doc any) error
	// PlanConfiguration says what would change for a configuration to hold.
	PlanConfiguration(ctx context.Context, in control.Configuration) (control.ChangeSet, error)
	// ApplyConfiguration carries out a plan, by its digest.
	ApplyConfiguration(ctx context.Context, in control.Configuration, digest string) (control.ChangeSet, error)
}

// Kind is a kind of document that is created one by one.
type Kind string

// The kinds, in the order in which one needs the other.
const (
	Environments  Kind = "environment"
	Projects      Kind = "project"
	ContextFields Kind = "context field"
	TagTypes      Kind = "tag type"
	Strategies    Kind = "strategy"
)

// Refusal is what a Target says of a document that is wrong.
type Refusal struct {
	Field  string // a path in the document, or ""
	Reason string
}

func (r *Refusal) Error() string { return r.Reason }

// Result is what an import did, or would do.
type Result struct {
	Created []Created        `json:"created"`
	Changes []control.Change `json:"changes"`
	Losses  []Loss           `json:"losses"`
}

// Created is a document that was not there.
type Created struct {
	Kind Kind   `json:"kind"`
	Name string `json:"name"`
}

// batch is how many flags are brought in one transaction: few enough for other
// writers to get their turn.
const batch = 100

// Carry brings a Plan into a Target. Documents that are there stay as they are,
// flags and segments become what the Plan says. Each batch of flags is written
// whole or not at all, and what is refused becomes a Loss; so after an error
// the same Carry goes on where it ended.
func (p Plan) Carry(ctx context.Context, to Target) (Result, error) {
	c := carrier{Target: to, out: Result{Created: []Created{}, Changes: []control.Change{}, Losses: slices.Clone(p.Losses)}}
	err := c.documents(ctx, p)
	if err == nil && len(p.Configuration.Segments) > 0 {
		err = c.configuration(ctx, control.Configuration{Segments: p.Configuration.Segments})
	}
	for flags := range slices.Chunk(p.Configuration.Flags, batch) {
		if err == nil {
			err = c.configuration(ctx, control.Configuration{Flags: slices.Clone(flags)})
		}
	}
	return c.out, err
}

type carrier struct {
	Target

	out Result
}

func (c *carrier) lose(kind, name, env, reason string) {
	c.out.Losses = append(c.out.Losses, Loss{kind, name, env, reason})
}

func (c *carrier) documents(ctx context.Context, p Plan) error {
	return errors.Join(
		missing(ctx, c, Environments, p.Environments, func(e Environment) string { return e.Name }),
		missing(ctx, c, Projects, p.Projects, func(p Project) string { return p.ID }),
		missing(ctx, c, ContextFields, p.ContextFields, func(f ContextField) string { return f.Name }),
		missing(ctx, c, TagTypes, p.TagTypes, func(t TagType) string { return t.Name }),
		missing(ctx, c, Strategies, p.Strategies, func(s Strategy) string { return s.Name }),
	)
}

// missing creates those documents that are not there.
func missing[T any](ctx context.Context, c *carrier, kind Kind, docs []T, name func(T) string) error {
	if len(docs) == 0 {
		return nil
	}
	there, err := c.Names(ctx, kind)
	if err != nil {
		return err
	}
	for _, doc := range docs {
		if slices.Contains(there, name(doc)) {
			continue
		}
		err := c.Create(ctx, kind, doc)
		if refused, ok := errors.AsType[*Refusal](err); ok {
			c.lose(string(kind), name(doc), "", refused.Reason)
			continue
		}
		if err != nil {
			return fmt.Errorf("creating %s %s: %w", kind, name(doc), err)
		}
		c.out.Created = append(c.out.Created, Created{kind, name(doc)})
	}
	return nil
}

// configuration makes one part of the configuration hold, without what is
// refused of it.
func (c *carrier) configuration(ctx context.Context, in control.Configuration) error {
	for {
		set, err := c.PlanConfiguration(ctx, in)
		if refused, ok := errors.AsType[*Refusal](err); ok {
			if !c.drop(&in, refused) {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if c.dropRunning(&in, set) {
			continue
		}
		if len(set.Changes) == 0 {
			return nil
		}
		if set, err = c.ApplyConfiguration(ctx, in, set.Digest); err != nil {
			return err
		}
		c.out.Changes = append(c.out.Changes, set.Changes...)
		return nil
	}
}

// drop takes the smallest part out that a refusal names: a flag in an
// environment, a flag, or a segment. It is false where it names none.
func (c *carrier) drop(in *control.Configuration, refused *Refusal) bool {
	kind, at, rest := part(refused.Field)
	switch {
	case kind == "segments" && at < len(in.Segments):
		c.lose("segment", in.Segments[at].Name, "", refused.Error())
		in.Segments = slices.Delete(slices.Clone(in.Segments), at, at+1)
	case kind == "flags" && at < len(in.Flags):
		f := in.Flags[at]
		env, in2 := strings.CutPrefix(rest, "environments.")
		for name := range f.Environments {
			if in2 && (env == name || strings.HasPrefix(env, name+".")) {
				c.lose("flag", f.Name, name, refused.Error())
				in.Flags[at] = without(f, name)
				return true
			}
		}
		c.lose("flag", f.Name, "", refused.Error())
		in.Flags = slices.Delete(in.Flags, at, at+1)
	default:
		return false
	}
	return true
}

// dropRunning takes out what a running release keeps from being changed.
func (c *carrier) dropRunning(in *control.Configuration, set control.ChangeSet) bool {
	dropped := false
	for _, ch := range set.Changes {
		if ch.Release == "" {
			continue
		}
		reason := fmt.Sprintf("release %s is running on it: import again once it has ended", ch.Release)
		if ch.Kind == control.KindSegment {
			c.lose("segment", ch.Name, "", reason)
			in.Segments = slices.DeleteFunc(slices.Clone(in.Segments), func(s control.SegmentSpec) bool { return s.Name == ch.Name })
		} else {
			at := slices.IndexFunc(in.Flags, func(f control.FlagSpec) bool { return f.Name == ch.Name })
			c.lose("flag", ch.Name, ch.Environment, reason)
			in.Flags[at] = without(in.Flags[at], ch.Environment)
		}
		dropped = true
	}
	return dropped
}

// without returns a flag that says nothing of one environment.
func without(f control.FlagSpec, env string) control.FlagSpec {
	kept := map[string]control.EnvSpec{}
	for name, spec := range f.Environments {
		if name != env {
			kept[name] = spec
		}
	}
	f.Environments = kept
	return f
}

// part splits "flags[3].environments.x" into flags, 3 and environments.x.
func part(field string) (kind string, at int, rest string) {
	head, rest, _ := strings.Cut(field, ".")
	kind, index, ok := strings.Cut(head, "[")
	at, err := strconv.Atoi(strings.TrimSuffix(index, "]"))
	if !ok || err != nil || at < 0 {
		return "", 0, ""
	}
	return kind, at, rest
}
