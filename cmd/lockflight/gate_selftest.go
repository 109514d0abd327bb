package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/gate/expr"
)

type gateSelftestCmd struct {
	format
	Policy string `required:"" help:"A GatePolicy, YAML or JSON, or the name of a built-in one."`
}

// Run proves that the policy blocks builds that are known to be bad. Exit code
// 1 where it does not.
func (c *gateSelftestCmd) Run(s streams) error {
	policy, err := loadPolicy(c.Policy)
	if err != nil {
		return err
	}
	rules, err := expr.Compile(policy)
	if err != nil {
		return fmt.Errorf("%s: POLICY_INVALID: %w", c.Policy, err)
	}
	result, err := rules.SelfTest(policy)
	if err != nil {
		return fmt.Errorf("%s: POLICY_INVALID: %w", c.Policy, err)
	}
	if c.Output == "json" {
		err = printJSON(s.out, result)
	} else {
		err = printSelfTest(s.out, &result)
	}
	if err == nil && !result.Blocks {
		return exitError(1)
	}
	return err
}

// printSelfTest writes a table, and below it what the policy lets through.
func printSelfTest(out io.Writer, result *gate.SelfTest) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "BUILD\tBLOCKED\tVERDICT\tCASES PER ARM\tREASON")
	for _, t := range result.Trials {
		blocked := "no"
		switch {
		case t.Fault == gate.FaultNone:
			blocked = "-"
		case t.Blocked:
			blocked = "yes"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", t, blocked, t.Verdict, t.N, t.Reason)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if result.Blocks {
		fmt.Fprintf(out, "%s blocks all %d bad builds\n", result.Policy.Name, len(result.Trials)-1)
		return nil
	}
	var failed []string
	for _, t := range result.Failed() {
		failed = append(failed, t.String())
	}
	if len(failed) == 0 {
		failed = []string{"everything: it has goals alone"}
	}
	fmt.Fprintf(out, "%s CANNOT BLOCK: it lets through %s\n", result.Policy.Name, strings.Join(failed, "; "))
	return nil
}
