package migrate

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/lockflight/lockflight/internal/control"
)

// Target is a Lockflight, as its API shows it. A document that it refuses is a
// *Refusal; any other error ends the import.
type Target interface {
	// Strategies returns the names of the strategies that are known there.
	Strategies(ctx context.Context) ([]string, error)
	// CreateStrategy makes a custom strategy known.
	CreateStrategy(ctx context.Context, s Strategy) error
	// PlanConfiguration says what would change for a configuration to hold.
	PlanConfiguration(ctx context.Context, in control.Configuration) (control.ChangeSet, error)
	// ApplyConfiguration carries out a plan, by its digest.
	ApplyConfiguration(ctx context.Context, in control.Configuration, digest string) (control.ChangeSet, error)
}

// Refusal is what a Target says of a document that is wrong.
type Refusal struct {
	Field  string // a path in the document, or ""
	Reason string
}

func (r *Refusal) Error() string { return r.Reason }

// Result is what an import did.
type Result struct {
	Strategies []string         `json:"strategies"` // those that were made known
	Changes    []control.Change `json:"changes"`
	Losses     []Loss           `json:"losses"`
}

// batch is how many flags are brought in one transaction: few enough for other
// writers to get their turn.
const batch = 100

// Carry brings a Plan into a Target: what the Plan names becomes what it says.
// Each batch of flags is written whole or not at all, and what is refused
// becomes a Loss; so after an error the same Carry goes on where it ended.
func (p Plan) Carry(ctx context.Context, to Target) (Result, error) {
	c := carrier{Target: to, out: Result{Strategies: []string{}, Changes: []control.Change{}, Losses: slices.Clone(p.Losses)}}
	err := c.strategies(ctx, p.Strategies)
	for part := range p.parts() {
		if err == nil {
			err = c.configuration(ctx, part)
		}
	}
	return c.out, err
}

// parts returns the configuration in the order in which one part needs the
// other, each for one transaction.
func (p Plan) parts() iter.Seq[control.Configuration] {
	return func(yield func(control.Configuration) bool) {
		base := p.Configuration
		base.Flags = nil
		if !yield(base) {
			return
		}
		for flags := range slices.Chunk(p.Configuration.Flags, batch) {
			if !yield(control.Configuration{Flags: flags}) {
				return
			}
		}
	}
}

type carrier struct {
	Target

	out Result
}

func (c *carrier) lose(kind, name, env, reason string) {
	c.out.Losses = append(c.out.Losses, Loss{kind, name, env, reason})
}

func (c *carrier) strategies(ctx context.Context, all []Strategy) error {
	if len(all) == 0 {
		return nil
	}
	there, err := c.Strategies(ctx)
	for _, s := range all {
		if err != nil {
			return err
		}
		if slices.Contains(there, s.Name) {
			continue
		}
		err = c.CreateStrategy(ctx, s)
		if refused, ok := errors.AsType[*Refusal](err); ok {
			c.lose("strategy", s.Name, "", refused.Reason)
			err = nil
		} else if err == nil {
			c.out.Strategies = append(c.out.Strategies, s.Name)
		}
	}
	return err
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
// environment, or a whole document. It is false where it names none.
func (c *carrier) drop(in *control.Configuration, refused *Refusal) bool {
	kind, at, rest := part(refused.Field)
	if kind == "flags" && at < len(in.Flags) {
		f := in.Flags[at]
		for name := range f.Environments {
			if path := "environments." + name; rest == path || strings.HasPrefix(rest, path+".") {
				c.lose("flag", f.Name, name, refused.Reason)
				in.Flags = slices.Clone(in.Flags)
				in.Flags[at] = without(f, name)
				return true
			}
		}
	}
	var name string
	ok := false
	switch kind {
	case "tagTypes":
		in.TagTypes, name, ok = cut(in.TagTypes, at, func(t control.TagType) string { return t.Name })
	case "contextFields":
		in.ContextFields, name, ok = cut(in.ContextFields, at, func(f control.FieldSpec) string { return f.Name })
	case "environments":
		in.Environments, name, ok = cut(in.Environments, at, func(e control.EnvironmentSpec) string { return e.Name })
	case "projects":
		in.Projects, name, ok = cut(in.Projects, at, func(p control.ProjectSpec) string { return p.Name })
	case "segments":
		in.Segments, name, ok = cut(in.Segments, at, func(s control.SegmentSpec) string { return s.Name })
	case "flags":
		in.Flags, name, ok = cut(in.Flags, at, func(f control.FlagSpec) string { return f.Name })
	}
	if ok {
		c.lose(strings.TrimSuffix(kind, "s"), name, "", refused.Reason)
	}
	return ok
}

// cut returns documents without one of them, and its name.
func cut[T any](docs []T, at int, name func(T) string) (rest []T, gone string, ok bool) {
	if at >= len(docs) {
		return docs, "", false
	}
	return slices.Delete(slices.Clone(docs), at, at+1), name(docs[at]), true
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
			in.Flags = slices.Clone(in.Flags)
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
