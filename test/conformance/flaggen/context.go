package flaggen

import (
	"fmt"
	"time"

	"github.com/lockflight/lockflight/sdk/eval"
)

// Environment is that of every context. Clients of the frontend API cannot name
// another than their token's.
const Environment = "development"

// What contexts hold. The lists are short, so that constraints often match.
var (
	users     = numbered("user-%d", 120)
	addresses = []string{"10.0.0.1", "10.1.2.3", "192.168.7.9", "203.0.113.77", "2001:db8::1", "2001:db8:1::42", "fd00::7"}
	regions   = []string{"eu-north", "eu-west", "us-east", "us-west", "ap-south", "São-Paulo"}
	plans     = []string{"free", "pro", "team", "enterprise"}
	ages      = []string{"17.5", "18", "21", "30", "42", "65", "-1", "1e2", "old"}
	versions  = []string{"1.0.0", "1.2.3", "1.10.0", "2.0.0-rc.1", "2.0.0", "2.0.0+build.7", "3.1.4", "v2.0.0", "1.2"}
	emails    = []string{"ann@example.com", "Bob@Example.com", "carol@shop.test", "dave+x@mail.example.com", "EVE@SHOP.TEST"}
)

// optional are the properties that some contexts lack.
var optional = []struct {
	name   string
	values []string
}{{"plan", plans}, {"age", ages}, {"version", versions}, {"email", emails}}

// epoch is about when contexts are; the constraints' dates are around it.
var epoch = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func numbered(format string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf(format, i)
	}
	return out
}

// context draws the i-th context. All of them have what a frontend server fills
// in where it is missing, and the region, by which variants may be chosen, so
// that no answer is left to chance. AppName is the client's to say.
func (g *generator) context(i int) eval.Context {
	c := eval.Context{
		SessionID: fmt.Sprintf("session-%d", i), RemoteAddress: pick(g, addresses), Environment: Environment,
		CurrentTime: epoch.Add(time.Duration(g.IntN(240)-120) * time.Hour), Properties: map[string]string{"region": pick(g, regions)},
	}
	if !g.chance(10) {
		c.UserID = pick(g, users)
	}
	for _, p := range optional {
		if !g.chance(8) {
			c.Properties[p.name] = pick(g, p.values)
		}
	}
	return c
}
