package eval_test

import (
	"math"
	"testing"

	"github.com/twmb/murmur3"
	"pgregory.net/rapid"

	"github.com/lockflight/lockflight/sdk/eval"
)

// The numbers are of Unleash's client specification and of murmur3's
// reference implementation.
func TestNormalizedHash(t *testing.T) {
	t.Parallel()
	const variantSeed = 86028157
	for _, tc := range []struct {
		group, id     string
		modulus, seed uint32
		want          uint32
	}{
		{"gr1", "123", 100, 0, 73},
		{"groupX", "999", 100, 0, 25},
		{"gr1", "123", 100, variantSeed, 96},
		{"gr1", "123", 1000, variantSeed, 796},
		{"groupX", "999", 100, variantSeed, 60},
		{"groupX", "999", 1000, variantSeed, 260},
		{"ü-flag", "user-1", 100, 0, 34},
		{"ü-flag", "user-1", 1000, variantSeed, 220},
		{"", "a", 100, 0, 99},
		{"", "a", 1000, variantSeed, 169},
		{"gr1", "123", math.MaxUint32, 0, 538421172 + 1},
		{"gr1", "123", 1, 0, 1},
		{"gr1", "123", 0, 0, 0},
	} {
		if got := eval.NormalizedHash(tc.group, tc.id, tc.modulus, tc.seed); got != tc.want {
			t.Errorf("NormalizedHash(%q, %q, %d, %d) = %d, want %d", tc.group, tc.id, tc.modulus, tc.seed, got, tc.want)
		}
	}
}

// Any length of the group meets any length of the id, so that every number of
// carried bytes and every tail is hashed.
func TestNormalizedHashIsMurmur3(t *testing.T) {
	text := rapid.StringOfN(rapid.Rune(), 0, 40, -1)
	rapid.Check(t, func(t *rapid.T) {
		group, id := text.Draw(t, "group"), text.Draw(t, "id")
		seed, modulus := rapid.Uint32().Draw(t, "seed"), rapid.Uint32Min(1).Draw(t, "modulus")
		want := murmur3.SeedStringSum32(seed, group+":"+id)%modulus + 1
		if got := eval.NormalizedHash(group, id, modulus, seed); got != want {
			t.Fatalf("NormalizedHash(%q, %q, %d, %d) = %d, want %d", group, id, modulus, seed, got, want)
		}
	})
}

func FuzzNormalizedHash(f *testing.F) {
	f.Add("gr1", "123", uint32(0))
	f.Add("", "", uint32(86028157))
	f.Fuzz(func(t *testing.T, group, id string, seed uint32) {
		const modulus = math.MaxUint32
		want := murmur3.SeedStringSum32(seed, group+":"+id)%modulus + 1
		if got := eval.NormalizedHash(group, id, modulus, seed); got != want {
			t.Fatalf("NormalizedHash(%q, %q, %d, %d) = %d, want %d", group, id, uint32(modulus), seed, got, want)
		}
	})
}
