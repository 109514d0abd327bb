package support_test

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/gate"
)

// summary is how the releases of a cell went under one policy.
type summary struct {
	n                    int
	rolledBack, promoted float64 // shares; the rest is held
	rollback, promotion  median  // cases per arm at the verdict
}

func (c *cell) summary(policy int) summary {
	at := map[gate.Verdict][]int{}
	for _, ends := range c.ends {
		at[ends[policy].verdict] = append(at[ends[policy].verdict], ends[policy].cases)
	}
	n := len(c.ends)
	return summary{
		n: n, rolledBack: float64(len(at[gate.Rollback])) / float64(n), promoted: float64(len(at[gate.Promote])) / float64(n),
		rollback: medianOf(at[gate.Rollback]), promotion: medianOf(at[gate.Promote]),
	}
}

// median is that of a sample, with the standard error that its ranks give.
type median struct {
	value int
	se    float64
}

func medianOf(values []int) median {
	n := len(values)
	if n == 0 {
		return median{}
	}
	slices.Sort(values)
	spread := int(math.Sqrt(float64(n))+1) / 2
	return median{values[n/2], float64(values[min(n/2+spread, n-1)]-values[max(n/2-spread, 0)]) / 2}
}

func (m median) String() string {
	if m.se == 0 {
		return strconv.Itoa(m.value)
	}
	return fmt.Sprintf("%d ± %.0f", m.value, m.se)
}

// deviation is the standard error of a share of n.
func deviation(p float64, n int) float64 { return math.Sqrt(p * (1 - p) / float64(n)) }

// percent prints a share of n with its standard error.
func percent(share float64, n int) string {
	if share == 0 || share == 1 {
		return fmt.Sprintf("%.0f %%", 100*share)
	}
	return fmt.Sprintf("%.1f ± %.1f %%", 100*share, 100*deviation(share, n))
}

// caught prints how often a release was rolled back, and when.
func (s summary) caught() string {
	switch {
	case s.rolledBack == 0:
		return "·"
	case s.rolledBack >= 0.99:
		return fmt.Sprintf("**%s** @ %s", percent(s.rolledBack, s.n), s.rollback)
	}
	return fmt.Sprintf("%s @ %s", percent(s.rolledBack, s.n), s.rollback)
}

// missed prints how often a release went on, and when.
func (s summary) missed() string {
	if s.promoted == 0 {
		return "·"
	}
	return fmt.Sprintf("%s @ %s", percent(s.promoted, s.n), s.promotion)
}

const resultsHeading = "## Results\n"

// beforeResults returns what a page says before its results.
func beforeResults(page string) string {
	before, _, _ := strings.Cut(page, resultsHeading)
	return before
}

// tables are the results as Markdown.
func (x *experiment) tables(cells []cell) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nBy `make ablation` on %s, commit %s, %s %s/%s, %d CPUs, in %.0f s: seed %d, %d releases of each fault and strength, %d without a fault.\n",
		resultsHeading, time.Now().UTC().Format(time.DateOnly), *commit, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(),
		x.took.Seconds(), x.seed, x.releases, x.healthy)
	fmt.Fprintf(&b, "\n### Rolled back by one signal alone\n\n")
	x.table(&b, cells, " alone", summary.caught)
	fmt.Fprintf(&b, "\n### Promoted with one signal left out\n\n")
	x.table(&b, cells, "without ", summary.missed)
	fmt.Fprintf(&b, "\n### Faults that get by with one signal left out\n\n")
	x.needed(&b, cells)
	fmt.Fprintf(&b, "\n### No fault\n\n")
	x.healthyTable(&b, &cells[0])
	return b.String()
}

// table has a row for each fault and strength, and a column for all five
// signals and each policy whose name has mark.
func (x *experiment) table(b *strings.Builder, cells []cell, mark string, show func(summary) string) {
	columns := []int{0}
	header := []string{"fault", "strength", "all five"}
	for i, s := range x.policies {
		if strings.Contains(s.name, mark) {
			columns, header = append(columns, i), append(header, s.name)
		}
	}
	row(b, header)
	row(b, slices.Repeat([]string{"---"}, len(header)))
	for i := range cells {
		if cells[i].fault == "" {
			continue
		}
		line := []string{string(cells[i].fault), strconv.FormatFloat(cells[i].strength, 'g', -1, 64)}
		for _, c := range columns {
			line = append(line, show(cells[i].summary(c)))
		}
		row(b, line)
	}
}

// needed has a row for each signal: how many of the faults, at strengths of
// 0.3 or more, are then no longer rolled back, and how many mostly promoted.
func (x *experiment) needed(b *strings.Builder, cells []cell) {
	row(b, []string{"left out", "no longer rolled back", "promoted in most releases", "which"})
	row(b, slices.Repeat([]string{"---"}, 4))
	for i, s := range x.policies {
		if strings.HasSuffix(s.name, " alone") {
			continue
		}
		strong, lost, promoted := 0, 0, 0
		var which []string
		for j := range cells {
			c := &cells[j]
			if c.strength < 0.3 {
				continue
			}
			strong++
			got := c.summary(i)
			if got.rolledBack < 0.5 {
				lost++
				if name := string(c.fault); !slices.Contains(which, name) {
					which = append(which, name)
				}
			}
			if got.promoted > 0.5 {
				promoted++
			}
		}
		row(b, []string{strings.TrimPrefix(s.name, "without "), fmt.Sprintf("%d of %d", lost, strong), fmt.Sprintf("%d of %d", promoted, strong), strings.Join(which, ", ")})
	}
}

func (x *experiment) healthyTable(b *strings.Builder, c *cell) {
	row(b, []string{"signals", "rolled back", "promoted", "median cases per arm to PROMOTE"})
	row(b, slices.Repeat([]string{"---"}, 4))
	for i, s := range x.policies {
		got := c.summary(i)
		row(b, []string{s.name, percent(got.rolledBack, got.n), percent(got.promoted, got.n), got.promotion.String()})
	}
}

func row(b *strings.Builder, cells []string) {
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}
