package support_test

import (
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/lockflight/lockflight/examples/supportapp/support"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/sdk"
)

var (
	ablation = flag.Bool("ablation", false, "run the ablation at its full size and print its tables")
	releases = flag.Int("releases", 100, "how many releases of each fault and strength the full size has, and five times as many without a fault")
	seed     = flag.Uint64("seed", 20261123, "the seed of the ablation; 0 takes a fresh one and prints it")
	write    = flag.String("write", "", "a file whose part from \"## Results\" on the tables replace")
	commit   = flag.String("commit", "unknown", "the commit that the results name")
)

// The size of one release: a look every so many cases per arm, until so many.
const (
	lookEvery = 10
	mostCases = 2500
)

// setup is one policy of the ablation: agent-default with some of its signals.
// Each signal keeps the alpha that it has among the five, so that leaving one
// out changes nothing about the others.
type setup struct {
	name   string
	policy gate.Policy
}

// setups are all five signals, four of them, and one alone.
func setups() []setup {
	all := []setup{{"all five", subset(func(string) bool { return true })}}
	for _, signal := range signals() {
		all = append(all, setup{"without " + signal, subset(func(name string) bool { return name != signal })})
	}
	for _, signal := range signals() {
		all = append(all, setup{signal + " alone", subset(func(name string) bool { return name == signal })})
	}
	return all
}

// signals returns the five, in policy order.
func signals() (names []string) {
	for _, s := range gate.DefaultPolicy().Signals {
		names = append(names, s.Name)
	}
	return names
}

func subset(has func(string) bool) gate.Policy {
	p := gate.DefaultPolicy()
	five, sum := p.Signals, 0.0
	p.Signals = nil
	for _, s := range five {
		if has(s.Name) {
			p.Signals = append(p.Signals, s)
			sum += s.Weight
		}
	}
	p.Alpha.Rollback *= sum
	for i := range p.Signals {
		p.Signals[i].Weight /= sum
	}
	return p
}

// ending is how a release went under one policy.
type ending struct {
	verdict gate.Verdict // HOLD: to the end
	cases   int          // per arm, at the verdict
}

// runRelease holds conversations at the milestone that ends the comparison
// and shows the same evidence to every policy, until each has decided.
func runRelease(ctx context.Context, policies []setup, faults support.Strengths, seed uint64) (ends []ending, err error) {
	o := sdk.Options{Bootstrap: support.Rollout(flagName, release(seed), 50)}
	s, err := startService(ctx, o, seed, faults)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Flags.Close()) }() //nolint:contextcheck // a client without a server has nothing to report
	ledger := gate.NewLedger(gate.DefaultPolicy(), gate.LedgerOptions{Candidate: s.New.Build})
	ends = make([]ending, len(policies))
	for i, open := 0, len(policies); i < 2*mostCases && open > 0; i++ {
		begun := time.Unix(int64(i), 0).UTC()
		r := s.Talk(support.NewScenario(seed, "user-"+strconv.Itoa(i)))
		for _, o := range r.Observations(begun, "production", flagName) {
			if cause := ledger.AddObservation(observed(&o)); cause != "" {
				return nil, errors.New("rejected: " + string(cause))
			}
		}
		if (i+1)%(2*lookEvery) == 0 {
			open = look(policies, ends, ledger.Snapshot(begun.Add(2*time.Minute), gate.Progress{}), (i+1)/2)
		}
	}
	return ends, nil
}

// look asks each policy that is still open, and returns how many then are.
func look(policies []setup, ends []ending, snapshot gate.Snapshot, cases int) (open int) {
	state := gate.State{ElapsedSeconds: 7200, PriorPasses: 1, Final: true}
	for i := range policies {
		if ends[i].verdict != gate.Hold {
			continue
		}
		if ends[i] = (ending{gate.Decide(policies[i].policy, snapshot, state).Verdict, cases}); ends[i].verdict == gate.Hold {
			open++
		}
	}
	return open
}

// observed is a line of evidence as the gate reads it.
func observed(o *support.Observation) *gate.Observation {
	return &gate.Observation{
		At: o.At, Environment: o.Environment, Flag: o.Flag, Arm: o.Arm, Unit: o.Unit, Case: o.Case, Build: o.Build,
		Signal: o.Signal, Pass: o.Pass, Value: o.Value, NA: o.NA,
	}
}

