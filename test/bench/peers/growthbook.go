package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/growthbook/growthbook-golang"

	"github.com/lockflight/lockflight/test/bench/internal/cases"
)

// growthBook decides by a child client for each user, made beforehand, as its
// documentation says. It tracks nothing. Its saved groups cannot be set
// without a server, so that E is a list in the rule.
func growthBook() (peer, error) {
	ctx := context.Background()
	rule := func(rules ...any) map[string]any { return map[string]any{"defaultValue": false, "rules": rules} }
	half := map[string]any{"force": true, "coverage": 0.5, "hashAttribute": "id"}
	among := func(ids []string) map[string]any {
		return map[string]any{"force": true, "condition": map[string]any{"id": map[string]any{"$in": ids}}}
	}
	features := map[string]any{
		"A": map[string]any{"defaultValue": true},
		"B": rule(among(cases.UserIDs(10))),
		"C": rule(half),
		"D": rule(map[string]any{"force": true, "coverage": 0.5, "hashAttribute": "id", "condition": map[string]any{
			"country": map[string]any{"$in": cases.Countries},
			"version": map[string]any{"$vgt": cases.Version},
			"since":   map[string]any{"$gt": cases.Date},
		}}),
		"E": rule(among(cases.UserIDs(1000))),
		"F": rule(map[string]any{"key": "F", "variations": []string{"x", "y", "z"}, "hashAttribute": "id"}),
	}
	few, err := growthBookClient(ctx, features)
	if err != nil {
		return peer{}, err
	}
	clear(features)
	for _, f := range cases.Rollouts(cases.Many).Features {
		features[f.Name] = rule(map[string]any{"force": true, "coverage": 0.5, "hashAttribute": "id", "seed": f.Name})
	}
	many, err := growthBookClient(ctx, features)
	if err != nil {
		return peer{}, err
	}
	p := peer{name: "GrowthBook 0.7.0", on: make(map[string]func(string, int) bool)}
	for _, name := range []string{"A", "B", "C", "D", "E", "H"} {
		parent := few
		if name == "H" {
			parent = many
		}
		users, err := growthBookUsers(parent, cases.Users(name))
		if err != nil {
			return peer{}, err
		}
		p.on[name] = func(flag string, i int) bool { return users[i].EvalFeature(ctx, flag).On }
	}
	users, err := growthBookUsers(few, cases.Ring)
	p.variant = func(i int) string {
		v, _ := users[i].EvalFeature(ctx, "F").Value.(string)
		return v
	}
	return p, err
}

func growthBookClient(ctx context.Context, features map[string]any) (*growthbook.Client, error) {
	text, err := json.Marshal(features)
	if err != nil {
		return nil, fmt.Errorf("encode GrowthBook's features: %w", err)
	}
	return growthbook.NewClient(ctx, growthbook.WithJsonFeatures(string(text)))
}

func growthBookUsers(parent *growthbook.Client, n int) ([]*growthbook.Client, error) {
	out := make([]*growthbook.Client, cases.Ring)
	for i, c := range cases.Contexts(n) {
		attributes := growthbook.Attributes{"id": c.UserID}
		for name, value := range c.Properties {
			attributes[name] = value
		}
		var err error
		if out[i], err = parent.WithAttributes(attributes); err != nil {
			return nil, fmt.Errorf("make GrowthBook's users: %w", err)
		}
	}
	return out, nil
}
