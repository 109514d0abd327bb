// Package sdk is the client that an application embeds: it keeps the flags of
// one environment up to date in memory, decides them locally, and reports how
// they are used and what came of it.
//
// It follows a Lockflight or Unleash server, or an edge: it streams, polls
// where it cannot stream, and starts from a backup file or a bootstrap
// document where there is no server. It sends usage counts, receipts for each
// configuration that it began to serve, and evidence for running releases:
// exposures by itself, outcomes by Track.
//
// It is not the engine, which is package eval, and it does not administer
// flags. It uses the standard library only, reads no environment variables and
// has no state but its Clients.
package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockflight/lockflight/sdk/eval"
)

// ErrClosed is returned by the methods that wait or send, after Close.
var ErrClosed = errors.New("the flag client is closed")

// closeTimeout bounds what Close waits for the last reports to be taken.
const closeTimeout = 5 * time.Second

// Client decides flags. Any number of goroutines may use it. Make one for the
// life of the process with New, and Close it.
type Client struct {
	options Options
	logger  *slog.Logger
	started time.Time
	api     *api // nil offline
	backup  *backup
	engine  eval.Options

	state     atomic.Pointer[state]
	warned    map[eval.Warning]bool // the last state's, in the log; the publisher's
	numbering uint32                // the last state's; the publisher's
	ready     chan struct{}         // closed when there is configuration
	confirmed atomic.Int64          // when the server last confirmed the state; see age
	stale     atomic.Bool
	loading   sync.Mutex            // serialises Load
	trouble   atomic.Pointer[error] // why the server could not be followed last

	metrics  metrics
	evidence evidence
	exposed  seen

	notices chan func()   // callbacks to run
	sending chan struct{} // holds one token while reports are sent
	work    sync.WaitGroup
	stop    context.CancelFunc // ends the goroutines
	abort   context.CancelFunc // ends the requests that they leave to finish
	closing sync.Once
	closed  chan struct{}
	final   error // what Close returns
}

// New starts a Client. It never waits for the network: until the server has
// answered, checks are decided by the backup, else by the bootstrap, else by
// their fallbacks; WaitReady waits. Errors name the option that is wrong.
//
// The end of ctx does not end the client, so that a deadline for starting up
// does not leave the process with flags that stand still: Close does.
func New(ctx context.Context, options Options) (*Client, error) {
	options, err := options.complete()
	if err != nil {
		return nil, err
	}
	c := &Client{
		options: options,
		logger:  options.Logger,
		started: time.Now(),
		backup:  newBackup(&options),
		engine:  newEngine(&options),
		ready:   make(chan struct{}),
		notices: make(chan func(), 16),
		sending: make(chan struct{}, 1),
		closed:  make(chan struct{}),
	}
	if options.URL != "" {
		c.api = newAPI(&c.options)
		c.evidence.api = c.api
		c.evidence.source = c.api.connectionID()
		c.metrics.identity = newIdentity(&c.options, c.api)
	}
	c.engine.Tag = c.tag
	c.evidence.logger = c.logger
	c.metrics.api = c.api
	c.metrics.receipts.added = make(chan struct{}, 1)
	c.metrics.pending, c.metrics.since = make(usage), c.started.UTC()

	c.state.Store(c.compile(ctx, eval.Snapshot{}, origin{source: SourceNone}))
	if err := c.restore(ctx); err != nil {
		return nil, err
	}
	c.start(context.WithoutCancel(ctx))
	return c, nil
}

// restore serves the backup, else the bootstrap.
func (c *Client) restore(ctx context.Context) error {
	var bootstrap eval.Snapshot
	if c.options.Bootstrap != nil {
		if err := json.Unmarshal(c.options.Bootstrap, &bootstrap); err != nil {
			return fmt.Errorf("sdk.Options.Bootstrap: not a client features document: %w", err)
		}
	}
	if saved, age, ok := c.backup.load(ctx, c.logger); ok {
		c.confirmed.Store(int64(-age))
		c.publish(c.compile(ctx, saved, origin{SourceBackup, revision(&saved)}))
		return nil
	}
	if c.options.Bootstrap != nil {
		c.publish(c.compile(ctx, bootstrap, origin{SourceBootstrap, revision(&bootstrap)}))
	}
	return nil
}

