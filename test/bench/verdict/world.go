package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/lockflight/lockflight/internal/app"
	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/gate"
	"github.com/lockflight/lockflight/sdk"
	"github.com/lockflight/lockflight/sdk/eval"
)

const (
	environment = "production"
	token       = "*:" + environment + ".bench-backend"
	rate        = 100 // cases a second, both arms
	pace        = 50 * time.Millisecond
	patience    = time.Minute
)

// operator may do everything.
var operator = control.Principal{Kind: control.KindService, ID: "bench", Origin: "api", Grants: []control.Grant{{
	Permissions: []control.Permission{control.PermAny}, Projects: []string{control.All}, Environments: []string{control.All},
}}}

// world is a control plane and the SDKs that follow it.
type world struct {
	plane   *app.App
	stop    context.CancelFunc
	ended   chan error
	clients []*follower
	units   int
}

// follower is one SDK, and what wakes when it serves something new.
type follower struct {
	*sdk.Client
	changed chan struct{}
}

func newWorld(ctx context.Context, dir string, clients int) (*world, error) {
	plane, err := app.New(ctx, app.Options{DataDir: dir, Version: "bench", BackendTokens: []string{token}})
	if err != nil {
		return nil, err
	}
	run, stop := context.WithCancel(ctx)
	w := &world{plane: plane, stop: stop, ended: make(chan error, 1)}
	go func() { w.ended <- plane.Run(run) }()
	for range clients {
		f := &follower{changed: make(chan struct{}, 1)}
		f.Client, err = sdk.New(ctx, sdk.Options{
			URL: plane.URL(), Token: token, AppName: "bench", RefreshInterval: time.Hour, MetricsInterval: time.Hour,
			OnChanged: func() {
				select {
				case f.changed <- struct{}{}:
				default:
				}
			},
		})
		if err == nil {
			w.clients = append(w.clients, f)
			err = f.WaitReady(ctx)
		}
		if err != nil {
			return nil, errors.Join(err, w.close()) //nolint:contextcheck // ends what has a context of its own
		}
	}
	return w, nil
}

func (w *world) close() error {
	var all sync.WaitGroup
	for _, f := range w.clients {
		all.Go(func() { _ = f.Close() })
	}
	all.Wait()
	w.stop()
	return <-w.ended
}

// round starts a release, sends good cases for a while and then bad ones, and
// returns the times from the first bad case to the verdict, and from the
// verdict to the last SDK.
func (w *world) round(ctx context.Context, i int, good time.Duration) (decided, served time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := w.start(ctx, "agent-"+strconv.Itoa(i))
	if err != nil {
		return 0, 0, err
	}
	follow := func(is func(*eval.Assignment) bool) (last time.Time) {
		times := make([]time.Time, len(w.clients))
		var all sync.WaitGroup
		for n, f := range w.clients {
			all.Go(func() { times[n] = f.await(ctx, r.Flag, is) })
		}
		all.Wait()
		for _, at := range times {
			if at.After(last) {
				last = at
			}
		}
		return last
	}
	follow(func(a *eval.Assignment) bool { return a != nil && a.Release == r.ID })

	last := make(chan time.Time, 1)
	go func() { last <- follow(func(a *eval.Assignment) bool { return a == nil }) }()
	firstBad, err := w.send(ctx, r, good)
	if err != nil {
		return 0, 0, err
	}
	at := <-last
	if err := ctx.Err(); err != nil {
		return 0, 0, err
	}
	end, err := w.plane.Service.Release(ctx, operator, r.ID)
	if err != nil {
		return 0, 0, err
	}
	if end.State != control.RolledBack {
		return 0, 0, fmt.Errorf("the release is %s", end.State)
	}
	return end.ChangedAt.Sub(firstBad), at.Sub(end.Verdict.At), nil
}

func (w *world) start(ctx context.Context, flag string) (control.Release, error) {
	if _, err := w.plane.Service.CreateFlag(ctx, operator, control.Flag{Name: flag, Project: "default"}); err != nil {
		return control.Release{}, err
	}
	policy := gate.DefaultPolicy()
	policy.Steps = []gate.Step{{Percent: 10}, {Percent: 50}, {Percent: 100, Final: true}}
	return w.plane.Service.StartRelease(ctx, operator, control.StartRelease{
		Flag: flag, Environment: environment, Build: "b2", Control: "b1", Plan: gate.PlanOf(policy),
	})
}

// await returns when the SDK's assignment is as wanted.
func (f *follower) await(ctx context.Context, flag string, is func(*eval.Assignment) bool) time.Time {
	unit := &eval.Context{UserID: "somebody"}
	for {
		if is(f.Explain(flag, unit).Release) {
			return time.Now()
		}
		select {
		case <-f.changed:
		case <-ctx.Done():
			return time.Now()
		}
	}
}

// send sends cases until the release has ended: good ones for a while, then
// such whose evidence is missing in the treatment. It returns when the first of
// these was sent.
func (w *world) send(ctx context.Context, r control.Release, good time.Duration) (firstBad time.Time, err error) {
	ticks := time.NewTicker(pace)
	defer ticks.Stop()
	for begin := time.Now(); ; {
		bad := time.Since(begin) >= good
		if bad && firstBad.IsZero() {
			firstBad = time.Now()
		}
		if over, err := w.submit(ctx, r.ID, w.cases(r, bad)); over || err != nil {
			return firstBad, err
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return firstBad, ctx.Err()
		}
	}
}

// cases are those of one tick, of new units of the compared arms.
func (w *world) cases(r control.Release, bad bool) []byte {
	var lines bytes.Buffer
	enc := json.NewEncoder(&lines)
	for left := int(rate * pace / time.Second); left > 0; {
		w.units++
		o := gate.Observation{At: time.Now(), Environment: r.Environment, Flag: r.Flag, Unit: "u" + strconv.Itoa(w.units), Build: r.Control, Signal: "exposure"}
		switch o.Arm = eval.ArmOf(r.ID, o.Unit, r.Percent()); o.Arm {
		case eval.Rest:
			continue
		case eval.Treatment:
			o.Build = r.Build
		}
		left--
		_ = enc.Encode(o) // to memory, of what always encodes
		for _, s := range r.Plan.Policy.Signals {
			o.Signal, o.Pass, o.Value = s.Name, nil, nil
			if s.Kind == gate.Quantile {
				o.Value = new(float64(900 + w.units%200))
			} else {
				o.Pass = new(!bad || o.Arm == eval.Control || s.Name != "evidence_coverage")
			}
			_ = enc.Encode(o)
		}
	}
	return lines.Bytes()
}

// submit sends evidence, and tells whether the release is over, for which
// evidence is refused.
func (w *world) submit(ctx context.Context, release string, lines []byte) (over bool, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.plane.URL()+"/api/v1/evidence", bytes.NewReader(lines))
	if err != nil {
		return false, err
	}
	r.Header.Set("Authorization", token)
	r.Header.Set("Content-Type", "application/x-ndjson")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusAccepted {
		return false, nil
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return false, err
	}
	end, err := w.plane.Service.Release(ctx, operator, release)
	if err == nil && end.Open() {
		err = fmt.Errorf("evidence: %s %s", resp.Status, text)
	}
	return true, err
}
