package eval

import (
	"cmp"
	"math"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Masterminds/semver/v3"
	"pgregory.net/rapid"
)

func TestParseVersion(t *testing.T) {
	t.Parallel()
	valid := []string{
		"0.0.0", "1.2.3", "1.2.3-alpha", "1.2.3-0", "1.2.3-0a.-", "1.2.3+build.01", "1.2.3-a+b-c",
		"18446744073709551615.0.0", "1.0.0-99999999999999999999999",
	}
	invalid := []string{
		"", "1", "1.2", "1.2.", "1.2.3.4", "v1.2.3", "01.2.3", "1.2.3-", "1.2.3+", "1.2.3-01", "1.2.3-a..b",
		"1.2.3-ü", "1.2.3 ", " 1.2.3", "1.2.x", "1.2.3-a_b", "18446744073709551616.0.0", "1.2.3-+b", "1.2.3++", "1.2.3a",
	}
	for _, s := range valid {
		if _, ok := parseVersion(s); !ok {
			t.Errorf("parseVersion(%q) is not ok", s)
		}
	}
	for _, s := range invalid {
		if v, ok := parseVersion(s); ok {
			t.Errorf("parseVersion(%q) = %v, want none", s, v)
		}
	}
}

// The order of semver.org, item 11, with numbers that no machine word holds.
func TestCompareVersions(t *testing.T) {
	t.Parallel()
	ascending := []string{
		"0.9.9", "1.0.0-1", "1.0.0-99999999999999999999999", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
		"1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "2.0.0",
	}
	for i, a := range ascending {
		for j, b := range ascending {
			x, _ := parseVersion(a)
			y, _ := parseVersion(b + "+build")
			if got, want := compareVersions(&x, &y), cmp.Compare(i, j); got != want {
				t.Errorf("compareVersions(%s, %s+build) = %d, want %d", a, b, got, want)
			}
		}
	}
}

func FuzzVersion(f *testing.F) {
	f.Add("1.2.3-alpha.1+b", "1.2.3-alpha.beta")
	f.Add("1.0.0", "1.0.0-0")
	f.Fuzz(checkVersions)
}

func TestVersionsAgainstPeer(t *testing.T) {
	part := rapid.StringMatching(`(0|[1-9][0-9]{0,2})\.(0|[1-9])\.(0|[1-9])(-[0-9a-b-]{1,3}(\.[0-9a-b-]{0,3}){0,2})?(\+[0-9a-]{0,2})?`)
	rapid.Check(t, func(rt *rapid.T) {
		checkVersions(t, part.Draw(rt, "a"), part.Draw(rt, "b"))
	})
}

// checkVersions compares with Masterminds/semver, which reads identifiers up
// to a machine word only.
func checkVersions(t *testing.T, a, b string) {
	if len(a) > 40 || len(b) > 40 || longNumber.MatchString(a+" "+b) {
		return
	}
	x, okX := parseVersion(a)
	y, okY := parseVersion(b)
	wantX, errX := semver.StrictNewVersion(a)
	wantY, errY := semver.StrictNewVersion(b)
	if okX != (errX == nil) || okY != (errY == nil) {
		t.Fatalf("parse %q, %q: ok = %v, %v; want %v, %v", a, b, okX, okY, errX, errY)
	}
	if okX && okY && compareVersions(&x, &y) != wantX.Compare(wantY) {
		t.Fatalf("compareVersions(%s, %s) = %d, want %d", a, b, compareVersions(&x, &y), wantX.Compare(wantY))
	}
}

var longNumber = regexp.MustCompile(`[0-9]{19}`)

