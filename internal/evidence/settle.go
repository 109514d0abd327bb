package evidence

import (
	"context"
	"log/slog"
	"time"
)

// retryAfter is how long Run waits after a store that does not answer.
const retryAfter = time.Second

// Run judges what traces have shown when they have settled, until ctx ends. It
// may be called once. Traces that have not settled by then are missing
// evidence, as after a crash.
func (in *Ingest) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		next := in.settle(ctx)
		timer.Stop()
		if !next.IsZero() {
			timer.Reset(max(next.Sub(in.now()), 0))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-in.join.queued:
		case <-timer.C:
		}
	}
}

// settle takes what the traces that have settled say, and returns when the
// next one will; zero where none is waited for.
func (in *Ingest) settle(ctx context.Context) (next time.Time) {
	done, forgotten, next := in.join.settle(in.now())
	if forgotten > 0 {
		in.tally.add(map[string]map[string]int64{"": {string(Incomplete): forgotten}})
	}
	bySender := map[string][]settled{}
	for _, one := range done {
		bySender[one.by.from.ID] = append(bySender[one.by.from.ID], one)
	}
	for _, traces := range bySender {
		for ctx.Err() == nil {
			err := in.judge(ctx, traces)
			if err == nil {
				break
			}
			in.log.LogAttrs(ctx, slog.LevelError, "storing what traces have shown: trying again", slog.Any("error", err))
			select {
			case <-ctx.Done():
			case <-time.After(retryAfter):
			}
		}
	}
	return next
}

// judge stores the findings about traces of one sender.
func (in *Ingest) judge(ctx context.Context, traces []settled) error {
	scratch, _ := scratches.Get().(*scratch) // the pool holds nothing else
	defer scratch.putBack()
	t, err := in.newTelemetry(ctx, traces[0].by.from, scratch)
	if err != nil {
		return err
	}
	for i := range traces {
		t.trace(&traces[i])
	}
	t.join()
	return t.commit(ctx, sender{})
}

// trace finds what a trace has shown.
func (t *telemetry) trace(of *settled) {
	by := of.by
	if by.agent {
		t.concludes(of, findingSlots, of.covered(), passed)
	}
	if by.agent && !of.rooted {
		t.ended(by.finding, by.extent)
	}
	if of.told {
		t.concludes(of, findingLength, passOf(!of.cut), failed)
		t.concludes(of, findingFiltered, passOf(!of.filtered), failed)
	}
	t.usage(of)
}

// concludes finds a result. Of a trace of which a part may have been forgotten,
// or come before this process began, only what the rest cannot change counts:
// that citations resolve, or that an inference was cut off.
func (t *telemetry) concludes(of *settled, name string, r, certain result) {
	f := of.by.finding
	f.name, f.result = name, r
	switch {
	case r == unlabelled:
	case !of.known && r != certain:
		t.count(of.release, string(Incomplete), 1)
	default:
		t.find(f)
	}
}
