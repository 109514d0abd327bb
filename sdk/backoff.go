package sdk

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff spaces out attempts that fail: the delay doubles from first to
// limit. A fleet that lost its server together comes back apart, because each
// delay is drawn from its upper half.
type backoff struct {
	first, limit time.Duration
	failures     int
}

// next counts a failure and returns how long to wait before the next attempt.
func (b *backoff) next() time.Duration {
	d := b.limit
	if shift := min(b.failures, 62); b.first <= b.limit>>shift {
		d = b.first << shift
	}
	b.failures++
	return d/2 + rand.N(d/2+1)
}

func (b *backoff) reset() { b.failures = 0 }

// pause waits for d. It reports false where ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// jitter returns d moved by at most a tenth, so that instances started
// together do not report together.
func jitter(d time.Duration) time.Duration {
	return d - d/10 + rand.N(d/5+1)
}

// repeat calls do every d until ctx ends. After an error it waits as long as
// backoff says, or longer where the server asks for it.
func repeat(ctx context.Context, d time.Duration, do func(context.Context) error) {
	retry := backoff{first: max(d, time.Second), limit: max(d, time.Minute)}
	wait := jitter(d)
	for pause(ctx, wait) {
		if err := do(ctx); err != nil {
			after, _ := busy(err)
			wait = max(retry.next(), after)
			continue
		}
		retry.reset()
		wait = jitter(d)
	}
}

// insist calls do until a server is no longer busy, or ctx ends.
func insist(ctx context.Context, do func(context.Context) error) error {
	retry := backoff{first: 100 * time.Millisecond, limit: time.Second}
	for {
		err := do(ctx)
		after, again := busy(err)
		if !again || !pause(ctx, max(retry.next(), after)) {
			return err
		}
	}
}
