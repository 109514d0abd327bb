package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/lockflight/lockflight/internal/policy"
)

// policyCmd is the commands on access policies: who may do what.
type policyCmd struct {
	Test     policyTestCmd     `cmd:"" help:"Hold an access policy to a table of decisions."`
	Simulate policySimulateCmd `cmd:"" help:"Name the changes of the past that another access policy would have decided otherwise."`
}

type policyTestCmd struct {
	File string `arg:"" type:"existingfile" help:"The table: policy, its file; cases, each with name, given and want."`
}

// Run prints every case that the policy decides otherwise, and ends with 1
// where there is one.
func (c *policyTestCmd) Run(s streams) error {
	raw, err := os.ReadFile(c.File)
	if err != nil {
		return fmt.Errorf("reading the table: %w", err)
	}
	table, err := policy.ParseTable(c.File, raw)
	if err != nil {
		return err
	}
	pol, err := policy.Default()
	if table.Policy != "" {
		file := table.Policy
		if !filepath.IsAbs(file) {
			file = filepath.Join(filepath.Dir(c.File), file)
		}
		pol, err = readPolicy(file)
	}
	if err != nil {
		return err
	}
	failed := 0
	for _, one := range table.Cases {
		if fault := one.Fault(one.Decide(pol)); fault != "" {
			failed++
			fmt.Fprintf(s.out, "FAIL  %s: %s\n", one.Name, fault)
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d cases are decided otherwise", failed, len(table.Cases))
	}
	fmt.Fprintf(s.out, "ok  %d cases\n", len(table.Cases))
	return nil
}

type policySimulateCmd struct {
	remote
	format
	Policy string `required:"" type:"existingfile" help:"File of the access policy to try."`
	Since  string `default:"30d" help:"How far back: 30d, 12h."`
}

// Run prints what would have been decided otherwise.
func (c *policySimulateCmd) Run(ctx context.Context, s streams) error {
	back, err := backwards(c.Since)
	if err != nil {
		return usageError{fmt.Errorf("--since: %w", err)}
	}
	if _, err := readPolicy(c.Policy); err != nil {
		return err
	}
	raw, err := os.ReadFile(c.Policy)
	if err != nil {
		return fmt.Errorf("reading the policy: %w", err)
	}
	var answer json.RawMessage
	in := map[string]any{"policy": string(raw), "since": time.Now().Add(-back)}
	if err := c.call(ctx, http.MethodPost, "/api/v1/policy/simulate", in, &answer); err != nil {
		return err
	}
	if c.Output == "json" {
		return printJSON(s.out, answer)
	}
	var out struct {
		Changes int `json:"changes"`
		Differs []struct {
			Seq    int64     `json:"seq"`
			At     time.Time `json:"at"`
			Event  string    `json:"event"`
			Key    string    `json:"key"`
			Actor  string    `json:"actor"`
			Effect string    `json:"effect"`
			Was    string    `json:"was"`
			Is     string    `json:"is"`
			Rule   string    `json:"rule"`
		} `json:"differs"`
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		return fmt.Errorf("reading the simulation: %w", err)
	}
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	if len(out.Differs) > 0 {
		fmt.Fprintln(w, "RECORD\tAT\tEVENT\tOF\tBY\tEXPOSURE\tWAS\tWOULD BE\tBY RULE")
	}
	for _, d := range out.Differs {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", d.Seq, d.At.Format(time.RFC3339), d.Event, d.Key, d.Actor, d.Effect, d.Was, d.Is, d.Rule)
	}
	fmt.Fprintf(w, "%d of %d changes would be decided otherwise\n", len(out.Differs), out.Changes)
	return w.Flush()
}

// backwards reads a span of time, in days too.
func backwards(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 1 || n > 10_000 {
			return 0, fmt.Errorf("%q is no number of days", text)
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	d, err := time.ParseDuration(text)
	if err == nil && d <= 0 {
		err = errors.New("must be longer than nothing")
	}
	return d, err
}
