package control_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/internal/store"
	"github.com/lockflight/lockflight/sdk/eval"
)

// world is a service over a real store, with a clock that tests move.
type world struct {
	*control.Service
	db    *store.DB
	dir   string
	clock *atomic.Int64 // Unix milliseconds
}

var begin = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// newWorld is a new installation with the project blue, which is served in
// production alone, and a flag in each project.
func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{dir: t.TempDir(), clock: new(atomic.Int64)}
	w.clock.Store(begin.UnixMilli())
	db, err := store.Open(t.Context(), store.Options{Dir: w.dir, Now: w.now})
	check(t, err)
	t.Cleanup(func() { _ = db.Close() })
	w.db = db
	w.Service = control.New(control.Options{
		Store: db, Usage: db, Now: w.now, Origin: "test", Version: "v0", Logger: slog.New(slog.DiscardHandler),
	})
	check(t, w.Init(t.Context()))
	_, err = w.CreateProject(t.Context(), root, control.Project{ID: "blue", Environments: []string{"production"}})
	check(t, err)
	for project, flag := range map[string]string{"default": "green-flag", "blue": "blue-flag"} {
		_, err = w.CreateFlag(t.Context(), root, control.Flag{Name: flag, Project: project})
		check(t, err)
	}
	return w
}

func (w *world) now() time.Time { return time.UnixMilli(w.clock.Load()).UTC() }

func (w *world) pass(d time.Duration) { w.clock.Add(d.Milliseconds()) }

// root may do everything, as an admin token may.
var root = granted(control.Grant{
	Permissions: []control.Permission{control.PermAny}, Projects: []string{control.All}, Environments: []string{control.All},
})

func granted(grants ...control.Grant) control.Principal {
	return control.Principal{
		Kind: control.KindService, ID: "tok_test", Via: "sat", Cred: "tok_test", Origin: "api", Grants: grants,
	}
}

// may is a principal with permissions in one project and environment; "" is
// every one.
func may(at control.Scope, perms ...control.Permission) control.Principal {
	g := control.Grant{Permissions: perms, Projects: []string{control.All}, Environments: []string{control.All}}
	if at.Project != "" {
		g.Projects = []string{at.Project}
	}
	if at.Environment != "" {
		g.Environments = []string{at.Environment}
	}
	return granted(g)
}

// production is where most tests change the blue flag.
var production = control.Ref{Project: "blue", Flag: "blue-flag", Environment: "production"}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		check(t, err)
		return v
	}
}

// wantErr fails unless err is of the kind, and about the field where one is
// named.
func wantErr(t testing.TB, err error, kind control.Kind, field string) {
	t.Helper()
	var e *control.Error
	if err == nil || control.KindOf(err) != kind {
		t.Errorf("error %v of kind %d, want kind %d", err, control.KindOf(err), kind)
	} else if field != "" && (!asError(err, &e) || e.Field != field) {
		t.Errorf("error %v names %q, want %q", err, e.Field, field)
	}
}

func asError(err error, e **control.Error) (ok bool) {
	*e, ok = err.(*control.Error) //nolint:errorlint // control returns its own errors unwrapped
	return ok
}

func (w *world) head(t testing.TB) (out control.Head) {
	t.Helper()
	check(t, w.db.View(context.Background(), func(tx control.ReadTx) (err error) { //nolint:usetesting // used in cleanups too
		out, err = tx.Head()
		return err
	}))
	return out
}

// since returns the records from a sequence number on.
func (w *world) since(t testing.TB, from int64) []audit.Record {
	t.Helper()
	events := must(w.Events(t.Context(), root, from, 1000))(t)
	out := make([]audit.Record, 0, len(events))
	for _, e := range events {
		out = append(out, must(audit.Decode(e.Record))(t))
	}
	return out
}

// types returns the types of records, in order.
func types(records []audit.Record) []string {
	out := []string{}
	for _, r := range records {
		out = append(out, r.Type)
	}
	return out
}

