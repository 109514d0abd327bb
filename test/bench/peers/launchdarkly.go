package main

import (
	"fmt"
	"time"

	"github.com/launchdarkly/go-sdk-common/v3/ldcontext"
	"github.com/launchdarkly/go-sdk-common/v3/ldvalue"
	"github.com/launchdarkly/go-server-sdk-evaluation/v3/ldbuilders"
	"github.com/launchdarkly/go-server-sdk-evaluation/v3/ldmodel"
	ld "github.com/launchdarkly/go-server-sdk/v7"
	"github.com/launchdarkly/go-server-sdk/v7/ldcomponents"
	"github.com/launchdarkly/go-server-sdk/v7/testhelpers/ldtestdata"

	"github.com/lockflight/lockflight/test/bench/internal/cases"
)

// launchDarkly decides on data given in the process, and sends no events.
func launchDarkly() (peer, error) {
	few, many := ldtestdata.DataSource(), ldtestdata.DataSource()
	for _, f := range launchDarklyFlags() {
		few.UsePreconfiguredFlag(f)
	}
	few.UsePreconfiguredSegment(ldbuilders.NewSegmentBuilder("members").Included(cases.UserIDs(1000)...).Build())
	for _, f := range cases.Rollouts(cases.Many).Features {
		many.UsePreconfiguredFlag(launchDarklyFlag(f.Name).Fallthrough(halfOn()).Build())
	}
	fewClient, err := launchDarklyClient(few)
	if err != nil {
		return peer{}, err
	}
	manyClient, err := launchDarklyClient(many)
	if err != nil {
		return peer{}, err
	}
	p := peer{name: "LaunchDarkly " + ld.Version + ", no events", on: make(map[string]func(string, int) bool)}
	for _, name := range []string{"A", "B", "C", "D", "E", "H"} {
		client, contexts := fewClient, launchDarklyContexts(cases.Users(name))
		if name == "H" {
			client = manyClient
		}
		p.on[name] = func(flag string, i int) bool {
			on, _ := client.BoolVariation(flag, contexts[i], false)
			return on
		}
	}
	contexts := launchDarklyContexts(cases.Ring)
	p.variant = func(i int) string {
		v, _ := fewClient.StringVariation("F", contexts[i], "")
		return v
	}
	return p, nil
}

func launchDarklyClient(source *ldtestdata.TestDataSource) (*ld.LDClient, error) {
	c, err := ld.MakeCustomClient("key", ld.Config{
		DataSource: source, Events: ldcomponents.NoEvents(), Logging: ldcomponents.NoLogging(),
		DiagnosticOptOut: true,
	}, 10*time.Second)
	if err != nil {
		return nil, fmt.Errorf("open LaunchDarkly's client: %w", err)
	}
	return c, nil
}

// launchDarklyFlag begins a flag whose variation 0 is off and 1 is on.
func launchDarklyFlag(key string) *ldbuilders.FlagBuilder {
	return ldbuilders.NewFlagBuilder(key).On(true).Salt(key).OffVariation(0).FallthroughVariation(0).
		Variations(ldvalue.Bool(false), ldvalue.Bool(true))
}

func halfOn() ldmodel.VariationOrRollout {
	return ldbuilders.Rollout(ldbuilders.Bucket(0, 50_000), ldbuilders.Bucket(1, 50_000))
}

func launchDarklyFlags() []ldmodel.FeatureFlag {
	var countries []ldvalue.Value
	for _, c := range cases.Countries {
		countries = append(countries, ldvalue.String(c))
	}
	constraints := ldbuilders.NewRuleBuilder().VariationOrRollout(halfOn()).Clauses(
		ldbuilders.Clause("country", ldmodel.OperatorIn, countries...),
		ldbuilders.Clause("version", ldmodel.OperatorSemVerGreaterThan, ldvalue.String(cases.Version)),
		ldbuilders.Clause("since", ldmodel.OperatorAfter, ldvalue.String(cases.Date)),
	)
	member := ldbuilders.NewRuleBuilder().Variation(1).Clauses(ldbuilders.SegmentMatchClause("members"))
	return []ldmodel.FeatureFlag{
		launchDarklyFlag("A").FallthroughVariation(1).Build(),
		launchDarklyFlag("B").AddTarget(1, cases.UserIDs(10)...).Build(),
		launchDarklyFlag("C").Fallthrough(halfOn()).Build(),
		launchDarklyFlag("D").AddRule(constraints).Build(),
		launchDarklyFlag("E").AddRule(member).Build(),
		ldbuilders.NewFlagBuilder("F").On(true).Salt("F").
			Variations(ldvalue.String("x"), ldvalue.String("y"), ldvalue.String("z")).
			Fallthrough(ldbuilders.Rollout(ldbuilders.Bucket(0, 33_333), ldbuilders.Bucket(1, 33_333), ldbuilders.Bucket(2, 33_334))).
			Build(),
	}
}

func launchDarklyContexts(n int) []ldcontext.Context {
	out := make([]ldcontext.Context, cases.Ring)
	for i, c := range cases.Contexts(n) {
		b := ldcontext.NewBuilder(c.UserID)
		for name, value := range c.Properties {
			b.SetString(name, value)
		}
		out[i] = b.Build()
	}
	return out
}
