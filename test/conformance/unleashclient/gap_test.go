package unleashclient

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/lockflight/lockflight/sdk/eval"
	"github.com/lockflight/lockflight/test/conformance/flaggen"
	"github.com/lockflight/lockflight/test/conformance/node"
)

// client is the package as baseline.yml names it.
const client = "unleash-client 6.12.1"

// gaps are what baseline.yml says of the client, in a world: a flag's parents
// are part of its answer.
func gaps(world flaggen.World) map[string]node.Gap {
	withParents := func(concerns node.Gap) node.Gap {
		return func(f *eval.Flag, ec *eval.Context) bool {
			return concerns(f, ec) || slices.ContainsFunc(f.Dependencies, func(d eval.Dependency) bool {
				i := slices.IndexFunc(world.Flags, func(f eval.Flag) bool { return f.Name == d.Feature })
				return concerns(&world.Flags[i], ec)
			})
		}
	}
	return map[string]node.Gap{
		"hashes-utf16":             withParents(hashesBeyondASCII),
		"remote-address-ipv4-only": withParents(networkOfIPv6),
	}
}

// hashesBeyondASCII tells whether a rollout or a choice of variants of the flag
// hashes more than ASCII.
func hashesBeyondASCII(f *eval.Flag, ec *eval.Context) bool {
	return hashesWith(f.Name, "", f.Variants, ec) || slices.ContainsFunc(f.Strategies, func(st eval.Strategy) bool {
		group, stickiness := st.Parameters["groupId"], st.Parameters["stickiness"]
		switch st.Name {
		case "flexibleRollout":
			return beyondASCII(group) || beyondASCII(ec.Properties[stickiness]) || hashesWith(group, stickiness, st.Variants, ec)
		case "gradualRolloutUserId", "gradualRolloutSessionId":
			return beyondASCII(group)
		}
		return hashesWith(group, stickiness, st.Variants, ec)
	})
}

// hashesWith is hashesBeyondASCII of one list of variants.
func hashesWith(group, stickiness string, variants []eval.WeightedVariant, ec *eval.Context) bool {
	if len(variants) == 0 {
		return false
	}
	return beyondASCII(group) || beyondASCII(ec.Properties[cmp.Or(variants[0].Stickiness, stickiness)])
}

func beyondASCII(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

// networkOfIPv6 tells whether the flag may be on by a network of IPv6.
func networkOfIPv6(f *eval.Flag, ec *eval.Context) bool {
	return strings.Contains(ec.RemoteAddress, ":") && slices.ContainsFunc(f.Strategies, func(st eval.Strategy) bool {
		return st.Name == "remoteAddress" && strings.Contains(st.Parameters["IPs"], ":")
	})
}
