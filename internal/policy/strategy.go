package policy

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/lockflight/lockflight/sdk/eval"
)

// pair is a flag in two worlds, on in both.
type pair struct {
	w, other  world
	mine, its *eval.Flag
}

// strategies says why one of the other's may match what none of mine does, or
// give another variant; "" where that cannot be.
func (p pair) strategies() string {
	if why := p.releases(); why != "" {
		return why
	}
	mine, its := p.mine.Strategies, p.its.Strategies
	if len(its) == 0 && len(mine) > 0 {
		return "without a strategy it is on for everybody"
	}
	if !uniform(append(offers(p.mine), offers(p.its)...)) {
		return p.ordered()
	}
	for i := range its {
		if len(mine) > 0 && !slices.ContainsFunc(mine, func(st eval.Strategy) bool { return p.covers(&st, &its[i]) }) {
			return fmt.Sprintf("strategy %d (%s) may match what none did", i, its[i].Name)
		}
	}
	return ""
}

// ordered is strategies where it matters which of them is the first to match:
// only the last that is left may be narrower than it was.
func (p pair) ordered() string {
	mine, its := p.mine.Strategies, p.its.Strategies
	if len(its) > len(mine) || len(its) == 0 {
		return "variants may differ"
	}
	for i := range its {
		last := i == len(its)-1
		same := reflect.DeepEqual(offerOf(p.mine, &mine[i]), offerOf(p.its, &its[i]))
		if !same || !p.covers(&mine[i], &its[i]) || !last && !p.swapped().covers(&its[i], &mine[i]) {
			return fmt.Sprintf("strategy %d (%s): variants may differ", i, its[i].Name)
		}
	}
	return ""
}

func (p pair) swapped() pair { return pair{p.other, p.w, p.its, p.mine} }

// releases says why the treatment of a release may have grown. One is served
// at a time; the comparison is of all, since a faulty one is passed over.
func (p pair) releases() string {
	mine, its := ofReleases(p.mine), ofReleases(p.its)
	if len(its) == 0 {
		return ""
	}
	if len(its) != len(mine) {
		return "a release began, or another one"
	}
	for i := range its {
		if mine[i].Name != its[i].Name || !p.covers(&mine[i], &its[i]) {
			return fmt.Sprintf("release %s may treat more", its[i].Parameters["release"])
		}
	}
	return ""
}

func ofReleases(f *eval.Flag) []eval.Strategy {
	return slices.DeleteFunc(slices.Clone(f.Strategies), func(st eval.Strategy) bool { return st.Parameters["release"] == "" })
}

// covers reports whether all that the other's strategy matches is matched by
// mine: a rule as wide, and no constraint that the other does not have.
func (p pair) covers(mine, its *eval.Strategy) bool {
	return coversRule(mine, its) && implies(p.other.conditions(its), p.w.conditions(mine))
}

// conditions are the constraints of a strategy and of its segments.
func (w world) conditions(st *eval.Strategy) []eval.Constraint {
	out := slices.Clone(st.Constraints)
	for _, id := range st.Segments {
		out = append(out, w.segments[id]...)
	}
	return out
}

// narrowing are the parameters by which a strategy of the built-in ones may
// match less: a percentage, or a list of what matches.
var narrowing = map[string]struct {
	parameter string
	narrower  func(mine, its string) bool
}{
	"flexibleRollout":         {"rollout", lower},
	"gradualRolloutUserId":    {"percentage", lower},
	"gradualRolloutSessionId": {"percentage", lower},
	"gradualRolloutRandom":    {"percentage", lower},
	"userWithId":              {"userIds", fewer},
	"remoteAddress":           {"IPs", fewer},
	"applicationHostname":     {"hostNames", fewer},
}

// coversRule compares two strategies without their constraints. The strategy
// "default" matches everybody; of the others all parameters must be the same
// but the one that narrows.
func coversRule(mine, its *eval.Strategy) bool {
	if mine.Name == "default" {
		return true
	}
	if mine.Name != its.Name {
		return false
	}
	by := narrowing[mine.Name]
	for _, p := range []eval.Parameters{mine.Parameters, its.Parameters} {
		for key := range p {
			a, inMine := mine.Parameters[key]
			b, inIts := its.Parameters[key]
			if inMine != inIts || a != b && (key != by.parameter || !by.narrower(a, b)) {
				return false
			}
		}
	}
	return true
}

// lower reports whether its is a percentage that is at most mine.
func lower(mine, its string) bool {
	m, okMine := percentage(mine)
	i, okIts := percentage(its)
	return okMine && okIts && i <= m
}

var decimal = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// percentage reads plain decimal digits, the one way of writing a number that
// every client reads alike.
func percentage(s string) (float64, bool) {
	if !decimal.MatchString(s) {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && f <= 100
}

// fewer reports whether all that its lists, by commas, is listed in mine.
func fewer(mine, its string) bool { return within(listed(its), listed(mine)) }

func listed(s string) []string {
	out := strings.Split(s, ",")
	for i := range out {
		out[i] = strings.TrimSpace(out[i])
	}
	return out
}
