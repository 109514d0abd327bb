package edge

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

const (
	// maxRows bounds what waits to be passed on, and maxBatch one request.
	maxRows  = 100_000
	maxBatch = 5_000
	// sendEvery is how often what waits is tried again, and receiptsAfter how
	// soon receipts are passed on: somebody may wait for them.
	sendEvery     = time.Second
	receiptsAfter = 100 * time.Millisecond
)

// batch is the body of Unleash's POST /api/client/metrics/bulk, with
// Lockflight's receipts beside it.
type batch struct {
	from *follower
	rows int

	Applications []applicationRow `json:"applications"`
	Metrics      []metricRow      `json:"metrics"`
	Impact       []impactRow      `json:"impactMetrics,omitempty"`
	Lockflight   struct {
		Applied []receiptRow `json:"applied,omitempty"`
	} `json:"lockflight,omitzero"`
}

type applicationRow struct {
	AppName     string   `json:"appName"`
	InstanceID  string   `json:"instanceId"`
	Environment string   `json:"environment"`
	SDKVersion  string   `json:"sdkVersion,omitempty"`
	Strategies  []string `json:"strategies,omitempty"`
	Projects    []string `json:"projects,omitempty"` // which Unleash passes over, as it does Edge
	Edge        string   `json:"edge,omitempty"`
}

type metricRow struct {
	FeatureName string           `json:"featureName"`
	AppName     string           `json:"appName"`
	Environment string           `json:"environment"`
	Timestamp   time.Time        `json:"timestamp"`
	Yes         int64            `json:"yes"`
	No          int64            `json:"no"`
	Variants    map[string]int64 `json:"variants,omitempty"`
}

type receiptRow struct {
	AppName    string    `json:"appName"`
	InstanceID string    `json:"instanceId"`
	Seq        int64     `json:"seq"`
	At         time.Time `json:"at"`
}

// usage passes on what clients report. Its methods may be called from any
// goroutine.
type usage struct {
	edge *Edge
	soon chan struct{} // holds one while receipts wait

	mu    sync.Mutex
	queue []*batch
	rows  int
}

func newUsage(e *Edge) *usage { return &usage{edge: e, soon: make(chan struct{}, 1)} }

// AddReports queues reports for the upstream. What there is no room for is
// dropped and counted. It is an unleash.Sink.
func (e *Edge) AddReports(_ context.Context, in control.Reports) error {
	for _, b := range e.batches(in) {
		for part := range b.parts() {
			e.usage.push(part)
		}
	}
	if len(in.Receipts) > 0 {
		select {
		case e.usage.soon <- struct{}{}:
		default:
		}
	}
	return nil
}

// batches sorts reports by the token that may pass them on: of usage one that
// reads the flag, of the rest any of the environment.
func (e *Edge) batches(in control.Reports) map[*follower]*batch {
	out := map[*follower]*batch{}
	of := func(environment, flag string) *batch {
		f := e.reader(environment, flag)
		if f == nil {
			e.count.dropped.Inc()
			return &batch{}
		}
		if out[f] == nil {
			out[f] = &batch{from: f}
		}
		return out[f]
	}
	for _, u := range in.Usage {
		b := of(u.Environment, u.Flag)
		b.Metrics = append(b.Metrics, metricRow{u.Flag, u.App, u.Environment, u.SeenAt, u.Yes, u.No, u.Variants})
	}
	for _, i := range in.Instances {
		b := of(i.Environment, "")
		row := applicationRow{i.App, i.ID, i.Environment, i.SDK, i.Strategies, i.Projects, i.Edge}
		if i.App != control.EdgeApp {
			row.Edge = cmp.Or(row.Edge, e.opts.Name) // the one that it is nearest to
		}
		b.Applications = append(b.Applications, row)
	}
	for _, r := range in.Receipts {
		b := of(r.Environment, "")
		b.Lockflight.Applied = append(b.Lockflight.Applied, receiptRow{r.App, r.Instance, r.Seq, r.AppliedAt})
	}
	for _, report := range in.Impact {
		b := of(report.Environment, "")
		for _, s := range report.Samples {
			b.Impact = append(b.Impact, newImpactRow(report.App, s))
		}
	}
	return out
}

// reader returns a follower of an environment with a token, one that serves the
// flag where there is one.
func (e *Edge) reader(environment, flag string) *follower {
	var found *follower
	for _, f := range e.following() {
		secret, _ := f.position()
		if f.scope.Environment != environment || secret == "" {
			continue
		}
		if f.serves(flag) {
			return f
		}
		if found == nil || f.scope.covers(found.scope) {
			found = f
		}
	}
	return found
}

// parts cuts a batch into requests of at most maxBatch rows of each kind.
func (b *batch) parts() func(yield func(*batch) bool) {
	return func(yield func(*batch) bool) {
		for from := 0; ; from += maxBatch {
			part := &batch{
				from: b.from, Applications: window(b.Applications, from, maxBatch),
				Metrics: window(b.Metrics, from, maxBatch), Impact: window(b.Impact, from/5, maxBatch/5),
			}
			part.Lockflight.Applied = window(b.Lockflight.Applied, from, maxBatch)
			part.rows = len(part.Applications) + len(part.Metrics) + len(part.Impact) + len(part.Lockflight.Applied)
			if part.rows == 0 || !yield(part) {
				return
			}
		}
	}
}

// window is at most n of a list from an index on; never nil, since Unleash
// wants its lists.
func window[T any](list []T, from, n int) []T {
	from = min(from, len(list))
	return append([]T{}, list[from:min(from+n, len(list))]...)
}

func (u *usage) push(b *batch) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.rows+b.rows > maxRows {
		u.edge.count.dropped.Add(float64(b.rows))
		return
	}
	u.queue = append(u.queue, b)
	u.rows += b.rows
}

// run passes on what waits, in order, until ctx ends, and then once more.
func (u *usage) run(ctx context.Context) error {
	tick := time.NewTicker(sendEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-tick.C:
			u.send(ctx)
		case <-u.soon:
			if pause(ctx, receiptsAfter) {
				u.send(ctx)
			}
		case <-ctx.Done():
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*sendEvery)
	defer cancel()
	u.send(last)
	return nil
}

// send passes on what waits. What the upstream certainly did not take is kept
// for the next time. What it may have taken is not sent again, since nothing
// may count twice, and what it refuses would be refused again.
func (u *usage) send(ctx context.Context) {
	u.mu.Lock()
	queue := u.queue
	u.queue, u.rows = nil, 0
	u.mu.Unlock()
	for i, b := range queue {
		secret, _ := b.from.position()
		err := u.edge.up.post(ctx, "/api/client/metrics/bulk", secret, b, nil)
		switch {
		case err == nil:
			u.edge.count.sent.Add(float64(b.rows))
		case untaken(err):
			u.restore(queue[i:])
			return
		default:
			u.edge.count.dropped.Add(float64(b.rows))
			u.edge.log.LogAttrs(ctx, slog.LevelWarn, "passing on what clients reported; it is lost",
				slog.Int("rows", b.rows), slog.Any("error", err))
		}
	}
}

// restore puts back what could not be sent, before what has come since.
func (u *usage) restore(queue []*batch) {
	u.mu.Lock()
	later := slices.Clone(u.queue)
	u.queue, u.rows = nil, 0
	u.mu.Unlock()
	for _, b := range append(queue, later...) {
		u.push(b)
	}
}
