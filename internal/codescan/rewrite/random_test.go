package rewrite_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// randomSource returns a package of functions that nest checks of two flags at
// random, and print all they do.
func randomSource(r *rand.Rand) []byte {
	const functions = 40
	var b strings.Builder
	b.WriteString(`package random

import (
	"fmt"

	"github.com/lockflight/lockflight/sdk"
)

func say(what string, on bool) bool {
	fmt.Println(what, on)
	return on
}

func helper(c *sdk.Client) bool { return !c.Bool("x-flag", nil, false) }

// Run calls each.
func Run(c *sdk.Client) {
	for n := range 3 {
`)
	for i := range functions {
		fmt.Fprintf(&b, "\t\tfmt.Println(f%d(c, n))\n", i)
	}
	b.WriteString("\t}\n}\n")
	for i := range functions {
		g := generator{Rand: r}
		fmt.Fprintf(&b, "\nfunc f%d(c *sdk.Client, n int) string {\n", i)
		g.block(1, 4)
		fmt.Fprintf(&b, "%s\tif n == -1 {\n\t\treturn fmt.Sprint(c)\n\t}\n\treturn \"end\"\n}\n", g.out.String())
	}
	return []byte(b.String())
}

// generator writes the body of one function.
type generator struct {
	*rand.Rand
	out   strings.Builder
	count int
	vars  []string
}

func (g *generator) line(depth int, format string, args ...any) {
	fmt.Fprintf(&g.out, "%s%s\n", strings.Repeat("\t", depth), fmt.Sprintf(format, args...))
}

func (g *generator) label() string {
	g.count++
	return fmt.Sprintf("%q", fmt.Sprint("s", g.count))
}

// condition is an expression of a few checks, comparisons and effects.
func (g *generator) condition(depth int) string {
	if depth > 0 && g.IntN(2) == 0 {
		op := []string{"&&", "||"}[g.IntN(2)]
		return fmt.Sprintf("(%s %s %s)", g.condition(depth-1), op, g.condition(depth-1))
	}
	switch g.IntN(9) {
	case 0, 1, 2:
		return `c.Bool("x-flag", nil, false)`
	case 3:
		return `!c.Bool("x-flag", nil, false)`
	case 4:
		return `c.Bool("y-flag", nil, true)`
	case 5:
		return fmt.Sprintf("say(%s, %v)", g.label(), g.IntN(2) == 0)
	case 6:
		return "helper(c)"
	case 7:
		if len(g.vars) > 0 {
			return g.vars[g.IntN(len(g.vars))]
		}
	}
	return fmt.Sprintf("n > %d", g.IntN(3))
}

func (g *generator) block(depth, budget int) {
	vars := g.vars
	for range 1 + g.IntN(3) {
		g.statement(depth, budget-1)
	}
	g.vars = vars
}

func (g *generator) statement(depth, budget int) {
	if budget <= 0 {
		g.line(depth, "fmt.Println(%s)", g.label())
		return
	}
	switch g.IntN(8) {
	case 0, 1, 2:
		g.line(depth, "if %s {", g.condition(2))
		g.block(depth+1, budget)
		for g.IntN(3) == 0 {
			g.line(depth, "} else if %s {", g.condition(1))
			g.block(depth+1, budget)
		}
		if g.IntN(2) == 0 {
			g.line(depth, "} else {")
			g.block(depth+1, budget)
		}
		g.line(depth, "}")
	case 3:
		g.line(depth, "if %s {", g.condition(1))
		g.line(depth+1, "return %s", g.label())
		g.line(depth, "}")
	case 4:
		g.count++
		name := fmt.Sprint("v", g.count)
		g.line(depth, "%s := %s", name, g.condition(1))
		g.line(depth, "fmt.Println(%s)", name)
		g.vars = append(slices.Clip(g.vars), name)
	case 5:
		g.line(depth, "switch {")
		for range 1 + g.IntN(3) {
			g.line(depth, "case %s:", g.condition(1))
			g.block(depth+1, budget)
		}
		if g.IntN(2) == 0 {
			g.line(depth, "default:")
			g.block(depth+1, budget)
		}
		g.line(depth, "}")
	case 6:
		g.line(depth, "for range 2 {")
		g.line(depth+1, "if %s {", g.condition(1))
		g.line(depth+2, "%s", []string{"break", "continue"}[g.IntN(2)])
		g.line(depth+1, "}")
		g.block(depth+1, budget)
		g.line(depth, "}")
	case 7:
		g.line(depth, "fmt.Println(%s)", g.condition(2))
	}
}
