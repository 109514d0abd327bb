package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"

	"github.com/lockflight/lockflight/sdk/eval"
)

// The size of the world: 500 environments of projects, and 10,000 flags, each
// of which is configured in half of its project's environments. Every
// environment serves every flag.
const (
	projects     = 25
	environments = 20
	flags        = 10_000
	segments     = 100
)

// chunk is how many flags one request makes: with their environments less than
// the changes that one transaction may hold.
const chunk = 80

func project(i int) string     { return "service-" + strconv.Itoa(i) }
func environment(i int) string { return "region-" + strconv.Itoa(i) }
func flagName(i int) string    { return fmt.Sprintf("service-%d.feature-%d", i%projects, i) }

type (
	spec struct {
		Segments []segmentSpec `json:"segments,omitempty"`
		Flags    []flagSpec    `json:"flags,omitempty"`
	}
	segmentSpec struct {
		Name        string            `json:"name"`
		Constraints []eval.Constraint `json:"constraints"`
	}
	flagSpec struct {
		Name         string             `json:"name"`
		Project      string             `json:"project"`
		Description  string             `json:"description"`
		Environments map[string]envSpec `json:"environments"`
	}
	envSpec struct {
		Enabled    bool           `json:"enabled"`
		Strategies []strategySpec `json:"strategies"`
	}
	strategySpec struct {
		Name        string                 `json:"name"`
		Parameters  eval.Parameters        `json:"parameters,omitempty"`
		Constraints []eval.Constraint      `json:"constraints,omitempty"`
		Segments    []string               `json:"segments,omitempty"`
		Variants    []eval.WeightedVariant `json:"variants,omitempty"`
	}
)

// build makes the world through the API of an empty server.
func (s *server) build(ctx context.Context) error {
	var names []string
	for i := range environments {
		names = append(names, environment(i))
		in := map[string]any{"name": environment(i), "type": "production"}
		if err := s.call(ctx, http.MethodPost, "/api/admin/environments", in); err != nil {
			return err
		}
	}
	for i := range projects {
		in := map[string]any{"id": project(i), "name": project(i), "environments": names}
		if err := s.call(ctx, http.MethodPost, "/api/v1/projects", in); err != nil {
			return err
		}
	}
	r := rand.New(rand.NewPCG(1, 0))
	var all spec
	for i := range segments {
		all.Segments = append(all.Segments, segmentSpec{segment(i), []eval.Constraint{users(r, 50)}})
	}
	for i := range flags {
		all.Flags = append(all.Flags, newFlag(r, i))
		if len(all.Flags) == chunk || i == flags-1 {
			if err := s.call(ctx, http.MethodPost, "/api/v1/configuration/apply", all); err != nil {
				return err
			}
			all = spec{}
		}
	}
	return nil
}

func segment(i int) string { return "segment-" + strconv.Itoa(i) }

// users is a constraint that lists n of them.
func users(r *rand.Rand, n int) eval.Constraint {
	c := eval.Constraint{ContextName: "userId", Operator: "IN"}
	for range n {
		c.Values = append(c.Values, fmt.Sprintf("user-%07d", r.IntN(10_000_000)))
	}
	return c
}

// newFlag returns a flag with a configuration of its own in half of the
// environments: a rollout, in a third of them for a list of users, in a third
// for a segment, and in a fifth with variants.
func newFlag(r *rand.Rand, i int) flagSpec {
	f := flagSpec{
		Name: flagName(i), Project: project(i % projects), Environments: map[string]envSpec{},
		Description: "Decides whether the new way of doing things is used in place of the old one.",
	}
	for e := range environments {
		if r.IntN(2) == 0 {
			continue
		}
		st := strategySpec{Name: "flexibleRollout", Parameters: eval.Parameters{
			"rollout": strconv.Itoa(r.IntN(101)), "stickiness": "userId", "groupId": f.Name,
		}}
		switch r.IntN(3) {
		case 0:
			st.Constraints = []eval.Constraint{users(r, 5)}
		case 1:
			st.Segments = []string{segment(r.IntN(segments))}
		}
		if r.IntN(5) == 0 {
			for _, name := range []string{"blue", "green"} {
				st.Variants = append(st.Variants, eval.WeightedVariant{Name: name, Weight: 500, WeightType: "variable", Stickiness: "userId"})
			}
		}
		f.Environments[environment(e)] = envSpec{Enabled: r.IntN(3) > 0, Strategies: []strategySpec{st}}
	}
	return f
}
