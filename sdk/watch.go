package sdk

import (
	"context"
	"log/slog"
	"time"
)

// notify has a callback run soon, if there is one. Where many wait it is left
// out: those that wait say the same.
func (c *Client) notify(callback func()) {
	if callback == nil {
		return
	}
	select {
	case c.notices <- callback:
	default:
	}
}

// watch runs the callbacks, and notices when the configuration becomes stale.
func (c *Client) watch(ctx context.Context) {
	timer := time.NewTimer(c.options.StaleAfter)
	defer timer.Stop()
	if c.api == nil {
		timer.Stop() // offline nothing can become stale
	}
	for {
		select {
		case <-ctx.Done():
			return
		case callback := <-c.notices:
			callback()
		case <-timer.C:
			timer.Reset(c.checkStale(ctx))
		}
	}
}

// checkStale marks the configuration stale where it is, and returns after how
// long to look again. A client is given StaleAfter from its start.
func (c *Client) checkStale(ctx context.Context) time.Duration {
	unconfirmed := min(c.age(), time.Since(c.started))
	if left := c.options.StaleAfter - unconfirmed; left > 0 {
		return left
	}
	if c.stale.CompareAndSwap(false, true) {
		c.logger.LogAttrs(ctx, slog.LevelWarn, "the configuration is stale",
			slog.Duration("age", c.age()), slog.Any("trouble", c.lastTrouble()))
		if c.options.OnStale != nil {
			c.options.OnStale()
		}
	}
	return c.options.StaleAfter
}

// confirm notes that what is served is the server's present configuration.
func (c *Client) confirm() {
	c.confirmed.Store(int64(time.Since(c.started)))
	if c.stale.CompareAndSwap(true, false) {
		c.notify(c.options.OnReady)
	}
}

// age returns how long ago the server confirmed what is served, or the backup
// was written. Before that, it is the time since New.
func (c *Client) age() time.Duration {
	return time.Since(c.started) - time.Duration(c.confirmed.Load())
}

// lastTrouble returns why the server could not be followed last, or nil.
func (c *Client) lastTrouble() error {
	if err := c.trouble.Load(); err != nil {
		return *err
	}
	return nil
}
