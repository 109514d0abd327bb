package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/test/bench/internal/cases"
)

const (
	checkers  = 8
	samples   = 500_000 // of each checker
	swapEvery = 10 * time.Millisecond
)

// swaps judges the 99.9th percentile of a check by 8 goroutines, without and
// with a writer that swaps snapshots of 100 flags 100 times a second. The time
// of a check includes that of reading the clock.
func (v *verdicts) swaps() error {
	document := cases.Rollouts(100)
	c, err := cases.Client(document)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	text, err := json.Marshal(document)
	if err != nil {
		return fmt.Errorf("encode the document: %w", err)
	}
	var alone, beside []time.Duration
	for range 3 {
		alone = append(alone, percentile(c))
		running, stop := context.WithCancel(context.Background())
		swapped := make(chan error)
		go func() { swapped <- swap(running, c, text) }()
		beside = append(beside, percentile(c))
		stop()
		if err := <-swapped; err != nil {
			return err
		}
	}
	slices.Sort(alone)
	slices.Sort(beside)
	times := float64(beside[1]) / float64(alone[1])
	v.report.Printf("8 goroutines: p99.9 of a check %v without a writer, %v with one: %.2f times, limit 3", alone[1], beside[1], times)
	v.limit(times <= 3)
	return nil
}

// swap loads a document again and again, until ctx ends.
func swap(ctx context.Context, c *sdk.Client, text []byte) error {
	tick := time.NewTicker(swapEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := c.Load(ctx, text); err != nil {
				return err
			}
		}
	}
}

// percentile returns the 99.9th of the times of checks by all checkers.
func percentile(c *sdk.Client) time.Duration {
	contexts := cases.Contexts(cases.Ring)
	times := make([][]time.Duration, checkers)
	var all sync.WaitGroup
	for g := range times {
		times[g] = make([]time.Duration, samples)
		all.Go(func() {
			for i := range times[g] {
				began := time.Now()
				c.Bool("flag-7", &contexts[i%cases.Ring], false)
				times[g][i] = time.Since(began)
			}
		})
	}
	all.Wait()
	merged := slices.Concat(times...)
	slices.Sort(merged)
	return merged[len(merged)*999/1000]
}
