package flaggen

import (
	"strconv"
	"strings"

	"github.com/lockflight/lockflight/sdk/eval"
)

// strategies are the standard ones.
var strategies = []string{
	"default", "userWithId", "flexibleRollout", "gradualRolloutUserId", "gradualRolloutSessionId",
	"gradualRolloutRandom", "remoteAddress", "applicationHostname",
}

// stickinesses are what a rollout may go by.
var stickinesses = []string{"default", "userId", "sessionId", "region", "plan", "random"}

// certain are those that every context has the value of.
var certain = []string{"default", "sessionId", "region"}

// strategy draws one with a name, without constraints, segments and variants.
func (g *generator) strategy(flag, name string) eval.Strategy {
	st := eval.Strategy{Name: name, Constraints: []eval.Constraint{}, Parameters: eval.Parameters{}}
	switch name {
	case "userWithId":
		st.Parameters["userIds"] = strings.Join(some(g, 50, users), ", ")
	case "flexibleRollout":
		g.rollout(&st, flag, pick(g, stickinesses))
	case "gradualRolloutUserId", "gradualRolloutSessionId":
		st.Parameters["percentage"], st.Parameters["groupId"] = g.percent(), g.group(flag)
	case "gradualRolloutRandom":
		st.Parameters["percentage"] = g.allOrNone()
	case "remoteAddress":
		st.Parameters["IPs"] = strings.Join(some(g, 3, networks), ",")
	case "applicationHostname":
		st.Parameters["hostNames"] = "no-host-of-this-name.test,nor-of-this.test"
	}
	return st
}

// rollout makes a strategy a flexibleRollout by a stickiness. What is left to chance is
// for nobody or for everybody, so that everyone who asks agrees.
func (g *generator) rollout(st *eval.Strategy, flag, stickiness string) {
	st.Name = "flexibleRollout"
	st.Parameters["stickiness"], st.Parameters["groupId"], st.Parameters["rollout"] = stickiness, g.group(flag), g.percent()
	if stickiness == "random" {
		st.Parameters["rollout"] = g.allOrNone()
	}
}

func (g *generator) percent() string { return strconv.Itoa(20 + g.IntN(61)) }

func (g *generator) allOrNone() string { return pick(g, []string{"0", "100"}) }

func (g *generator) group(flag string) string { return pick(g, []string{flag, "shared", "groupe-é"}) }
