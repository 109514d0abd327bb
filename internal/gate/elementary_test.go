package gate

import (
	"bytes"
	"math"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"testing"
)

func TestElementary(t *testing.T) {
	t.Parallel()
	for _, x := range []float64{1e-300, 1e-9, 0.05, 0.5, math.Sqrt2 / 2, 0.999999, 1, 1.000001, math.Sqrt2, 2, math.E, 10, 1e6, 1e300} {
		checkFigure(t, "ln", ln(x), math.Log(x), 4e-16*math.Max(math.Abs(math.Log(x)), 1e-3))
	}
	for _, x := range []float64{-0.999, -0.5, -1e-3, -1e-17, 0, 1e-300, 1e-12, 1e-3, 0.5, 3, 1e17} {
		checkFigure(t, "ln1p", ln1p(x), math.Log1p(x), 1e-15*math.Abs(math.Log1p(x)))
	}
	for _, x := range []float64{1e-9, 0.03, 0.5, 1, 1.5, 2, 3.25, 11.99, 12, 100.5, 1e4, 1e9} {
		want, _ := math.Lgamma(x)
		checkFigure(t, "lnGamma", lnGamma(x), want, 1e-14*math.Max(math.Abs(want), 1))
	}
	for _, tc := range []struct{ got, want float64 }{
		{ln(0), math.Inf(-1)},
		{ln(math.Inf(1)), math.Inf(1)},
		{ln1p(-1), math.Inf(-1)},
		{ln1p(math.Inf(1)), math.Inf(1)},
		{lnGamma(0), math.Inf(1)},
		{ln(math.SmallestNonzeroFloat64), -744.4400719213812}, // package math is wrong here on amd64
	} {
		if tc.got != tc.want {
			t.Errorf("got %v, want %v", tc.got, tc.want)
		}
	}
	if !math.IsNaN(ln(-1)) || !math.IsNaN(ln(math.NaN())) || !math.IsNaN(ln1p(-2)) {
		t.Error("the logarithm of what is negative is a number")
	}
}

// The bits of some figures, the same on every machine.
func TestElementaryBits(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		got  float64
		want uint64
	}{
		{"ln(.05)", ln(0.05), 0xc007f7427b73e391},
		{"ln1p(-.3)", ln1p(-0.3), 0xbfd6d3c324e13f4f},
		{"lnGamma(270.5)", lnGamma(270.5), 0x409369f889cb3b1d},
		{"logE", robbins.logE(120, 300, 0.8), 0x405bdf9de1403d1c},
		{"oneSided", asymptoticCS{500}.oneSided(620, 0.00875), 0x400b3404796405ee},
	} {
		if got := math.Float64bits(tc.got); got != tc.want {
			t.Errorf("%s = %#x (%v), want %#x", tc.name, got, tc.got, tc.want)
		}
	}
}

var (
	fused    = regexp.MustCompile(`\bFN?M(ADD|SUB)[SD]\b`)
	mathCall = regexp.MustCompile(`CALL\s+math\.(\w+)`)
)

// What the compiler makes of this package, and of the detector that raises
// alarms, for a processor that fuses: no multiplication is fused with an
// addition, and nothing of package math is called whose last bit depends on
// the processor.
func TestNothingIsFused(t *testing.T) {
	t.Parallel()
	for _, code := range []struct{ path, file string }{{".", ""}, {"./drift", "/detector.go:"}} {
		build := exec.Command("go", "build", "-gcflags=-S", "-o", os.DevNull, code.path)
		build.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0", "GOFLAGS=")
		listing, err := build.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, listing[max(0, len(listing)-2000):])
		}
		if !bytes.Contains(listing, []byte("FMULD")) {
			t.Fatal("no multiplication at all in the listing: this test sees nothing")
		}
		for line := range bytes.Lines(listing) {
			if bytes.Contains(line, []byte(code.file)) {
				checkExact(t, line)
			}
		}
	}
}

// checkExact checks one line of a listing.
func checkExact(t *testing.T, line []byte) {
	t.Helper()
	if fused.Match(line) {
		t.Errorf("fused: %s", line)
	}
	exact := []string{"Frexp", "frexp", "Ldexp", "ldexp", "Round", "Floor", "Ceil", "Trunc"}
	if m := mathCall.FindSubmatch(line); m != nil && !slices.Contains(exact, string(m[1])) {
		t.Errorf("the last bit depends on the processor: %s", line)
	}
}
