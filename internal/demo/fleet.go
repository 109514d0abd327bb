package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockflight/lockflight/examples/supportapp/support"
	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

// FleetOptions is all that the fleet is given.
type FleetOptions struct {
	URL, Token string
	Seed       uint64
	Logger     *slog.Logger
}

// The fleet's size and pace.
const (
	instances = 6 // of each agent, each with its own SDK client
	// casesPerSecond is how many conversations of the compared arms one agent's
	// fleet has in a second. How many it must look at to have them depends on
	// the milestone: at 1 %, fifty times as many.
	casesPerSecond = 130
	tick           = 50 * time.Millisecond
	maxLooks       = 4000 // conversations of one instance in one tick
)

// Fleet runs the agents until ctx ends. It holds conversations, asks the SDK
// which build answers each, and reports what came of them as such a service
// would: exposures, task success and what does not apply by the SDK, the rest
// as OpenTelemetry.
func Fleet(ctx context.Context, o FleetOptions) error {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	out := &exporter{url: o.URL, token: o.Token, client: &http.Client{Timeout: 10 * time.Second}}
	g, ctx := errgroup.WithContext(ctx)
	for _, a := range agents {
		shared := &sharedLoad{}
		for n := range instances {
			worker := &worker{
				agent: a, load: shared, export: out, log: o.Logger,
				id:   a.flag + "-" + strconv.Itoa(n+1),
				seed: o.Seed,
			}
			g.Go(func() error { return worker.run(ctx, o) })
		}
	}
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// sharedLoad is the load of the one retriever that all instances of an agent
// share.
type sharedLoad struct {
	mu sync.Mutex
	load
}

// worker is one instance of an agent.
type worker struct {
	agent  agent
	id     string
	load   *sharedLoad
	export *exporter
	seed   uint64
	log    *slog.Logger
	held   int // conversations so far
	due    float64
}

func (w *worker) run(ctx context.Context, o FleetOptions) error {
	client, err := sdk.New(ctx, sdk.Options{
		URL: o.URL, Token: o.Token, AppName: w.agent.flag, InstanceID: w.id,
		Build: w.agent.new, ControlBuild: w.agent.old,
		MetricsInterval: time.Second, EvidenceInterval: 200 * time.Millisecond, Logger: w.log,
	})
	if err != nil {
		return fmt.Errorf("starting %s: %w", w.id, err)
	}
	defer client.Close() //nolint:contextcheck // its reports under way outlive ctx, for some seconds
	if err := client.WaitReady(ctx); err != nil {
		return err
	}
	beat := time.NewTicker(tick)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-beat.C:
		}
		if err := w.work(ctx, client); err != nil && ctx.Err() == nil {
			w.log.LogAttrs(ctx, slog.LevelWarn, "telemetry was not taken", slog.String("instance", w.id), slog.Any("error", err))
		}
	}
}

// work holds the conversations of one tick.
func (w *worker) work(ctx context.Context, client *sdk.Client) error {
	w.due += casesPerSecond * tick.Seconds() / instances
	var batch telemetry
	for looks := 0; w.due >= 1 && looks < maxLooks; looks++ {
		w.held++
		unit := w.id + "-" + strconv.Itoa(w.held)
		ec := &eval.Context{UserID: unit}
		assigned := client.Explain(w.agent.flag, ec).Release
		if assigned == nil {
			break // no release runs: nothing is compared
		}
		treated := client.Bool(w.agent.flag, ec, false)
		faults := w.faults(treated)
		if assigned.Arm == eval.Rest {
			continue // nobody asks what came of it
		}
		w.due--
		app := support.App{Seed: w.seed, Faults: faults}
		talk := app.Talk(support.NewScenario(w.seed, unit))
		for _, o := range talk.Judge() {
			if o.NA || o.Signal == support.Success {
				client.Track(o.Signal, ec, o.SDK())
				continue
			}
			batch.add(w.agent, unit, assigned.Arm, o)
		}
	}
	w.due = min(w.due, casesPerSecond)
	return batch.send(ctx, w.export)
}

// faults adds a conversation to the load, and returns what its app suffers
// from then.
func (w *worker) faults(treated bool) support.Strengths {
	w.load.mu.Lock()
	defer w.load.mu.Unlock()
	w.load.add(treated)
	return w.agent.faults(&w.load.load, treated)
}
