package control

import (
	"context"
	"time"

	"github.com/lockflight/lockflight/internal/audit"
)

// KindFork is the resource of a Fork, under the name of the log that it begins.
const KindFork ResourceKind = "log_fork"

// Fork is that a log goes on under another name and key, because it is not what
// the last checkpoint vouches for: a backup was restored, or it was changed. What
// went before can be verified by the old key, and what follows by the new one.
type Fork struct {
	Log         string            `json:"log"`         // the new name
	Predecessor *audit.Checkpoint `json:"predecessor"` // the last that is known of the old; null where none is
	At          int64             `json:"at"`          // records of the log when it was forked
	Orphaned    int64             `json:"orphaned"`    // records that Predecessor vouches for beyond those
	Reason      string            `json:"reason"`
	Time        time.Time         `json:"time"`
}

// ForkLog records that the log goes on under the name of this Service.
func (s *Service) ForkLog(ctx context.Context, predecessor *audit.Checkpoint, reason string) (Fork, error) {
	out := Fork{Log: s.origin, Predecessor: predecessor, Reason: reason}
	if reason == "" {
		return out, Invalidf("reason", "say why the log is forked")
	}
	err := s.write(ctx, Setup(), Normal, func(w *work) error {
		head, err := w.Head()
		if err != nil {
			return err
		}
		out.At, out.Time = head.Size, w.now
		if predecessor != nil {
			out.Orphaned = max(predecessor.Size-head.Size, 0)
		}
		return w.put(event{Type: "audit.fork", Kind: KindFork, Key: out.Log, Doc: out})
	})
	return out, err
}
