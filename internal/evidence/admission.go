package evidence

import (
	"io"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lockflight/lockflight/internal/control"
)

// DefaultInFlight is how many bytes of requests are taken in at once, unless
// Options say otherwise: eight of the largest.
const DefaultInFlight = 8 * MaxBody

// perRequest is what a request takes beside its body, in bytes.
const perRequest = 16 << 10

// admission bounds the memory of the requests whose evidence is not durable
// yet. One that does not fit is not made to wait, which takes memory too: its
// sender is told to come again, and keeps what it has.
type admission struct {
	limit      int64 // bytes
	inFlight   atomic.Int64
	turnedAway prometheus.Counter
}

func newAdmission(limit int64, reg prometheus.Registerer) *admission {
	a := &admission{limit: limit, turnedAway: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "lockflight_evidence_turned_away_total",
		Help: "Requests that were told to come again, because too much was being taken in.",
	})}
	if reg != nil {
		reg.MustRegister(a.turnedAway, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "lockflight_evidence_in_flight_bytes",
			Help: "What the requests take whose evidence is not durable yet.",
		}, func() float64 { return float64(a.inFlight.Load()) }))
	}
	return a
}

// share is what one request takes of an admission.
type share struct {
	of    *admission
	taken int64
}

// admit lets a request in, or returns an Error of Kind Limited. The share must
// be given back when the request is answered.
func (a *admission) admit() (*share, error) {
	s := &share{of: a}
	return s, s.take(perRequest)
}

// take makes the share larger by n bytes, where they fit.
func (s *share) take(n int) error {
	if s.of.inFlight.Add(int64(n)) > s.of.limit {
		s.of.inFlight.Add(-int64(n))
		s.of.turnedAway.Inc()
		return control.Errorf(control.Limited, "evidence_busy", "more evidence is coming in than can be stored: nothing of this was taken, send it again in %v", control.RetryAfter)
	}
	s.taken += int64(n)
	return nil
}

// giveBack ends the share.
func (s *share) giveBack() {
	s.of.inFlight.Add(-s.taken)
	s.taken = 0
}

// reader reads from r into the share.
func (s *share) reader(r io.Reader) io.Reader { return shared{s, r} }

type shared struct {
	*share
	from io.Reader
}

// Read implements io.Reader.
func (r shared) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if full := r.take(n); full != nil {
		return 0, full
	}
	return n, err
}
