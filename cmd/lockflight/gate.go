package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/gate/expr"
)

// gateCmd is the gate without a server: pure decisions over given evidence.
type gateCmd struct {
	Decide   gateDecideCmd   `cmd:"" help:"Decide each line of standard input (NDJSON)."`
	Replay   gateReplayCmd   `cmd:"" help:"Run the gate over recorded evidence, or recompute a stored verdict."`
	Selftest gateSelftestCmd `cmd:"" help:"Prove that a policy blocks builds that are known to be bad."`
}

type gateDecideCmd struct{}

// Run answers {name, policy, snapshot, state} or {name, build} a line with
// {name, verdict, reason, signals}. A line that is not JSON is answered with a
// HOLD like any other evidence that cannot be read, and fails the command
// once all are answered.
func (c *gateDecideCmd) Run(s streams) error {
	out := bufio.NewWriter(s.out)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	in := lineReader{r: bufio.NewReader(s.in)}
	var faults []error
	for line := range in.lines() {
		if len(strings.TrimSpace(string(line))) == 0 {
			continue
		}
		reply, err := gate.Compile(expr.Compile).Answer(line)
		if err != nil {
			faults = append(faults, fmt.Errorf("line %d: %w", in.n, err))
		}
		if err := enc.Encode(reply); err != nil {
			return fmt.Errorf("writing the decision of line %d: %w", in.n, err)
		}
		if in.r.Buffered() == 0 { // whoever writes the lines one by one waits for this one
			if err := out.Flush(); err != nil {
				return fmt.Errorf("writing decisions: %w", err)
			}
		}
	}
	if err := errors.Join(in.err, out.Flush()); err != nil {
		return err
	}
	if len(faults) > 0 {
		return fmt.Errorf("%d lines are not questions, the first: %w\nhint: a line is {name, policy, snapshot, state} or {name, build}", len(faults), faults[0])
	}
	return nil
}

type gateReplayCmd struct {
	remote
	format
	Verdict  string        `arg:"" optional:"" help:"The id of a stored verdict."`
	Policy   string        `help:"A GatePolicy, YAML or JSON, or the name of a built-in one."`
	Evidence string        `help:"Observations, NDJSON; - for standard input."`
	Every    time.Duration `default:"60s" help:"The time between two evaluations."`
}

// Run replays a file or a stored verdict.
func (c *gateReplayCmd) Run(ctx context.Context, s streams) error {
	switch {
	case c.Verdict != "" && c.Policy == "" && c.Evidence == "":
		return c.replayStored(ctx, s, c.Verdict)
	case c.Verdict == "" && c.Policy != "" && c.Evidence != "":
		return c.replayFile(s)
	}
	return usageError{errors.New("want a verdict's id, or --policy and --evidence\nhint: lockflight gate replay --policy agent-default --evidence FILE.ndjson")}
}

// replayFile prints one line for each evaluation whose verdict or reason
// changed, and one for the end.
func (c *gateReplayCmd) replayFile(s streams) error {
	policy, err := loadPolicy(c.Policy)
	if err != nil {
		return err
	}
	rules, err := expr.Compile(policy)
	if err != nil {
		return fmt.Errorf("%s: POLICY_INVALID: %w", c.Policy, err)
	}
	from := s.in
	if c.Evidence != "-" {
		f, err := os.Open(c.Evidence)
		if err != nil {
			return fmt.Errorf("opening the evidence: %w\nhint: --evidence names a file of observations, one a line", err)
		}
		defer f.Close()
		from = f
	}
	out := bufio.NewWriter(s.out)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	in := lineReader{r: bufio.NewReader(from)}
	summary, err := rules.Replay(policy, in.lines(), c.Every, func(t gate.Transition) error { return enc.Encode(t) })
	if err := errors.Join(in.err, err); err != nil {
		return errors.Join(fmt.Errorf("replaying %s: %w", c.Evidence, err), out.Flush())
	}
	return errors.Join(enc.Encode(summary), out.Flush())
}

// loadPolicy reads a policy from a file, or takes a built-in one by name.
func loadPolicy(name string) (gate.Policy, error) {
	if p, ok := gate.Profile(name); ok {
		return p, nil
	}
	doc, err := readDocument(name)
	if errors.Is(err, os.ErrNotExist) {
		return gate.Policy{}, fmt.Errorf("no policy %s\nhint: --policy is a file, or one of %s", name, strings.Join(gate.Profiles(), ", "))
	}
	if err != nil {
		return gate.Policy{}, err
	}
	p, err := gate.ParsePolicy(doc)
	if err != nil {
		return gate.Policy{}, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// loadPlan reads a plan from a file. What is no file, and does not look like
// one, is a name, which the server knows.
func loadPlan(name string) (json.RawMessage, error) {
	if _, ok := gate.Profile(name); ok {
		return json.Marshal(name)
	}
	doc, err := readDocument(name)
	if !errors.Is(err, os.ErrNotExist) {
		return doc, err
	}
	if filepath.Ext(name) != "" || filepath.Base(name) != name {
		return nil, usageError{fmt.Errorf("--plan: no file %s\nhint: --plan is a file, the name of a plan (lockflight plan list), or one of %s", name, strings.Join(gate.Profiles(), ", "))}
	}
	return json.Marshal(name)
}

// lineReader reads lines of any length.
type lineReader struct {
	r   *bufio.Reader
	n   int   // lines read
	err error // what ended the lines, besides their end
}

// lines yields each line; the bytes are the caller's to keep.
func (l *lineReader) lines() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for {
			line, err := l.r.ReadBytes('\n')
			if len(line) > 0 {
				l.n++
				if !yield(line) {
					return
				}
			}
			if err != nil {
				if !errors.Is(err, io.EOF) {
					l.err = fmt.Errorf("reading line %d: %w", l.n+1, err)
				}
				return
			}
		}
	}
}
