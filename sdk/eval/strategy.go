package eval

import (
	"fmt"
	"strings"
)

// releaseParameter holds the id of the release that a strategy belongs to.
const releaseParameter = "release"

// compileRule compiles what a strategy tests besides its constraints. A
// strategy that is not built in never matches, since this engine has no custom
// ones, and neither does one whose parameters are faulty, which note says.
func (o Options) compileRule(flag string, st Strategy) (rule op, note string) {
	switch st.Name {
	case "default":
		return op{code: opAlways}, ""
	case "flexibleRollout":
		return compileRollout(st, "rollout", groupOf(flag, st), st.Parameters["stickiness"])
	case "gradualRolloutUserId":
		return compileGradual(st, "userId")
	case "gradualRolloutSessionId":
		return compileGradual(st, "sessionId")
	case "gradualRolloutRandom":
		return compileRollout(st, "percentage", "", "random")
	case "userWithId":
		users := newTextSet(splitList(st.Parameters["userIds"]))
		return op{code: opIn, field: fieldUserID, operand: &operand{texts: users}}, ""
	case "remoteAddress":
		addresses := newAddressSet(splitList(st.Parameters["IPs"]))
		return op{code: opAddress, field: fieldRemoteAddress, operand: &operand{addresses: addresses}}, ""
	case "applicationHostname":
		return o.compileHostname(st.Parameters["hostNames"]), ""
	default:
		return op{code: opNever}, ""
	}
}

// groupOf returns what a strategy hashes ids with: its groupId, the flag's
// name where it has none.
func groupOf(flag string, st Strategy) string {
	if group, ok := st.Parameters["groupId"]; ok {
		return group
	}
	return flag
}

// compileGradual compiles the deprecated rollouts, whose group has no default.
func compileGradual(st Strategy, stickiness string) (rule op, note string) {
	group, ok := st.Parameters["groupId"]
	if !ok {
		return op{code: opNever}, "groupId is missing"
	}
	return compileRollout(st, "percentage", group, stickiness)
}

func compileRollout(st Strategy, parameter, group, stickiness string) (rule op, note string) {
	percent, ok := parseNumber(st.Parameters[parameter])
	if !ok || percent < 0 {
		return op{code: opNever}, fmt.Sprintf("%s %q is not a percentage", parameter, st.Parameters[parameter])
	}
	rule = op{
		code:    opRollout,
		field:   stickyField(stickiness),
		percent: uint8(min(percent, 100)),
		prefix:  newPrefix(group, rolloutSeed),
	}
	if rule.field == fieldProperty {
		rule.operand = &operand{property: stickiness}
	}
	return rule, ""
}

// compileHostname decides at once, since the host does not change.
func (o Options) compileHostname(hosts string) op {
	for _, host := range splitList(hosts) {
		if strings.EqualFold(host, o.Hostname) {
			return op{code: opAlways}
		}
	}
	return op{code: opNever}
}
