package risk

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// dependencies counts what happens to what a program depends on.
type dependencies struct {
	major, minor, fresh, gone, replaced, runtime int

	path  string // of the first that is worth naming
	place int
}

var semver = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`v?(\d+)\.(\d+)(?:\.(\d+))?`) })

// dependencies gives points for changed dependencies.
func (c *change) dependencies() {
	var d dependencies
	for _, f := range c.files {
		if f.class == Dep && f.effective > 0 {
			if d.path == "" {
				d.path = f.path
			}
			d.read(f)
		}
	}
	if d.path == "" {
		return
	}
	points := min(12, 4*d.major) + min(10, 4*d.fresh) + min(4, d.gone) + 12*min(1, d.replaced) + 4*min(1, d.runtime)
	if d.minor > 0 {
		points += min(6, 1+d.minor)
	}
	c.at(min(30, points), "ops.dependency", d.path, d.place, fmt.Sprintf(
		"%d major or 0.x, %d minor or patch, %d new, %d removed, %d replaced", d.major, d.minor, d.fresh, d.gone, d.replaced))
}

// read pairs the lines of both sides that are the same but for versions.
func (d *dependencies) read(f *file) {
	before := map[string][]string{}
	for _, l := range f.del {
		key := withoutVersions(l.text)
		before[key] = append(before[key], l.text)
	}
	for _, l := range f.add {
		if dependencyInfo.in(l.text) && !strings.HasSuffix(f.path, "pom.xml") && dependencyOwn.in(l.text) {
			continue
		}
		if strings.Contains(l.text, "// indirect") {
			continue
		}
		if strings.HasPrefix(l.text, "replace") || strings.Contains(l.text, "=>") {
			d.replaced++
			d.name(f, l)
		}
		key := withoutVersions(l.text)
		if old := before[key]; len(old) > 0 {
			before[key] = old[1:]
			if breaks(old[0], l.text) {
				d.major++
				d.name(f, l)
			} else {
				d.minor++
			}
		} else if semver().MatchString(l.text) || dependencyNew.in(l.text) {
			d.fresh++
			d.name(f, l)
		}
		if runtimeVersion.in(l.text) || strings.HasSuffix(f.path, ".node-version") || strings.HasSuffix(f.path, ".nvmrc") {
			d.runtime++
		}
	}
	for _, left := range before {
		d.gone += len(left)
	}
}

// name keeps the first line that is worth naming.
func (d *dependencies) name(f *file, l *line) {
	if d.place == 0 {
		d.path, d.place = f.path, l.place()
	}
}

// breaks reports whether the version may be incompatible: another major, or
// another minor below 1.0.
func breaks(old, now string) bool {
	a, b := semver().FindStringSubmatch(old), semver().FindStringSubmatch(now)
	if a == nil || b == nil {
		return false
	}
	number := func(digits string) string { return strings.TrimLeft(digits, "0") }
	return number(a[1]) != number(b[1]) || number(a[1]) == "" && number(a[2]) != number(b[2])
}

// withoutVersions returns a line with # for each version.
func withoutVersions(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); {
		n := 0
		if digit(s, i) && i > 0 && (isSpace(s[i-1]) || strings.IndexByte("\"':=@^~<>v", s[i-1]) >= 0) {
			n = 1
		} else if at := i; digit(s, at) || s[at] == 'v' && digit(s, at+1) {
			n = dottedPrefix(s[i:])
		}
		if n == 0 {
			out.WriteByte(s[i])
			i++
			continue
		}
		for i += n; i < len(s) && (isWord(s[i]) || strings.IndexByte(".+-", s[i]) >= 0); i++ {
		}
		out.WriteByte('#')
	}
	return out.String()
}

func digit(s string, i int) bool { return i < len(s) && s[i] >= '0' && s[i] <= '9' }

// dottedPrefix returns the length of a prefix such as v1.2, or 0.
func dottedPrefix(s string) int {
	i := 0
	if s[0] == 'v' {
		i++
	}
	for digit(s, i) {
		i++
	}
	if i < len(s) && s[i] == '.' && digit(s, i+1) {
		return i + 2
	}
	return 0
}