// accounted fails unless each record says exactly what became of its resource.
func (w *world) accounted(t testing.TB, records []audit.Record) {
	t.Helper()
	check(t, w.db.View(t.Context(), func(tx control.ReadTx) error {
		for _, r := range records {
			res := r.Res
			for _, at := range []struct {
				rev  int64
				hash string
			}{{res.Rev0, res.H0}, {res.Rev1, res.H1}} {
				if at.rev == 0 && at.hash == "" {
					continue
				}
				doc, err := tx.Revision(control.ResourceKind(res.Type), res.Key, at.rev)
				if err != nil || doc.Hash != at.hash || audit.Sum(doc.Doc) != at.hash {
					t.Errorf("%s: revision %d of %s %s is %s (%v), the record says %s", r.Type, at.rev, res.Type, res.Key, doc.Hash, err, at.hash)
				}
			}
			if res.Rev0 == 0 && res.Rev1 == 0 || res.Rev0 != 0 && res.Rev1 != 0 && res.Rev1 != res.Rev0+1 {
				t.Errorf("%s: from revision %d to %d", r.Type, res.Rev0, res.Rev1)
			}
		}
		return nil
	}))
}

func diff(t testing.TB, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// plan is agent-default at 10, 50 and 100 percent.
func plan() gate.Plan {
	p, _ := gate.Profile(gate.AgentDefault)
	p.Steps = []gate.Step{{Percent: 10, Pass: gate.NoHarm}, {Percent: 50}, {Percent: 100, Final: true}}
	return gate.PlanOf(p)
}

func starting() control.StartRelease {
	return control.StartRelease{
		Flag: production.Flag, Environment: production.Environment, Build: "b2", Control: "b1", Plan: plan(),
	}
}

// started starts a release of the blue flag in production.
func (w *world) started(t testing.TB) control.ReleaseView {
	t.Helper()
	r := must(w.StartRelease(t.Context(), root, starting()))(t)
	return must(w.Release(t.Context(), root, r.ID))(t)
}

// decided is an evaluation of a release as it was read.
func (w *world) decided(r control.ReleaseView, v gate.Verdict, reason string) control.Evaluation {
	d := gate.Decision{Verdict: v, Reason: reason}
	progress := r.Progress
	progress.Record(&r.Plan, w.now(), d, 100)
	return control.Evaluation{
		Release: r.ID, Rev: r.Rev, At: w.now(), Decision: d, Progress: progress,
		Snapshot: gate.Snapshot{Schema: gate.SnapshotSchema, Exposures: gate.Exposures{Treatment: 60, Control: 61}},
		State:    gate.State{ElapsedSeconds: 7200, PriorPasses: 1},
		Marks:    map[string][]int64{"task_success_rate": {100}},
	}
}

func (w *world) apply(t testing.TB, r control.ReleaseView, v gate.Verdict, reason string) control.ReleaseView {
	t.Helper()
	return must(w.Apply(t.Context(), control.Engine(), w.decided(r, v, reason)))(t)
}

// servedFlag returns a flag as clients are served it.
func (w *world) servedFlag(t testing.TB, ref control.Ref) eval.Flag {
	t.Helper()
	all := must(w.Served(t.Context(), ref.Environment))(t)
	i := slices.IndexFunc(all.Flags, func(f eval.Flag) bool { return f.Name == ref.Flag })
	if i < 0 {
		t.Fatalf("flag %s is not served in %s", ref.Flag, ref.Environment)
	}
	return all.Flags[i]
}

// text is what a value is on the wire.
func text(t testing.TB, v any) string {
	t.Helper()
	return string(must(json.Marshal(v))(t))
}

func rollout(percent string) control.Strategy {
	return control.Strategy{Strategy: eval.Strategy{
		Name: "flexibleRollout", Parameters: eval.Parameters{"rollout": percent, "stickiness": "userId"},
	}}
}
