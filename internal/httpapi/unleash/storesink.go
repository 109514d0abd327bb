package unleash

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/lockflight/lockflight/internal/control"
)

// storeSink is the Sink of a plane: reports go into its store, and the flags
// that were seen in use move through the stages of their life. It belongs to
// one goroutine.
type storeSink struct {
	store   control.UsageStore
	service *control.Service
	log     *slog.Logger
	seen    map[control.Sighting]bool
	rest    time.Time // until which no stage is looked at
}

func newStoreSink(store control.UsageStore, service *control.Service, log *slog.Logger) *storeSink {
	return &storeSink{store: store, service: service, log: log, seen: map[control.Sighting]bool{}}
}

// AddReports writes what has gathered.
func (s *storeSink) AddReports(ctx context.Context, in control.Reports) error {
	if in.Rows() > 0 {
		if err := s.store.AddReports(ctx, in); err != nil {
			return err
		}
	}
	for _, u := range in.Usage {
		s.seen[control.Sighting{Flag: u.Flag, Environment: u.Environment}] = true
	}
	s.witness(ctx)
	return nil
}

// witnessShare bounds what moving flags through their stages may cost: that
// part of a core.
const witnessShare = 20

// witness moves the flags that were seen to the stages that they have reached,
// and rests after it in proportion to what that took.
func (s *storeSink) witness(ctx context.Context) {
	begin := time.Now()
	if len(s.seen) == 0 || begin.Before(s.rest) {
		return
	}
	if err := s.service.Witness(ctx, slices.Collect(maps.Keys(s.seen))); err != nil {
		s.log.LogAttrs(ctx, slog.LevelWarn, "moving flags to the stage they have reached; it is tried again", slog.Any("error", err))
		return
	}
	clear(s.seen)
	end := time.Now()
	s.rest = end.Add(witnessShare * end.Sub(begin))
}
