package unleash

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// flushEvery is how long reports gather before they are written, and with
// maxReports, the number of rows that may wait, all that a crash can lose.
const (
	flushEvery = time.Second
	maxReports = 100_000
)

// reports gathers what clients report about themselves, so that their requests
// do not write: one row for each flag, application and hour, one for each
// instance and receipt.
type reports struct {
	store control.UsageStore
	log   *slog.Logger

	mu        sync.Mutex
	usage     map[usageKey]*control.Usage
	instances map[instanceKey]control.Instance
	receipts  map[control.Receipt]bool
}

type usageKey struct {
	flag, environment, app string
	hour                   int64 // Unix seconds
}

type instanceKey struct{ environment, app, id string }

func newReports(store control.UsageStore, log *slog.Logger) *reports {
	r := &reports{store: store, log: log}
	r.take()
	return r
}

// report is what one request says.
type report struct {
	usage     []control.Usage
	instances []control.Instance
	receipts  []control.Receipt
}

// add takes all of a report, or none of it where too many wait.
func (r *reports) add(in report) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	waiting := len(r.usage) + len(r.instances) + len(r.receipts)
	if waiting+len(in.usage)+len(in.instances)+len(in.receipts) > maxReports {
		return control.Errorf(control.Unavailable, "busy", "too many reports wait to be written; send this one again later")
	}
	for _, u := range in.usage {
		r.count(u)
	}
	for _, i := range in.instances {
		r.see(i)
	}
	for _, receipt := range in.receipts {
		r.receipts[receipt] = true
	}
	return nil
}

// count adds to the row of the same flag, environment, application and hour.
func (r *reports) count(u control.Usage) {
	key := usageKey{u.Flag, u.Environment, u.App, u.Hour.Unix()}
	sum := r.usage[key]
	if sum == nil {
		r.usage[key] = &u
		return
	}
	sum.Yes += u.Yes
	sum.No += u.No
	for variant, n := range u.Variants {
		if sum.Variants == nil {
			sum.Variants = map[string]int64{}
		}
		sum.Variants[variant] += n
	}
}

// see keeps the latest sighting, and the SDK where only an earlier one named it.
func (r *reports) see(i control.Instance) {
	key := instanceKey{i.Environment, i.App, i.ID}
	if i.SDK == "" {
		i.SDK = r.instances[key].SDK
	}
	r.instances[key] = i
}

// take returns what has gathered and starts anew.
func (r *reports) take() (usage []control.Usage, instances []control.Instance, receipts []control.Receipt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, u := range r.usage {
		usage = append(usage, *u)
	}
	instances = slices.Collect(maps.Values(r.instances))
	receipts = slices.Collect(maps.Keys(r.receipts))
	r.usage, r.instances, r.receipts = map[usageKey]*control.Usage{}, map[instanceKey]control.Instance{}, map[control.Receipt]bool{}
	return usage, instances, receipts
}

// run flushes once a second, and when ctx has ended once more.
func (r *reports) run(ctx context.Context) error {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			r.flush(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*flushEvery)
			defer cancel()
			r.flush(last)
			return nil
		}
	}
}

// flush writes what has gathered. Where the store refuses it is lost: whether
// a failed commit counted is not known, and nothing may count twice.
func (r *reports) flush(ctx context.Context) {
	usage, instances, receipts := r.take()
	if len(usage)+len(instances)+len(receipts) == 0 {
		return
	}
	if err := r.store.AddUsage(ctx, usage, instances, receipts); err != nil {
		r.log.LogAttrs(ctx, slog.LevelWarn, "writing what clients reported; it is lost",
			slog.Int("usage", len(usage)), slog.Int("instances", len(instances)), slog.Any("error", err))
	}
}
