package eval_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/lockflight/lockflight/sdk/eval"
)

// ring is how many contexts a benchmark walks through, made before the timer.
const ring = 1024

// benchFlags are the cases A to F: on/off, a list of 10 users, half of the
// users, three constraints and half of the users, a segment of 1,000 users,
// and three variants.
func benchFlags() eval.Snapshot {
	half := eval.Parameters{"rollout": "50", "stickiness": "userId", "groupId": "group"}
	all := eval.Parameters{"rollout": "100", "stickiness": "userId", "groupId": "group"}
	third := func(name string) eval.WeightedVariant {
		return eval.WeightedVariant{Name: name, Weight: 333, Stickiness: "userId"}
	}
	return eval.Snapshot{
		Features: []eval.Flag{
			{Name: "A", Enabled: true, Strategies: []eval.Strategy{{Name: "default"}}},
			{Name: "B", Enabled: true, Strategies: []eval.Strategy{{
				Name: "userWithId", Parameters: eval.Parameters{"userIds": strings.Join(userIDs(10), ",")},
			}}},
			{Name: "C", Enabled: true, Strategies: []eval.Strategy{{Name: "flexibleRollout", Parameters: half}}},
			{Name: "D", Enabled: true, Strategies: []eval.Strategy{{
				Name: "flexibleRollout", Parameters: half, Constraints: []eval.Constraint{
					{ContextName: "country", Operator: "IN", Values: countries},
					{ContextName: "version", Operator: "SEMVER_GT", Value: "1.2.3"},
					{ContextName: "since", Operator: "DATE_AFTER", Value: "2024-01-01T00:00:00Z"},
				},
			}}},
			{Name: "E", Enabled: true, Strategies: []eval.Strategy{{Name: "default", Segments: []int{1}}}},
			{Name: "F", Enabled: true, Strategies: []eval.Strategy{{
				Name: "flexibleRollout", Parameters: all, Variants: []eval.WeightedVariant{third("x"), third("y"), third("z")},
			}}},
		},
		Segments: []eval.Segment{{ID: 1, Constraints: []eval.Constraint{
			{ContextName: "userId", Operator: "IN", Values: userIDs(1000)},
		}}},
	}
}

var countries = []string{"no", "se", "dk", "fi", "is", "de", "nl", "be", "fr", "es"}

func userIDs(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = "user-" + strconv.Itoa(100_000+i)
	}
	return ids
}

// benchContexts returns contexts of the first n users.
func benchContexts(n int) []eval.Context {
	ids := userIDs(n)
	out := make([]eval.Context, ring)
	for i := range out {
		out[i] = eval.Context{UserID: ids[i%n], Properties: map[string]string{
			"country": countries[i%len(countries)], "version": "2.10." + strconv.Itoa(i%50), "since": "2025-03-04T05:06:07Z",
		}}
	}
	return out
}

func BenchmarkBool(b *testing.B) {
	set, _ := eval.Compile(benchFlags())
	cases := []struct {
		flag  string
		users int
	}{{"A", ring}, {"B", 10}, {"C", ring}, {"D", ring}, {"E", 1000}}
	for _, tc := range cases {
		contexts := benchContexts(tc.users)
		b.Run(tc.flag, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				set.Bool(tc.flag, &contexts[i%ring])
				i++
			}
		})
	}
}

func BenchmarkVariant(b *testing.B) {
	set, _ := eval.Compile(benchFlags())
	contexts := benchContexts(ring)
	b.Run("F", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			set.Variant("F", &contexts[i%ring])
			i++
		}
	})
}

// BenchmarkContext makes the context in the loop, from three properties.
func BenchmarkContext(b *testing.B) {
	set, _ := eval.Compile(benchFlags())
	ids := userIDs(ring)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		set.Bool("D", &eval.Context{UserID: ids[i%ring], Properties: map[string]string{
			"country": "no", "version": "2.10.7", "since": "2025-03-04T05:06:07Z",
		}})
		i++
	}
}

// manyFlags is case H: 10,000 rollouts.
func manyFlags() (eval.Snapshot, []string) {
	var s eval.Snapshot
	names := make([]string, 10_000)
	for i := range names {
		names[i] = "flag-" + strconv.Itoa(i)
		s.Features = append(s.Features, eval.Flag{Name: names[i], Enabled: true, Strategies: []eval.Strategy{{
			Name: "flexibleRollout", Parameters: eval.Parameters{"rollout": "50", "stickiness": "userId", "groupId": names[i]},
		}}})
	}
	return s, names
}

func BenchmarkManyFlags(b *testing.B) {
	snapshot, names := manyFlags()
	set, _ := eval.Compile(snapshot)
	contexts := benchContexts(ring)
	shuffled := shuffle(names)
	b.Run("H", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			set.Bool(shuffled[i%len(shuffled)], &contexts[i%ring])
			i++
		}
	})
}

// shuffle returns the names in random order, each string in memory of its own,
// as callers hold them.
func shuffle(names []string) []string {
	out := make([]string, 0, 4*len(names))
	for range 4 {
		for _, i := range rand.Perm(len(names)) {
			out = append(out, strings.Clone(names[i]))
		}
	}
	return out
}

// BenchmarkTextSet is what scanLimit rests on.
func BenchmarkTextSet(b *testing.B) {
	for _, n := range []int{2, 4, 6, 8, 16} {
		flag := eval.Flag{Name: "f", Enabled: true, Strategies: []eval.Strategy{{
			Name: "userWithId", Parameters: eval.Parameters{"userIds": strings.Join(userIDs(n), ",")},
		}}}
		set, _ := eval.Compile(eval.Snapshot{Features: []eval.Flag{flag}})
		contexts := benchContexts(n)
		b.Run(fmt.Sprintf("ids=%d", n), func(b *testing.B) {
			i := 0
			for b.Loop() {
				set.BoolAt(0, &contexts[i%ring])
				i++
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	snapshot, _ := manyFlags()
	b.Run("flags=10000", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			eval.Compile(snapshot)
		}
	})
}

func BenchmarkApply(b *testing.B) {
	snapshot, names := manyFlags()
	snapshot, err := snapshot.Apply(eval.Delta{Events: []eval.Event{{Type: eval.Hydration, Features: snapshot.Features}}})
	if err != nil {
		b.Fatal(err)
	}
	delta := eval.Delta{Events: []eval.Event{{Type: eval.FeatureUpdated, Feature: &eval.Flag{Name: names[77]}}}}
	b.Run("flags=10000", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := snapshot.Apply(delta); err != nil {
				b.Fatal(err)
			}
		}
	})
}
