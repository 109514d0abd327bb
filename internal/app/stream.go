package app

import (
	"fmt"

	"github.com/lockflight/lockflight/internal/notify"
)

// streamTargets reads where the log is streamed to.
func streamTargets(urls []string) ([]notify.Target, error) {
	var out []notify.Target
	for i, text := range urls {
		t, err := notify.ParseTarget(text, nil)
		if err != nil {
			return nil, fmt.Errorf("--audit-stream %d: %w", i+1, err)
		}
		out = append(out, t)
	}
	return out, nil
}
