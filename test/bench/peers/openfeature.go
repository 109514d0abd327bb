package main

import (
	"context"
	"fmt"

	"github.com/open-feature/go-sdk/openfeature"
	"github.com/open-feature/go-sdk/openfeature/memprovider"

	"github.com/lockflight/lockflight/test/bench/internal/cases"
)

// openFeature is the client of OpenFeature's SDK over its in-memory provider,
// whose rules are Go functions: the least that any provider costs there. It
// has the cases that need no rules but a rollout.
func openFeature() (peer, error) {
	flags := map[string]memprovider.InMemoryFlag{"A": {
		Key: "A", State: memprovider.Enabled, DefaultVariant: "on", Variants: map[string]any{"on": true},
	}}
	rollout := func(name string) memprovider.InMemoryFlag {
		decide := func(_ memprovider.InMemoryFlag, c openfeature.FlattenedContext) (any, openfeature.ProviderResolutionDetail) {
			user, _ := c[openfeature.TargetingKey].(string)
			return cases.Bucket(name, user) <= 50, openfeature.ProviderResolutionDetail{Reason: openfeature.SplitReason}
		}
		return memprovider.InMemoryFlag{Key: name, State: memprovider.Enabled, ContextEvaluator: &decide}
	}
	flags["C"] = rollout("C")
	for _, f := range cases.Rollouts(cases.Many).Features {
		flags[f.Name] = rollout(f.Name)
	}
	if err := openfeature.SetProviderAndWait(memprovider.NewInMemoryProvider(flags)); err != nil {
		return peer{}, fmt.Errorf("open OpenFeature's provider: %w", err)
	}
	client := openfeature.NewClient("peers")
	contexts := make([]openfeature.EvaluationContext, cases.Ring)
	for i, c := range cases.Contexts(cases.Ring) {
		properties := make(map[string]any, len(c.Properties))
		for name, value := range c.Properties {
			properties[name] = value
		}
		contexts[i] = openfeature.NewEvaluationContext(c.UserID, properties)
	}
	ctx := context.Background()
	on := func(flag string, i int) bool { return client.Boolean(ctx, flag, false, contexts[i]) }
	return peer{
		name: "OpenFeature 1.20.0, memory",
		on:   map[string]func(string, int) bool{"A": on, "C": on, "H": on},
	}, nil
}
