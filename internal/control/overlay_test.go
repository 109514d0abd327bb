package control_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/sdk/eval"
)

// TestOverlaysAgree: wherever a release decides what is served, SDKs, the
// playground and explain say the same of everyone, and name the same strategy.
func TestOverlaysAgree(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		overlay func(*testing.T, *world) control.Ref
		own     bool // whether the release's own strategy matches somebody
	}{
		"nothing": {func(*testing.T, *world) control.Ref { return greenRef(lead) }, false},
		"a release beside what is off": {func(t *testing.T, w *world) control.Ref {
			aStrategy(t, w)
			w.started(t)
			return production
		}, true},
		"a release beside what is on": {func(t *testing.T, w *world) control.Ref {
			aStrategy(t, w)
			must(w.SetEnabled(t.Context(), root, production, true))(t)
			w.started(t)
			return production
		}, true},
		"a watch with a holdback": {func(t *testing.T, w *world) control.Ref {
			must(w.AddStrategy(t.Context(), root, production, rollout("3")))(t)
			completed(t, w, 20)
			return production
		}, true},
		"a watch of several": {func(t *testing.T, w *world) control.Ref {
			w.severalWatched(t, gate.Cut)
			return greenRef(service)
		}, true},
		"a watch that goes on for another": {func(t *testing.T, w *world) control.Ref {
			w.severalWatched(t, gate.Cut)
			must(w.AddStrategy(t.Context(), root, greenRef(service), rollout("10")))(t)
			return greenRef(service)
		}, false},
		"conversations that are pinned": {func(t *testing.T, w *world) control.Ref {
			pinning(t, w)
			return production
		}, true},
		"a flag that was withdrawn": {func(t *testing.T, w *world) control.Ref {
			r := w.several(t)
			must(w.RollbackTargets(t.Context(), root, r.ID, []string{service}, ""))(t)
			return greenRef(service)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			ref := tc.overlay(t, w)
			q := control.Playground{Environments: []string{ref.Environment}}
			began := w.now().Add(-time.Minute).Format(time.RFC3339)
			w.pass(time.Minute)
			for i := range 100 {
				q.Contexts = append(q.Contexts, eval.Context{
					UserID: "u" + strconv.Itoa(i), CurrentTime: w.now(), Properties: map[string]string{control.ConversationStarted: began},
				})
			}
			set, _ := eval.Compile(eval.Snapshot{Features: []eval.Flag{w.servedFlag(t, ref)}})
			own := false
			for _, trial := range must(w.Playground(t.Context(), root, q))(t) {
				if trial.Flag != ref.Flag {
					continue
				}
				c := q.Contexts[trial.Context]
				want, _ := set.Bool(ref.Flag, &c)
				why := must(w.Explain(t.Context(), root, control.Question{Flag: ref.Flag, Environment: ref.Environment, Context: c}))(t)
				if trial.Enabled != want || why.Enabled != want {
					t.Fatalf("%s: SDKs say %v, the playground %v, explain %v", c.UserID, want, trial.Enabled, why.Enabled)
				}
				if !want {
					continue
				}
				first := slices.IndexFunc(trial.Strategies, func(s control.StrategyTrial) bool { return s.Result == control.True })
				diff(t, "the strategy that matches", trial.Strategies[first].Strategy.ID, why.StrategyID)
				own = own || why.StrategyID == why.Release
			}
			diff(t, "the release's own strategy matches somebody", tc.own, own)
		})
	}
}
