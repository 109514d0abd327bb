package feed

import "context"

// unknown is the revision of a client that holds nothing that can be continued.
const unknown = -1

// Subscription follows one scope for one client. It holds no queue: it reads
// the channel's window, and a client too slow for that is given a hydration.
type Subscription struct {
	env       *Env
	channel   *channel
	seq       int64 // the client holds what the channel had at this revision
	connected bool
}

// Next returns the next message for the client, and waits for one until ctx
// ends, with ctx's error. What is ready is returned even if ctx has ended. The
// first message comes at once: a hydration, or all updates since the revision
// that the client named, which may be none.
//
// Next must not be called by two goroutines at once.
func (s *Subscription) Next(ctx context.Context) (Message, error) {
	for {
		next, grown := s.poll()
		if next != nil {
			return next(), nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return Message{}, ctx.Err()
		}
	}
}

// Close ends the subscription. It may be called once.
func (s *Subscription) Close() {
	s.env.mu.Lock()
	defer s.env.mu.Unlock()
	s.channel.subscribers--
}

// poll returns what makes the next message, outside the lock, or where there
// is none a channel that is closed when there may be one.
func (s *Subscription) poll() (next func() Message, grown <-chan struct{}) {
	s.env.mu.Lock()
	defer s.env.mu.Unlock()
	view := s.channel.view
	updates, reached := s.channel.since(s.seq)
	switch {
	case !reached:
		next, s.seq = view.hydration, view.Seq
	case !s.connected:
		seq := max(s.seq, view.Seq)
		next, s.seq = s.channel.replay(seq, updates), view.Seq
	case len(updates) > 0:
		next, s.seq = func() Message { return updates[0].Message }, updates[0].Seq
	default:
		return nil, s.channel.grown
	}
	s.connected = true
	return next, nil
}