func TestParseInstant(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in   string
		want string // RFC 3339 in UTC; empty for none
	}{
		{"2022-01-29T13:00:00.000Z", "2022-01-29T13:00:00Z"},
		{"2022-01-22T13:00:00.000+02:00", "2022-01-22T11:00:00Z"},
		{"2022-01-22t13:00:00z", "2022-01-22T13:00:00Z"},
		{"2022-01-22 13:00:00-00:30", "2022-01-22T13:30:00Z"},
		{"2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"},
		{"2024-02-29T00:00:00.1234567891Z", "2024-02-29T00:00:00.123456789Z"},
		{"1900-03-01T00:00:00Z", "1900-03-01T00:00:00Z"},
		{"0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"},
		{"9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"},
		{"2023-02-29T00:00:00Z", ""},
		{"1900-02-29T00:00:00Z", ""},
		{"2023-04-31T00:00:00Z", ""},
		{"2023-13-01T00:00:00Z", ""},
		{"2023-00-01T00:00:00Z", ""},
		{"2023-01-00T00:00:00Z", ""},
		{"2023-01-01T24:00:00Z", ""},
		{"2023-01-01T00:60:00Z", ""},
		{"2023-01-01T00:00:61Z", ""},
		{"2023-01-01T00:00:00", ""},
		{"2023-01-01T00:00:00.Z", ""},
		{"2023-01-01T00:00:00,5Z", ""},
		{"2023-01-01T00:00:00+0200", ""},
		{"2023-01-01T00:00:00+24:00", ""},
		{"2023-01-01T00:00:00+00:60", ""},
		{"2023-01-01", ""},
		{"", ""},
		{"2023-1-01T00:00:00Z", ""},
		{"2023_01-01T00:00:00Z", ""},
		{"2023-01-01T00:00:00ZZ", ""},
		{"2023-01-01T00:00:00.5", ""},
		{"20x3-01-01T00:00:00Z", ""},
	} {
		got, ok := parseInstant(tc.in)
		if ok != (tc.want != "") {
			t.Errorf("parseInstant(%q) ok = %v, want %v", tc.in, ok, tc.want != "")
		}
		if shown := time.Unix(got.seconds, int64(got.nanoseconds)).UTC().Format(time.RFC3339Nano); ok && shown != tc.want {
			t.Errorf("parseInstant(%q) = %s, want %s", tc.in, shown, tc.want)
		}
	}
}

func TestParseInstantReadsEveryTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seconds := rapid.Int64Range(-62_167_219_200+86400, 253_402_300_799-86400).Draw(t, "seconds")
		offset := rapid.IntRange(-23*60, 23*60).Draw(t, "offset") * 60
		want := time.Unix(seconds, rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds"))
		text := want.In(time.FixedZone("", offset)).Format(time.RFC3339Nano)
		if got, ok := parseInstant(text); !ok || got != instantOf(want) {
			t.Fatalf("parseInstant(%q) = %v, %v, want %v", text, got, ok, instantOf(want))
		}
	})
}

func FuzzInstant(f *testing.F) {
	f.Add("2022-01-22T13:00:00.000+02:00")
	f.Add("2016-12-31 23:59:60z")
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseInstant(s)
		if !ok || s[17:19] == "60" {
			return
		}
		want, err := time.Parse(time.RFC3339, s[:10]+"T"+strings.ToUpper(s[11:]))
		if err != nil || got != instantOf(want) {
			t.Fatalf("parseInstant(%q) = %v, time.Parse = %v, %v", s, got, want, err)
		}
	})
}

func TestParseNumber(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in   string
		want float64
		ok   bool
	}{
		{"12", 12, true},
		{"12.0", 12, true},
		{"-.5", -.5, true},
		{"5.", 5, true},
		{"+1e-3", .001, true},
		{"1E5", 1e5, true},
		{"1e999", math.Inf(1), true},
		{"-1e999", math.Inf(-1), true},
		{"inf", math.Inf(1), true},
		{"-Infinity", math.Inf(-1), true},
		{"", 0, false},
		{".", 0, false},
		{"-", 0, false},
		{"1e", 0, false},
		{"1e+", 0, false},
		{"0x10", 0, false},
		{"1_000", 0, false},
		{"1,5", 0, false},
		{" 1", 0, false},
		{"1 ", 0, false},
		{"NaN", 0, false},
		{"12a", 0, false},
	} {
		if got, ok := parseNumber(tc.in); got != tc.want || ok != tc.ok {
			t.Errorf("parseNumber(%q) = %v, %v, want %v, %v", tc.in, got, ok, tc.want, tc.ok)
		}
	}
}

