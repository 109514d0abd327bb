package app

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// dropped is a control.UsageStore that notes until when it was told to drop.
type dropped struct {
	control.UsageStore

	before []time.Time
}

func (d *dropped) DropReports(_ context.Context, before time.Time) error {
	d.before = append(d.before, before)
	return nil
}

// TestCleaning drops at the start, and then once an hour.
func TestCleaning(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &dropped{}
		log := slog.New(slog.DiscardHandler)
		a := &App{opts: Options{Retention: 48 * time.Hour, Now: time.Now}, log: log, Service: control.New(control.Options{Usage: d, Logger: log})}
		begin := time.Now()
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- a.cleaning(ctx) }()
		time.Sleep(2*time.Hour + time.Minute)
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if len(d.before) != 3 {
			t.Fatalf("dropped %d times in two hours, want 3", len(d.before))
		}
		for i, before := range d.before {
			if want := begin.Add(time.Duration(i)*time.Hour - 48*time.Hour); !before.Equal(want) {
				t.Errorf("%d: before %v, want %v", i, before, want)
			}
		}
	})
}
