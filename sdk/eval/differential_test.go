//go:build differential

package eval

import (
	"math/rand/v2"
	"testing"

	"github.com/twmb/murmur3"
)

// pairs is how many inputs each comparison takes. `make fuzz-diff` runs them.
const pairs = 10_000_000

func TestHashDifferential(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range pairs {
		group, id, seed := randomText(r, anyByte, 20), randomText(r, anyByte, 40), r.Uint32()
		if got, want := newPrefix(group, seed).sum(id), murmur3.SeedStringSum32(seed, group+":"+id); got != want {
			t.Fatalf("hash of %q and %q with seed %d = %d, want %d", group, id, seed, got, want)
		}
	}
}

func TestVersionDifferential(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for range pairs {
		checkVersions(t, randomVersion(r), randomVersion(r))
	}
}

// randomVersion returns a version of few different parts, so that two are
// often close, and now and then one that is broken.
func randomVersion(r *rand.Rand) string {
	v := randomText(r, "0123", 2) + "." + randomText(r, "01", 2) + "." + randomText(r, "012", 2)
	if r.IntN(2) == 0 {
		v += "-" + randomText(r, "01ab.-", 6)
	}
	if r.IntN(4) == 0 {
		v += "+" + randomText(r, "0a.-", 3)
	}
	return v
}

// anyByte has every byte once.
var anyByte = func() string {
	var all [256]byte
	for i := range all {
		all[i] = byte(i)
	}
	return string(all[:])
}()

func randomText(r *rand.Rand, alphabet string, most int) string {
	out := make([]byte, r.IntN(most+1))
	for i := range out {
		out[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(out)
}
