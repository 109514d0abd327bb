package risk

import (
	"math/bits"
	"strconv"
	"strings"
)

// fraction is how many binary digits of a logarithm are kept behind the point.
const fraction = 24

// log2 returns the binary logarithm of n >= 1 in units of 1/2^24, rounded down,
// by repeated squaring (Knuth, TAOCP 1, 1.2.2, exercise 25): integers alone, so
// that every platform gives the same answer.
func log2(n int) int {
	whole := bits.Len(uint(n)) - 1 //nolint:gosec // n >= 1
	out := whole << fraction
	x := uint64(n) << (31 - whole) //nolint:gosec // below 2^32: n in [1, 2), with 31 digits
	for bit := 1 << (fraction - 1); bit > 0; bit >>= 1 {
		x = x * x >> 31
		if x >= 1<<32 {
			x >>= 1
			out |= bit
		}
	}
	return out
}

// floorLog2 returns the whole part of tenths/10 * log2(n).
func floorLog2(tenths, n int) int { return tenths * log2(n) / 10 >> fraction }

// count names a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

// size gives points for how much is changed, and over how many places.
func (c *change) size() {
	if c.lines == 0 {
		return
	}
	churn := min(20, floorLog2(26, 1+c.lines))
	if c.ui {
		churn = churn * 85 / 100
	}
	c.add(churn, "size.churn", count(c.lines, "effective line"))
	c.spread()

	removed, branches := 0, 0
	for _, f := range c.live {
		removed += len(f.del)
		branches += f.countAdded(branch) + f.countRemoved(branch)
	}
	if removed >= 20 && 5*removed > 3*c.lines {
		c.add(min(8, 2+floorLog2(10, removed/10)), "size.deletion", strconv.Itoa(removed)+" of "+count(c.lines, "line")+" removed")
	}
	if branches > 0 {
		c.add(min(8, 1+floorLog2(16, 1+branches)), "size.branches", count(branches, "branch line"))
	}
}

// spread gives points for files, subsystems, and how evenly the lines lie.
func (c *change) spread() {
	subsystems := map[string]bool{}
	for _, f := range c.live {
		subsystems[subsystem(f.path)] = true
	}
	files := len(c.live)
	points := min(4, floorLog2(10, files)) + min(4, len(subsystems)-1)
	if files >= 4 {
		points += c.entropy()
	}
	if points > 0 {
		c.add(min(9, points), "size.spread", count(files, "file")+", "+count(len(subsystems), "subsystem"))
	}
}

// entropy returns three times the normalised entropy of the lines over the files,
// rounded down (Hassan, ICSE 2009): 0 where they lie in one, 3 where each has as
// many.
func (c *change) entropy() int {
	sum := 0 // of lines*log2(lines)
	for _, f := range c.live {
		sum += f.effective * log2(f.effective)
	}
	whole := c.lines * log2(c.lines)
	of := c.lines * log2(len(c.live))
	// Logarithms are rounded down, each by less than a unit.
	return min(3, (3*(whole-sum)+3*c.lines)/of)
}

// subsystem returns the first two directories of a path.
func subsystem(path string) string {
	parts := strings.SplitN(path, "/", 3)
	if len(parts) < 3 {
		return parts[0]
	}
	return parts[0] + "/" + parts[1]
}

// countAdded returns how many effective lines of the new side match.
func (f *file) countAdded(p pattern) int { return countLines(f.add, p) }

// countRemoved returns how many effective lines of the old side match.
func (f *file) countRemoved(p pattern) int { return countLines(f.del, p) }

func countLines(lines []*line, p pattern) int {
	n := 0
	for _, l := range lines {
		if l.matches(p, l.blank) {
			n++
		}
	}
	return n
}
