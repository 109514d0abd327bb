package control

import (
	"context"
	"time"

	"github.com/lockflight/lockflight/sdk/eval"
)

// Question asks how a flag is decided for one context in one environment.
type Question struct {
	Flag, Environment string
	// Context is what an SDK would evaluate. Without an environment or a time
	// of its own it has those of the question.
	Context eval.Context
	// At is a moment in the past: the configuration and the releases are those
	// of then. The zero time is now.
	At time.Time
}

// Explanation is how a flag is decided, and by which part of what is
// configured.
type Explanation struct {
	eval.Explanation

	Environment string    `json:"environment"`
	At          time.Time `json:"at"`                   // of the configuration
	Revision    int64     `json:"revision"`             // of the flag's configuration in the environment; 0 where there is none
	Release     string    `json:"release,omitempty"`    // the release that runs; its strategy is tried first
	StrategyID  string    `json:"strategyId,omitempty"` // the one that matches; the release's id for its own
}

// Explain evaluates a flag as an SDK would, and says which strategy,
// constraint, segment or parent decided and why. A strategy that leaves it to
// chance is decided anew each time. A flag that is not served there at that
// moment is an Error of Kind NotFound.
func (s *Service) Explain(ctx context.Context, p Principal, q Question) (Explanation, error) {
	now := s.now().UTC()
	switch {
	case q.At.IsZero():
		q.At = now
	case q.At.After(now):
		return Explanation{}, Invalidf("at", "%s is in the future", q.At.UTC().Format(time.RFC3339))
	}
	out := Explanation{Environment: q.Environment, At: q.At.UTC()}
	err := s.store.View(ctx, func(tx ReadTx) error {
		if q.At.Before(now) {
			tx = past{tx, q.At}
		}
		f, err := readable(tx, p, Ref{Flag: q.Flag, Environment: q.Environment})
		if err != nil {
			return err
		}
		return out.evaluate(tx, f, q)
	})
	return out, err
}

// evaluate fills in the explanation from what is served at q.At.
func (e *Explanation) evaluate(tx ReadTx, f Flag, q Question) error {
	open, err := servingReleases(tx, q.Environment)
	if err != nil {
		return err
	}
	snapshot, err := family(tx, q, open)
	if err != nil {
		return err
	}
	if q.Context.Environment == "" {
		q.Context.Environment = q.Environment
	}
	if q.Context.CurrentTime.IsZero() {
		q.Context.CurrentTime = q.At
	}
	set, _ := eval.Compile(snapshot)
	e.Explanation = set.Explain(q.Flag, &q.Context)
	if r := open[q.Flag]; r != nil {
		e.Release = r.ID
	}
	return e.locate(tx, Ref{f.Project, f.Name, q.Environment}, open[q.Flag])
}

// family is the flag as it is served, with the parents that it depends on.
func family(tx ReadTx, q Question, open map[string]*Release) (eval.Snapshot, error) {
	segments, err := list[eval.Segment](tx, KindSegment, "")
	if err != nil {
		return eval.Snapshot{}, err
	}
	f, served, err := servedFlag(tx, q.Environment, q.Flag, open[q.Flag])
	if err == nil && !served {
		err = Errorf(NotFound, "not_served", "flag %q is not served in %s", q.Flag, q.Environment)
	}
	if err != nil {
		return eval.Snapshot{}, err
	}
	out := eval.Snapshot{Features: []eval.Flag{f}, Segments: segments}
	for _, d := range f.Dependencies {
		parent, served, err := servedFlag(tx, q.Environment, d.Feature, open[d.Feature])
		if err != nil {
			return eval.Snapshot{}, err
		}
		if served {
			out.Features = append(out.Features, parent)
		}
	}
	return out, nil
}

// locate finds the strategy that decided in the flag's configuration, where
// disabled ones stand between those that are served.
func (e *Explanation) locate(tx ReadTx, ref Ref, r *Release) error {
	res, err := tx.Resource(KindFlagEnv, ref.key())
	if err := present(err); err != nil {
		return err
	}
	fe := FlagEnv{}
	if e.Revision = res.Rev; res.Rev > 0 {
		if fe, err = decode[FlagEnv](res); err != nil {
			return err
		}
	}
	if r != nil {
		fe.Strategies = fe.beside(r)
	}
	i := e.Strategy
	for _, st := range fe.Strategies {
		if st.Disabled {
			continue
		}
		if i == 0 {
			e.StrategyID = st.ID
		}
		i--
	}
	return nil
}
