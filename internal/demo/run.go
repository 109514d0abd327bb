package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockflight/lockflight/internal/control"
)

// Call sends one request to the API as any client would.
type Call func(ctx context.Context, method, path string, in, out any) error

// Options is what a run is given.
type Options struct {
	Call Call
	Out  io.Writer     // progress, one line for each change
	Step time.Duration // the shortest stay at a milestone
}

// release is what the API tells about a release.
type release struct {
	ID        string    `json:"id"`
	Flag      string    `json:"flag"`
	Build     string    `json:"build"`
	State     string    `json:"state"`
	StartedAt time.Time `json:"startedAt"`
	Milestone struct {
		Index   int   `json:"index"`
		Percent int   `json:"percent"`
		Of      []int `json:"of"`
	} `json:"milestone"`
	Live    *verdict `json:"live"`
	Verdict *verdict `json:"verdict"`
	Change  struct {
		At        time.Time `json:"at"`
		Instances int       `json:"instances"`
		Confirmed int       `json:"confirmed"`
		SlowestMS int64     `json:"slowestMs"`
	} `json:"change"`
	Mark string `json:"mark"`
}

type verdict struct {
	ID        string    `json:"id"`
	Verdict   string    `json:"verdict"`
	Reason    string    `json:"reason"`
	At        time.Time `json:"at"`
	Milestone int       `json:"milestone"`
	Signals   []struct {
		Name     string   `json:"name"`
		Status   string   `json:"status"`
		N        int64    `json:"n_t"`
		Estimate *float64 `json:"estimate"`
	} `json:"signals"`
}

func (r release) ended() bool {
	return r.State == string(control.Completed) || r.State == string(control.RolledBack) || r.State == string(control.Aborted)
}

// Run starts both releases, tells what happens as it happens, and returns the
// report once both have ended and every client has said what it serves.
func Run(ctx context.Context, o Options) (Report, error) {
	p, changes := plan(o.Step)
	fmt.Fprintf(o.Out, "\npolicy agent-default; what the demo shortens:\n")
	for _, line := range describe(changes) {
		fmt.Fprintln(o.Out, "  "+line)
	}
	fmt.Fprintln(o.Out)
	begin := time.Now()
	log := &progress{out: o.Out, begin: begin}
	ends := make([]release, len(agents))
	g, both := errgroup.WithContext(ctx)
	for i, a := range agents {
		g.Go(func() (err error) {
			var r release
			in := map[string]any{"flag": a.flag, "environment": Environment, "build": a.new, "control": a.old, "plan": p}
			if err := o.Call(both, http.MethodPost, "/api/v1/releases", in, &r); err != nil {
				return fmt.Errorf("starting the release of %s: %w", a.new, err)
			}
			log.started(r)
			ends[i], err = watch(both, o.Call, r, log)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return Report{}, err
	}
	return report(ctx, o.Call, ends)
}

// watch follows a release to its end, and until its last change is confirmed.
func watch(ctx context.Context, call Call, r release, log *progress) (release, error) {
	path := "/api/v1/releases/" + url.PathEscape(r.ID)
	for {
		var next release
		if err := call(ctx, http.MethodGet, path+"?after="+url.QueryEscape(r.Mark), nil, &next); err != nil {
			return r, err
		}
		log.changed(r, next)
		r = next
		if r.ended() {
			return confirmed(ctx, call, r)
		}
	}
}

// confirmLimit is how long the clients have to say what they serve: they
// report once a second.
const confirmLimit = 10 * time.Second

func confirmed(ctx context.Context, call Call, r release) (release, error) {
	limit := time.NewTimer(confirmLimit)
	defer limit.Stop()
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for r.Change.Confirmed < r.Change.Instances {
		select {
		case <-ctx.Done():
			return r, ctx.Err()
		case <-limit.C:
			return r, nil // the report says how many are missing
		case <-again.C:
		}
		if err := call(ctx, http.MethodGet, "/api/v1/releases/"+url.PathEscape(r.ID), nil, &r); err != nil {
			return r, err
		}
	}
	return r, nil
}

// progress prints one line for each change worth telling.
type progress struct {
	out   io.Writer
	begin time.Time
}

func (p *progress) line(r release, what string) {
	fmt.Fprintf(p.out, "%6.1fs  %-18s %-13s %4d %%  %s\n",
		time.Since(p.begin).Seconds(), r.Flag, r.Build, r.Milestone.Percent, what)
}

func (p *progress) started(r release) { p.line(r, "START     "+flight(r)) }

func (p *progress) changed(old, now release) {
	was, is := old.latest(), now.latest()
	switch {
	case now.Milestone.Index > old.Milestone.Index:
		p.line(now, "PROMOTE   "+flight(now))
	case now.State == string(control.RolledBack):
		p.line(now, "ROLLBACK  "+now.Verdict.Reason)
	}
	if !now.ended() && is != nil && is.Verdict == "HOLD" && (was == nil || was.Reason != is.Reason) {
		p.line(now, "HOLD      "+is.Reason)
	}
}

func (r release) latest() *verdict {
	if r.Live != nil {
		return r.Live
	}
	return r.Verdict
}

// flight draws the milestones up to the one being served.
func flight(r release) string {
	var parts []string
	for i, percent := range r.Milestone.Of {
		mark := "."
		if i <= r.Milestone.Index {
			mark = fmt.Sprintf("%d%%", percent)
		}
		parts = append(parts, mark)
	}
	return strings.Join(parts, " > ")
}
