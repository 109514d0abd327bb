package flaggen

import (
	"strconv"
	"strings"
	"time"

	"github.com/lockflight/lockflight/sdk/eval"
)

// operators are all that there are.
var operators = []string{
	"IN", "NOT_IN", "STR_STARTS_WITH", "STR_ENDS_WITH", "STR_CONTAINS",
	"NUM_EQ", "NUM_GT", "NUM_GTE", "NUM_LT", "NUM_LTE", "DATE_AFTER", "DATE_BEFORE",
	"SEMVER_EQ", "SEMVER_GT", "SEMVER_GTE", "SEMVER_LT", "SEMVER_LTE", "REGEX", "IN_CIDR",
}

// What the operators look for.
var (
	prefixes = []string{"ann", "Bob", "carol", "dave", "EVE"}
	suffixes = []string{"example.com", "Example.com", "shop.test", "SHOP.TEST"}
	parts    = []string{"@", "mail", "SHOP", "shop", "xampl", "Example"}
	patterns = []string{`^[a-z]+@`, `\.com$`, `(ann|bob)@`, `[A-Z]{2,}`, `\+\w+@`, `^\S+@(?:shop|mail)\.`}
	networks = []string{"10.0.0.0/8", "10.1.0.0/16", "192.168.7.9", "203.0.113.64/26", "2001:db8::/32", "2001:db8:1::/48", "fd00::7"}
)

// constraint draws one of an operator. A fourth of them are inverted, but for
// REGEX, of which Unleash saves none.
func (g *generator) constraint(operator string) eval.Constraint {
	c := eval.Constraint{Operator: operator, Values: []string{}, Inverted: operator != "REGEX" && g.chance(4)}
	family, _, _ := strings.Cut(operator, "_")
	switch family {
	case "STR":
		c.ContextName, c.CaseInsensitive = "email", g.chance(2)
		c.Values = some(g, 2, map[string][]string{
			"STR_STARTS_WITH": prefixes, "STR_ENDS_WITH": suffixes, "STR_CONTAINS": parts,
		}[operator])
	case "NUM":
		c.ContextName, c.Value = "age", pick(g, ages[1:len(ages)-1]) // the last is no number
	case "DATE":
		c.ContextName = "currentTime"
		c.Value = epoch.Add(time.Duration(g.IntN(120)-60) * time.Hour).Format(time.RFC3339)
	case "SEMVER":
		c.ContextName, c.Value = "version", pick(g, versions[1:len(versions)-2]) // the last two are no versions
	case "REGEX":
		c.ContextName, c.Value, c.CaseInsensitive = "email", pick(g, patterns), g.chance(2)
	default:
		if operator == "IN_CIDR" {
			c.ContextName, c.Values = "remoteAddress", some(g, 3, networks)
			break
		}
		g.list(&c)
	}
	return c
}

// list draws what IN and NOT_IN compare.
func (g *generator) list(c *eval.Constraint) {
	switch g.IntN(4) {
	case 0:
		c.ContextName, c.Values = "userId", some(g, 40, users)
	case 1:
		c.ContextName, c.Values = "region", some(g, 3, regions)
	case 2:
		c.ContextName, c.Values = "age", some(g, 4, ages)
	default:
		c.ContextName, c.Values = "plan", some(g, 2, plans)
	}
}

// segment draws a segment of a constraint, or sometimes two.
func (g *generator) segment(id int) eval.Segment {
	s := eval.Segment{ID: id, Name: "segment-" + strconv.Itoa(id)}
	s.Constraints = append(s.Constraints, g.constraint(pick(g, operators)))
	if g.chance(3) {
		s.Constraints = append(s.Constraints, g.constraint("NOT_IN"))
	}
	return s
}
