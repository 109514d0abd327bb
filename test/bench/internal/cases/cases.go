// Package cases has what the benchmarks of a check decide, once for all who
// run them: the flags, the contexts, and a floor for each case.
//
// A is a flag that is on; B a list of 10 users, the user on it; C half of the
// users; D three constraints that hold (a country of 10, a version above one,
// a date after one), and half of the users; E a segment of 1,000 users, the
// user a member; F three variants of a third each; G is C on two cores; H is C
// with one of 10,000 flags at random.
package cases

import (
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/lockflight/lockflight/sdk/eval"
)

// Ring is how many contexts a case walks through, made before the timer.
const Ring = 1024

// Many is how many flags there are in case H.
const Many = 10_000

// The values that the constraints of D compare with.
const (
	Version = "1.2.3"
	Date    = "2024-01-01T00:00:00Z"
)

// Countries are those that D accepts.
var Countries = []string{"no", "se", "dk", "fi", "is", "de", "nl", "be", "fr", "es"}

// UserIDs returns n ids of 11 bytes.
func UserIDs(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = "user-" + strconv.Itoa(100_000+i)
	}
	return ids
}

// Users returns how many users a case is for.
func Users(name string) int {
	switch name {
	case "B":
		return 10
	case "E":
		return 1000
	default:
		return Ring
	}
}

// Contexts returns a ring of contexts of the first n users.
func Contexts(n int) []eval.Context {
	ids := UserIDs(n)
	out := make([]eval.Context, Ring)
	for i := range out {
		out[i] = eval.Context{UserID: ids[i%n], Properties: map[string]string{
			"country": Countries[i%len(Countries)],
			"version": "2.10." + strconv.Itoa(i%50),
			"since":   "2025-03-04T05:06:07Z",
		}}
	}
	return out
}

// Document returns the flags A to F.
func Document() eval.Snapshot {
	half := eval.Parameters{"rollout": "50", "stickiness": "userId", "groupId": "group"}
	all := eval.Parameters{"rollout": "100", "stickiness": "userId", "groupId": "group"}
	flag := func(name string, st eval.Strategy) eval.Flag {
		return eval.Flag{Name: name, Enabled: true, Strategies: []eval.Strategy{st}}
	}
	third := func(name string) eval.WeightedVariant {
		return eval.WeightedVariant{Name: name, Weight: 333, Stickiness: "userId"}
	}
	return eval.Snapshot{
		Version: 2,
		Features: []eval.Flag{
			flag("A", eval.Strategy{Name: "default"}),
			flag("B", eval.Strategy{Name: "userWithId", Parameters: eval.Parameters{"userIds": strings.Join(UserIDs(10), ",")}}),
			flag("C", eval.Strategy{Name: "flexibleRollout", Parameters: half}),
			flag("D", eval.Strategy{Name: "flexibleRollout", Parameters: half, Constraints: []eval.Constraint{
				{ContextName: "country", Operator: "IN", Values: Countries},
				{ContextName: "version", Operator: "SEMVER_GT", Value: Version},
				{ContextName: "since", Operator: "DATE_AFTER", Value: Date},
			}}),
			flag("E", eval.Strategy{Name: "default", Segments: []int{1}}),
			flag("F", eval.Strategy{
				Name: "flexibleRollout", Parameters: all,
				Variants: []eval.WeightedVariant{third("x"), third("y"), third("z")},
			}),
		},
		Segments: []eval.Segment{{ID: 1, Constraints: []eval.Constraint{
			{ContextName: "userId", Operator: "IN", Values: UserIDs(1000)},
		}}},
	}
}

// Rollouts returns n flags that are each on for half of the users.
func Rollouts(n int) eval.Snapshot {
	s := eval.Snapshot{Version: 2}
	for i := range n {
		name := "flag-" + strconv.Itoa(i)
		s.Features = append(s.Features, eval.Flag{Name: name, Enabled: true, Strategies: []eval.Strategy{{
			Name: "flexibleRollout", Parameters: eval.Parameters{"rollout": "50", "stickiness": "userId", "groupId": name},
		}}})
	}
	return s
}

// Names returns the names of the flags of a document in random order, each
// several times and in memory of its own, as callers hold them.
func Names(s eval.Snapshot) []string {
	var out []string
	for range 4 {
		for _, i := range rand.Perm(len(s.Features)) {
			out = append(out, strings.Clone(s.Features[i].Name))
		}
	}
	return out
}