func FuzzNumber(f *testing.F) {
	f.Add("-12.5e-3")
	f.Add("0x1p-2")
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseNumber(s)
		want, err := strconv.ParseFloat(s, 64)
		goOnly := strings.ContainsAny(s, "xX_") || math.IsNaN(want)
		if ok && got != want || !ok && err == nil && !goOnly {
			t.Fatalf("parseNumber(%q) = %v, %v; strconv: %v, %v", s, got, ok, want, err)
		}
	})
}

func TestParseAddress(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"127.0.0.1", "255.255.255.255", "::", "::1", "1::", "2001:db8::1", "2001:DB8:0:1:2:3:4:5", "::ffff:1.2.3.4",
		"1:2:3:4:5:6:1.2.3.4", "1::6:1.2.3.4", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8",
		"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", "192.invalid", "1.2.3.4:80", ":", ":::", "1:::2",
		"1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::1::", "12345::", "g::", "1:2:3:4:5:6:7:1.2.3.4", "1:", ":1", "::1.2.3",
		"1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1:2:3:4::5:6:7:8", "::.1.2.3", "::1.2.3.4:5",
	} {
		checkAddress(t, s)
	}
}

func FuzzAddress(f *testing.F) {
	f.Add("2001:db8::1.2.3.4")
	f.Add("1.2.3.4")
	f.Fuzz(func(t *testing.T, s string) { checkAddress(t, s) })
}

func checkAddress(t *testing.T, s string) {
	if strings.Contains(s, "%") {
		return // a zone: netip keeps it, a context has none
	}
	got, ok := parseAddress(s)
	want, err := netip.ParseAddr(s)
	if ok != (err == nil) || ok && got != want {
		t.Errorf("parseAddress(%q) = %v, %v; netip: %v, %v", s, got, ok, want, err)
	}
}

func TestAddressSetIsItsNetworks(t *testing.T) {
	network := rapid.Custom(func(t *rapid.T) string {
		a := rapid.SampledFrom([]string{"10.0.0.", "10.0.1.", "255.255.255.", "2001:db8::", "::"}).Draw(t, "network")
		a += strconv.Itoa(rapid.IntRange(0, 255).Draw(t, "host"))
		if bits := rapid.IntRange(-1, 32).Draw(t, "bits"); bits >= 0 {
			a += "/" + strconv.Itoa(bits)
		}
		return a
	})
	rapid.Check(t, func(t *rapid.T) {
		entries := rapid.SliceOfN(network, 0, 6).Draw(t, "entries")
		address, _, _ := strings.Cut(network.Draw(t, "address"), "/")
		a := netip.MustParseAddr(address)
		want := false
		for _, e := range entries {
			if n, err := netip.ParsePrefix(e); err == nil {
				want = want || n.Contains(a)
			} else {
				want = want || netip.MustParseAddr(e) == a
			}
		}
		if got := newAddressSet(entries).contains(a); got != want {
			t.Fatalf("%v contains %v = %v, want %v", entries, a, got, want)
		}
	})
}

// A string that keeps its length in runes when it is lower-cased, compared
// without building the lower case, gives what package strings gives with it.
func TestFold(t *testing.T) {
	text := rapid.StringOfN(rapid.SampledFrom([]rune("aAbBüÜéɐⱯ日\u0130")), 0, 6, -1)
	rapid.Check(t, func(t *rapid.T) {
		s, lower := text.Draw(t, "s"), strings.ToLower(text.Draw(t, "affix"))
		if got, want := hasPrefixFold(s, lower), strings.HasPrefix(strings.ToLower(s), lower); got != want {
			t.Fatalf("hasPrefixFold(%q, %q) = %v", s, lower, got)
		}
		if got, want := hasSuffixFold(s, lower), strings.HasSuffix(strings.ToLower(s), lower); got != want {
			t.Fatalf("hasSuffixFold(%q, %q) = %v", s, lower, got)
		}
		if got, want := containsFold(s, lower), strings.Contains(strings.ToLower(s), lower); got != want {
			t.Fatalf("containsFold(%q, %q) = %v", s, lower, got)
		}
	})
}
