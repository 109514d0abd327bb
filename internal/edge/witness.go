package edge

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"github.com/lockflight/lockflight/internal/witness"
)

// witnessEvery is how often the upstream's log is looked at: what is done to it
// is seen within a minute.
const witnessEvery = 20 * time.Second

// witnessing checks that the upstream's log goes on from what was seen of it, and
// tells the upstream where it does not. An upstream without a log, such as
// another edge, is asked again and never complained of.
func (e *Edge) witnessing(ctx context.Context) error {
	file := ""
	if e.opts.Backup != "" {
		file = filepath.Join(e.opts.Backup, "witness.json")
	}
	get := func(ctx context.Context, path string) (*http.Response, error) {
		return e.up.get(ctx, path, e.opts.Tokens[0], "", 0)
	}
	w, err := witness.New(file, get)
	if err != nil {
		e.count.refuse("backup")
		e.log.LogAttrs(ctx, slog.LevelError, "the last checkpoint that was seen is lost; the next one is believed", slog.Any("error", err))
		w, _ = witness.New("", get) // which reads nothing
	}
	told := ""
	for {
		looking, cancel := context.WithTimeout(ctx, requestTimeout)
		err := w.Look(looking)
		cancel()
		if alarm, ok := errors.AsType[*witness.Alarm](err); ok && alarm.Seen != told {
			e.log.LogAttrs(ctx, slog.LevelError, "the upstream's log was shortened or rewritten, or another is shown here", slog.String("why", alarm.Why))
			e.count.alarms.Inc()
			notes := map[string]string{"held": alarm.Held, "seen": alarm.Seen}
			if err := e.up.post(ctx, "/audit/log/alarm", e.opts.Tokens[0], notes, nil); err == nil {
				told = alarm.Seen
			}
		}
		if !pause(ctx, witnessEvery) {
			return nil
		}
	}
}
