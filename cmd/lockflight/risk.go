package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/lockflight/lockflight/internal/codescan/risk"
)

type riskCmd struct {
	format
	Diff string `arg:"" optional:"" help:"A unified diff, or - for standard input. Without one: what git diff says of the working tree."`
	Base string `help:"The revision that the working tree is compared with, where no diff is given." default:"HEAD"`
	Repo string `help:"The repository that the diff is for: who calls what it changes, and its history, count too." type:"existingdir"`
	All  bool   `help:"Print all reasons, not only the weightiest."`
}

// Run scores a change and says what to do with it. The exit code says that it
// was scored, and nothing of how.
func (c *riskCmd) Run(ctx context.Context, s streams) error {
	diff, err := c.read(ctx, s.in)
	if err != nil {
		return err
	}
	request := risk.Request{Diff: diff}
	if c.Repo != "" {
		if request.Repository, err = repositoryOf(ctx, c.Repo, diff); err != nil {
			return err
		}
	}
	result, err := risk.Evaluate(request)
	if err != nil {
		return fmt.Errorf("%w\nhint: git diff main... | lockflight risk -", err)
	}
	if c.Output == "json" {
		return printJSON(s.out, result)
	}
	c.print(s.out, &result)
	return nil
}

// read returns the diff: a file's, standard input's, or git's.
func (c *riskCmd) read(ctx context.Context, in io.Reader) (string, error) {
	var raw []byte
	var err error
	switch c.Diff {
	case "":
		args := []string{"diff", "--no-color", "--no-ext-diff", "--find-renames", "--src-prefix=a/", "--dst-prefix=b/"}
		dir := "."
		if c.Repo != "" { // its paths are those of the files in it
			dir, args = c.Repo, append(args, "--relative")
		}
		return git(ctx, dir, append(args, "--end-of-options", c.Base, "--")...)
	case "-":
		raw, err = io.ReadAll(in)
	default:
		raw, err = os.ReadFile(c.Diff)
	}
	if err != nil {
		return "", fmt.Errorf("reading the diff: %w", err)
	}
	return string(raw), nil
}

// bandColors are what a terminal shows the bands in: green, yellow, red.
var bandColors = map[risk.Band]string{risk.Low: "32", risk.Medium: "33", risk.High: "31"}

// riskActions is what recommendations are called.
var riskActions = map[risk.Action]string{
	risk.None:        "no flag needed",
	risk.UseExisting: "behind a flag already",
	risk.Flag:        "put it behind a flag",
	risk.FlagAndGate: "put it behind a flag, and release it step by step on evidence",
	risk.AskPerson:   "ask a person: no flag can hold it back",
}

// topReasons is how many reasons are printed, of those that raise the score.
const topReasons = 5

func (c *riskCmd) print(out io.Writer, r *risk.Result) {
	paint := func(text string) string { return text }
	if isTerminal(out) {
		paint = func(text string) string { return "\x1b[1;" + bandColors[r.Band] + "m" + text + "\x1b[0m" }
	}
	const width = 25
	filled := (r.Score*width + 99) / 100
	bar := strings.Repeat("█", filled) + strings.Repeat("░", width-filled)
	fmt.Fprintf(out, "%s  %s\n\n", paint(fmt.Sprintf("%3d  %s  %s", r.Score, bar, strings.ToUpper(string(r.Band)))), actionOf(r))

	printReasons(out, r.Contributions, c.All)
	printAdvice(out, r)
}

func actionOf(r *risk.Result) string {
	text := riskActions[r.Action]
	if r.Confidence == "low" {
		text += " if you like"
	}
	if r.Ask && r.Action != risk.AskPerson {
		text += "; a person decides"
	}
	return text
}

// printReasons prints the contributions, the weightiest first.
func printReasons(out io.Writer, all []risk.Contribution, every bool) {
	shown := risk.Weightiest(all)
	if !every && len(shown) > topReasons {
		shown = shown[:topReasons]
	}
	for _, why := range shown {
		place := why.Path
		switch {
		case why.Line > 0:
			place = fmt.Sprintf("%s:%d", why.Path, why.Line)
		case why.Line < 0:
			place = fmt.Sprintf("%s:%d (removed)", why.Path, -why.Line)
		}
		fmt.Fprintln(out, strings.TrimRight(fmt.Sprintf("  %+4d  %-28s %s", why.Points, why.ID, place), " "))
		if why.Why != "" {
			fmt.Fprintf(out, "        %s\n", why.Why)
		}
	}
	if left := len(all) - len(shown); left > 0 {
		fmt.Fprintf(out, "        and %d more: --all\n", left)
	}
}

func printAdvice(out io.Writer, r *risk.Result) {
	if len(r.GuardedBy) > 0 {
		fmt.Fprintf(out, "\nbehind  %s\n", strings.Join(r.GuardedBy, ", "))
	}
	for i, step := range r.Route {
		label := "      "
		if i == 0 {
			fmt.Fprintln(out)
			label = "route "
		}
		fmt.Fprintf(out, "%s  %s\n", label, step)
	}
	if r.FlagType == "" {
		return
	}
	life := "no end"
	if r.LifetimeDays > 0 {
		life = fmt.Sprintf("%d days", r.LifetimeDays)
	}
	fmt.Fprintf(out, "\nflag    %s (%s, %s)\n", r.SuggestedName, r.FlagType, life)
	if r.Plan != nil {
		fmt.Fprintf(out, "plan    %s\n", describePlan(r.Plan))
	}
}

func describePlan(p *risk.Plan) string {
	steps := make([]string, len(p.Milestones))
	for i, m := range p.Milestones {
		steps[i] = strconv.Itoa(m.Percent)
	}
	text := fmt.Sprintf("%s %%, policy %s, %s or more at each", strings.Join(steps, " → "), p.Policy, p.Milestones[0].MinDuration)
	if n := p.Milestones[0].Approvals; n > 0 {
		text += fmt.Sprintf(", %d approvals first", n)
	}
	return text
}
