package evidence

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/semaphore"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
)

// Releases tells which release evidence speaks of.
type Releases interface {
	// Refresh makes Running answer by all that is committed when it is called.
	Refresh(ctx context.Context) error
	// Running returns the open release of a flag in an environment, with the
	// policy of the milestone that it serves. It is asked for each flag of
	// each request, so it must answer from memory.
	Running(environment, flag string) (control.ReleaseView, *gate.Policy, bool)
}

// Options are what an Ingest needs. Store and Releases are required.
type Options struct {
	Store    control.EvidenceStore
	Releases Releases
	// Arm returns the arm of a unit by its hash alone, or false where that does
	// not decide: the unit is in neither, or the flag has constraints, segments,
	// a parent or another enabled strategy (gate.md 5.0). Where nil, evidence
	// must name its arm.
	Arm func(r control.ReleaseView, unit string) (arm string, ok bool)
	// Appended is told the releases that have new observations, after these
	// are durable and before the sender is answered. It must not wait.
	Appended func(releases []string)
	// InFlight is how many bytes of requests are taken in at once, unpacked, as
	// far as they are not durable yet; DefaultInFlight where zero. Beyond it an
	// error of Kind Limited tells the sender to come again.
	InFlight   int64
	Now        func() time.Time      // time.Now where nil
	Logger     *slog.Logger          // none where nil
	Registerer prometheus.Registerer // none where nil
}

// Ingest takes observations in. Its methods may be called concurrently.
type Ingest struct {
	store     control.EvidenceStore
	releases  Releases
	arm       func(r control.ReleaseView, unit string) (string, bool)
	appended  func(releases []string)
	now       func() time.Time
	log       *slog.Logger
	tally     *tally
	join      *join
	admission *admission
	// decoding bounds the bytes of OTLP that are being read at once: a few
	// bytes on the wire may become hundreds in memory.
	decoding *semaphore.Weighted
}

// outcomeWindow is how long an outcome may wait for its exposure: as long as
// one may count at all, by default (evidence.outcome_window, gate.md 5.1).
const outcomeWindow = 30 * time.Minute

// New returns an Ingest. It starts nothing: traces are judged by Run.
func New(o Options) *Ingest {
	in := &Ingest{
		store: o.Store, releases: o.Releases, arm: o.Arm, appended: o.Appended, now: o.Now, log: o.Logger,
		tally: newTally(o.Registerer), decoding: semaphore.NewWeighted(MaxBody),
		admission: newAdmission(cmp.Or(o.InFlight, DefaultInFlight), o.Registerer),
	}
	if in.appended == nil {
		in.appended = func([]string) {}
	}
	if in.now == nil {
		in.now = time.Now
	}
	if in.log == nil {
		in.log = slog.New(slog.DiscardHandler)
	}
	in.join = newJoin(outcomeWindow, in.now())
	return in
}

// Counts returns how many observations of a release this process has
// accepted, under Accepted, and how many it has not, by Cause. Those that
// belong to no release that runs are under the release "".
func (in *Ingest) Counts(release string) map[string]int64 {
	in.expire(in.now())
	return in.tally.of(release)
}

// expire gives up outcomes whose exposure did not come within the window.
func (in *Ingest) expire(now time.Time) { in.lost(in.join.expire(now)) }

// lost counts outcomes that were kept for an exposure, and given up.
func (in *Ingest) lost(ws []waiting) {
	given := int64(0)
	for _, w := range ws {
		if !w.finding.ambient {
			given++
		}
	}
	if given > 0 {
		in.tally.add(map[string]map[string]int64{"": {string(Unjoinable): given}})
		in.log.Debug("evidence given up: its exposure did not come", slog.Int64("outcomes", given))
	}
}

// mayWrite refuses who may write no evidence anywhere; where exactly is asked
// of each observation.
func mayWrite(p control.Principal) error {
	if len(environments(p)) > 0 {
		return nil
	}
	return p.May(control.PermEvidenceWrite, control.Scope{})
}

// environments returns those that p may write evidence in; control.All stands
// for each.
func environments(p control.Principal) []string {
	var out []string
	for _, g := range p.Grants {
		for _, env := range g.Environments {
			if names, all := p.Projects(control.PermEvidenceWrite, env); all || len(names) > 0 {
				out = append(out, env)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