// start starts the client's goroutines, which end when stop is called. A
// report that is under way then is finished, since a server may have counted
// what a cut request delivered.
func (c *Client) start(ctx context.Context) {
	running, stop := context.WithCancel(ctx)
	sending, abort := context.WithCancel(ctx)
	c.stop, c.abort = stop, abort
	every := func(interval time.Duration, do func(context.Context) error) {
		c.work.Go(func() {
			repeat(running, interval, func(context.Context) error { return do(sending) })
		})
	}
	c.work.Go(func() { c.watch(running) })
	if c.api == nil {
		return
	}
	c.work.Go(func() { (&follower{client: c}).run(running) })
	c.work.Go(func() { c.register(running) })
	c.work.Go(func() { c.acknowledging(running, sending) })
	every(c.options.MetricsInterval, c.sendMetrics)
	every(c.options.EvidenceInterval, c.sendEvidence)
	if c.backup != nil {
		every(backupInterval, c.save)
	}
}

// WaitReady waits until there is configuration to serve, from the server, the
// backup or the bootstrap. Its error wraps that of ctx, or is ErrClosed, and
// says why the server could not be followed.
func (c *Client) WaitReady(ctx context.Context) error {
	select {
	case <-c.ready:
		return nil
	default:
	}
	select {
	case <-c.ready:
		return nil
	case <-c.closed:
		return ErrClosed
	case <-ctx.Done():
		err := ctx.Err()
		if trouble := c.trouble.Load(); trouble != nil {
			return fmt.Errorf("wait for flags: %w (%w)", err, *trouble)
		}
		return fmt.Errorf("wait for flags: %w", err)
	}
}

// publish makes s what checks are decided by. One goroutine at a time may
// publish.
func (c *Client) publish(s *state) {
	first := c.state.Load().source == SourceNone
	s.at = time.Now()
	c.state.Store(s)
	if s.source == SourceServer {
		// Dated after the store: no answer older than seq is given from then on.
		c.metrics.receipts.add(s.seq, time.Now())
	}
	if first {
		close(c.ready)
		c.notify(c.options.OnReady)
	}
	c.notify(c.options.OnChanged)
}

// revision returns the revision that a document names, 0 where it has none.
func revision(document *eval.Snapshot) int64 {
	if document.Meta == nil {
		return 0
	}
	return document.Meta.RevisionID
}

// warn logs the warnings that the state before did not have. Kept are those of
// it that stand.
func (c *Client) warn(ctx context.Context, kept map[eval.Warning]bool, warnings []eval.Warning) {
	if kept == nil {
		kept = make(map[eval.Warning]bool, len(warnings))
	}
	for _, w := range warnings {
		if kept[w] = true; !c.warned[w] {
			c.logger.LogAttrs(ctx, slog.LevelWarn, "the configuration has a fault",
				slog.String("flag", w.Flag), slog.String("fault", w.Msg))
		}
	}
	c.warned = kept
}

// Flush sends counts, receipts and evidence now. What could not be sent is
// kept and sent later. Offline it does nothing.
func (c *Client) Flush(ctx context.Context) error {
	select {
	case <-c.closed:
		return ErrClosed
	default:
		return c.flush(ctx)
	}
}

func (c *Client) flush(ctx context.Context) error {
	return errors.Join(c.sendEvidence(ctx), c.sendMetrics(ctx))
}

// Close sends what is left, waiting at most 5 s for the server, also for one
// that is busy (429, 503), and ends all that the client started. Checks go on being decided by the last
// configuration. It returns what could not be sent; calling it again returns
// the same.
func (c *Client) Close() error {
	c.closing.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		c.stop()
		late := time.AfterFunc(closeTimeout, c.abort)
		c.work.Wait()
		c.final = errors.Join(insist(ctx, c.flush), c.save(ctx))
		late.Stop()
		c.abort()
		if c.api != nil {
			c.api.close()
		}
		close(c.closed)
	})
	return c.final
}
