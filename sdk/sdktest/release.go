package sdktest

import (
	"strconv"

	"github.com/lockflight/lockflight/sdk/eval"
)

// SetRelease makes a flag, or replaces it, behind which a release of the given
// id treats percent of the users, 0 to 100: they get the variant "treatment",
// and the flag is on for them. As many are in control, up to 50 %. A context
// without a user is in no arm.
func (c *Client) SetRelease(flag, release string, percent int) {
	c.t.Helper()
	c.Set(flag, eval.Flag{Enabled: true, Strategies: []eval.Strategy{{
		Name: "flexibleRollout",
		Parameters: eval.Parameters{
			"rollout": strconv.Itoa(percent), "stickiness": "userId", "groupId": release, "release": release,
		},
		Variants: []eval.WeightedVariant{{Name: eval.Treatment, Weight: 1000, Stickiness: "userId"}},
	}}})
}

// User returns a context of a user who is in an arm of the release that
// SetRelease started behind a flag. The nth user, from 0, is always the same.
func (c *Client) User(flag, arm string, nth int) *eval.Context {
	c.t.Helper()
	set, _ := eval.Compile(eval.Snapshot{Features: []eval.Flag{c.flags[flag]}})
	const enough = 100_000 // one in a hundred is in the smallest arm
	for i := range enough {
		ec := &eval.Context{UserID: "user-" + strconv.Itoa(i)}
		a, ok := set.Assign(flag, ec)
		if !ok {
			break
		}
		if a.Arm != arm {
			continue
		}
		if nth == 0 {
			return ec
		}
		nth--
	}
	c.t.Fatalf("sdktest: no such user is in %s of a release behind %s", arm, flag)
	return nil
}