// cell is a fault at a strength, or none, and how its releases ended.
type cell struct {
	fault    support.Fault // "" is none
	strength float64
	ends     [][]ending // by release, by policy
}

// fill runs the releases of a cell on all cores. The i-th has the same luck in
// every cell.
func (c *cell) fill(ctx context.Context, policies []setup, seed uint64, releases int) error {
	seeds := rand.New(rand.NewPCG(seed, 0))
	next := make(chan func())
	errs := make([]error, releases)
	c.ends = make([][]ending, releases)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for run := range next {
				run()
			}
		})
	}
	for i := range releases {
		own := seeds.Uint64()
		next <- func() {
			c.ends[i], errs[i] = runRelease(ctx, policies, support.Strengths{c.fault: c.strength}, own)
		}
	}
	close(next)
	workers.Wait()
	return errors.Join(errs...)
}

// TestAblation injects each fault, and asks which signals it takes to catch
// it: briefly in `make test`, fully with -ablation.
func TestAblation(t *testing.T) {
	t.Parallel()
	size := experiment{strengths: []float64{0.5}, releases: 4, healthy: 4, seed: *seed}
	switch {
	case *ablation:
		size = experiment{strengths: []float64{0.05, 0.1, 0.2, 0.3, 0.5, 1}, releases: *releases, healthy: 5 * *releases, seed: *seed}
	case testing.Short():
		size.releases, size.healthy = 1, 1
	}
	if size.seed == 0 {
		size.seed = uint64(time.Now().UnixNano())
	}
	size.policies = setups()
	start := time.Now()
	cells, err := size.run(t)
	if err != nil {
		t.Fatal(err)
	}
	size.took = time.Since(start)
	t.Logf("\n%s", size.tables(cells))
	size.check(t, cells)
	if *write != "" {
		if err := size.writeTo(*write, cells); err != nil {
			t.Fatal(err)
		}
	}
}

// experiment is the size of an ablation.
type experiment struct {
	policies  []setup
	strengths []float64
	releases  int // of each fault and strength
	healthy   int // without a fault
	seed      uint64
	took      time.Duration
}

func (x *experiment) run(t *testing.T) ([]cell, error) {
	t.Helper()
	cells := []cell{{}}
	for _, f := range support.Faults() {
		for _, strength := range x.strengths {
			cells = append(cells, cell{fault: f, strength: strength})
		}
	}
	for i := range cells {
		releases := x.releases
		if cells[i].fault == "" {
			releases = x.healthy
		}
		if err := cells[i].fill(t.Context(), x.policies, x.seed, releases); err != nil {
			return nil, err
		}
	}
	return cells, nil
}

// catches is the signal that is there for a fault.
var catches = map[support.Fault]string{
	support.RetrievalOutage: support.Evidence, support.CitationsStripped: support.Evidence,
	support.RoutingError: support.Success, support.SlowTool: support.Latency,
	support.UnsafeArgument: support.Safety, support.ContextTruncation: support.Context,
}

// check fails where a fault that hits 30 % or more gets by all five signals or
// its own, where another signal rolls it back instead, and where too many
// healthy releases are rolled back.
func (x *experiment) check(t *testing.T, cells []cell) {
	t.Helper()
	for i := range cells {
		c := &cells[i]
		for j, s := range x.policies {
			rolledBack := c.summary(j).rolledBack
			switch own := catches[c.fault]; {
			case c.fault == "" && rolledBack > 0.05+3*deviation(0.05, len(c.ends)):
				t.Errorf("no fault, %s: %.3f rolled back", s.name, rolledBack)
			case c.strength < 0.3:
			case (s.name == "all five" || s.name == own+" alone") && rolledBack < 0.99:
				t.Errorf("%s at %.2f, %s: %.3f rolled back, want 0.99", c.fault, c.strength, s.name, rolledBack)
			case s.name == "without "+own && rolledBack > 0.05+3*deviation(0.05, len(c.ends)):
				t.Errorf("%s at %.2f, %s: %.3f rolled back: %s is not needed", c.fault, c.strength, s.name, rolledBack, own)
			}
		}
	}
}

// writeTo keeps what a file says before its results, and replaces them.
func (x *experiment) writeTo(file string, cells []cell) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(beforeResults(string(old))+x.tables(cells)), 0o644) //nolint:gosec // a page of the docs
}
