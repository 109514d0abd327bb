package unleash

import (
	"cmp"
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
	// receiptsAfter is how long receipts gather: somebody may wait for them.
	receiptsAfter = 100 * time.Millisecond
)

// maxUnknown is how many unknown flags gather between two flushes. Whoever
// makes up names gets no more than that written.
const maxUnknown = 1000

// reports gathers what clients report about themselves, so that their requests
// do not write: one row for each flag, application and hour, one for each
// instance, receipt and unknown flag, and impact metrics report by report.
type reports struct {
	sink Sink
	log  *slog.Logger
	soon chan struct{} // holds one while receipts wait

	mu        sync.Mutex
	usage     map[usageKey]*control.Usage
	instances map[instanceKey]control.Instance
	receipts  map[control.Receipt]bool
	unknown   map[unknownKey]time.Time
	impact    []control.ImpactReport
	rows      int // of impact
}

type usageKey struct {
	flag, environment, app string
	hour                   int64 // Unix seconds
}

type instanceKey struct{ environment, app, id string }

type unknownKey struct{ flag, environment, app string }

func newReports(sink Sink, log *slog.Logger) *reports {
	r := &reports{sink: sink, log: log, soon: make(chan struct{}, 1)}
	r.take()
	return r
}

// add takes all of what one request reports, or none of it where too much
// waits.
func (r *reports) add(in control.Reports) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	waiting := len(r.usage) + len(r.instances) + len(r.receipts) + r.rows
	if waiting+in.Rows()-len(in.Unknown) > maxReports {
		return control.Errorf(control.Unavailable, "busy", "too many reports wait to be written; send this one again later")
	}
	for _, u := range in.Usage {
		r.count(u)
	}
	for _, i := range in.Instances {
		r.see(i)
	}
	for _, receipt := range in.Receipts {
		r.receipts[receipt] = true
	}
	if len(in.Receipts) > 0 {
		select {
		case r.soon <- struct{}{}:
		default:
		}
	}
	for _, u := range in.Unknown {
		key := unknownKey{u.Flag, u.Environment, u.App}
		if _, waits := r.unknown[key]; waits || len(r.unknown) < maxUnknown {
			r.unknown[key] = u.SeenAt
		}
	}
	r.impact = append(r.impact, in.Impact...)
	r.rows += control.Reports{Impact: in.Impact}.Rows()
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
	if u.SeenAt.After(sum.SeenAt) {
		sum.SeenAt = u.SeenAt
	}
	for variant, n := range u.Variants {
		if sum.Variants == nil {
			sum.Variants = map[string]int64{}
		}
		sum.Variants[variant] += n
	}
}

// see keeps the latest sighting, and what only an earlier one said.
func (r *reports) see(i control.Instance) {
	key := instanceKey{i.Environment, i.App, i.ID}
	before := r.instances[key]
	i.SDK = cmp.Or(i.SDK, before.SDK)
	if len(i.Strategies) == 0 {
		i.Strategies = before.Strategies
	}
	if len(i.Projects) == 0 {
		i.Projects = before.Projects
	}
	r.instances[key] = i
}

// take returns what has gathered and starts anew.
func (r *reports) take() control.Reports {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := control.Reports{
		Instances: slices.Collect(maps.Values(r.instances)), Receipts: slices.Collect(maps.Keys(r.receipts)), Impact: r.impact,
	}
	for _, u := range r.usage {
		out.Usage = append(out.Usage, *u)
	}
	for key, at := range r.unknown {
		out.Unknown = append(out.Unknown, control.UnknownUse{Flag: key.flag, Environment: key.environment, App: key.app, SeenAt: at})
	}
	r.usage, r.instances, r.receipts = map[usageKey]*control.Usage{}, map[instanceKey]control.Instance{}, map[control.Receipt]bool{}
	r.unknown, r.impact, r.rows = map[unknownKey]time.Time{}, nil, 0
	return out
}

// run flushes once a second, sooner where there are receipts, and when ctx has
// ended once more.
func (r *reports) run(ctx context.Context) error {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			r.flush(ctx)
		case <-r.soon:
			select {
			case <-time.After(receiptsAfter):
				r.flush(ctx)
			case <-ctx.Done():
			}
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*flushEvery)
			defer cancel()
			r.flush(last)
			return nil
		}
	}
}

// flush hands on what has gathered. Where that fails it is lost: whether a
// failed commit counted is not known, and nothing may count twice.
func (r *reports) flush(ctx context.Context) {
	in := r.take()
	if err := r.sink.AddReports(ctx, in); err != nil {
		r.log.LogAttrs(ctx, slog.LevelWarn, "passing on what clients reported; it is lost",
			slog.Int("rows", in.Rows()), slog.Any("error", err))
	}
}
