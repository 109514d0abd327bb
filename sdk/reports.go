package sdk

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// backupInterval is the shortest time between two writes of the backup.
const backupInterval = time.Second

// exclusively calls send while no other report is under way, so that nothing
// is sent twice.
func (c *Client) exclusively(ctx context.Context, send func(context.Context) error) error {
	if c.api == nil {
		return nil
	}
	select {
	case c.sending <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("wait to send reports: %w", ctx.Err())
	}
	defer func() { <-c.sending }()
	return send(ctx)
}

func (c *Client) sendMetrics(ctx context.Context) error {
	return c.logged(ctx, c.exclusively(ctx, c.metrics.send))
}

func (c *Client) sendEvidence(ctx context.Context) error {
	return c.logged(ctx, c.exclusively(ctx, c.evidence.send))
}

// save writes the backup.
func (c *Client) save(ctx context.Context) error {
	if c.backup == nil {
		return nil
	}
	return c.logged(ctx, c.backup.save(c.state.Load()))
}

// register registers with the server, however often it takes, unless the
// server refuses.
func (c *Client) register(ctx context.Context) {
	retry := backoff{first: time.Second, limit: 5 * time.Minute}
	for ctx.Err() == nil {
		err := c.metrics.register(ctx, c.started, c.options.MetricsInterval)
		if err == nil || refused(err) {
			_ = c.logged(ctx, err)
			return
		}
		pause(ctx, retry.next())
	}
}

// logged returns err, and logs it: a report that fails is retried or dropped,
// and its caller is a loop or a person who may not look.
func (c *Client) logged(ctx context.Context, err error) error {
	if err != nil && ctx.Err() == nil {
		c.logger.LogAttrs(ctx, slog.LevelWarn, "a report failed", slog.Any("error", err))
	}
	return err
}
