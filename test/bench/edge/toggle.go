package main

import (
	"context"
	"errors"
	"time"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

// visible measures how long after a toggle was acknowledged an SDK that streams
// from the edge answers by it: negative where it did before.
func (b *bench) visible(ctx context.Context, toggles int) error {
	changed := make(chan struct{}, 1)
	c, err := sdk.New(ctx, sdk.Options{URL: b.edge.URL, Token: backendToken, AppName: "bench", OnChanged: func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}})
	if err != nil {
		return err
	}
	defer c.Close() //nolint:contextcheck // the last report has a context of its own
	if err := c.WaitReady(ctx); err != nil {
		return err
	}
	subject := &eval.Context{UserID: "user-4711"}
	var took []time.Duration
	for i := range toggles {
		seen := make(chan error, 1)
		var at time.Time
		go func() {
			for c.Bool(flagName(everyone), subject, i%2 == 0) != (i%2 == 1) {
				select {
				case <-changed:
				case <-time.After(30 * time.Second):
					seen <- errors.New("a toggle was not seen for 30 s")
					return
				}
			}
			at = time.Now()
			seen <- nil
		}()
		if err := b.toggle(ctx, everyone, i%2 == 1); err != nil {
			return err
		}
		acknowledged := time.Now()
		if err := <-seen; err != nil {
			return err
		}
		took = append(took, at.Sub(acknowledged))
	}
	p50, p99 := quantile(took, .5), quantile(took, .99)
	b.Printf("toggle acknowledged to visible in an SDK behind the edge, %d toggles: p50 %v p99 %v; limits %v %v: %s\n", toggles,
		ms(p50), ms(p99), toggleP50, toggleP99, b.met(p50 <= toggleP50 && p99 <= toggleP99))
	return nil
}
