package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockflight/lockflight/sdk/eval"
	"github.com/lockflight/lockflight/test/postgres"
)

// TestReleaseSurvivesKills takes one release up its milestones by two servers
// over one PostgreSQL, each of which decides for itself, and kills one and then
// the other on the way. Each milestone is left once, in order, and in the end
// both count every observation that either has acknowledged.
func TestReleaseSurvivesKills(t *testing.T) {
	t.Parallel()
	one := newPlane(t)
	one.database = postgres.Start(t)
	one.start(t)
	two := newPlane(t)
	two.data, two.database = one.data, one.database
	two.start(t)
	f := one.launch(t, agent, map[string]any{
		"apiVersion": "lockflight/v1", "kind": "ReleasePlan", "metadata": map[string]any{"name": "kills"},
		"policy": steps(10, 100),
		"milestones": []map[string]any{
			{"percent": 10}, {"percent": 20}, {"percent": 30}, {"percent": 40}, {"percent": 50, "min_duration": "1h"}, {"percent": 100},
		},
	})

	acked := map[string]int64{}
	both := []*plane{one, two}
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	for round := 0; f.percent < 50 || round < 12; round++ {
		taker := both[round%2]
		f.percent = taker.standing(ctx, t, f).Milestone.Percent
		lines := f.cases(fmt.Sprint("round", round), 40)
		if err := taker.submit(ctx, lines, nil); err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if line.Signal == "exposure" {
				acked[line.Arm]++
			}
		}
		if round == 4 || round == 9 { // the answer was given: now it is gone
			taker.kill(t)
			taker.start(t)
		}
	}
	for i, p := range both {
		r := p.standing(ctx, t, f)
		for r.counted() != [2]int64{acked[eval.Treatment], acked[eval.Control]} {
			r = p.next(ctx, t, f, r.Mark)
		}
		t.Logf("server %d counts %v", i+1, r.counted())
	}
	if diff := cmp.Diff([]int{0, 1, 2, 3}, one.promotions(t, f)); diff != "" {
		t.Errorf("milestones that were left (-want +got):\n%s", diff)
	}
	for _, p := range both {
		p.stop(t)
	}
	one.auditStopped(t)
}

// standing is where a release is, as the API tells it.
type standing struct {
	Milestone struct {
		Percent int `json:"percent"`
	} `json:"milestone"`
	Mark string `json:"mark"`
	Live *struct {
		Exposures struct {
			Treatment int64 `json:"treatment"`
			Control   int64 `json:"control"`
		} `json:"exposures"`
	} `json:"live"`
}

// counted returns the exposures of treatment and control at the server's last
// evaluation.
func (r standing) counted() [2]int64 {
	if r.Live == nil {
		return [2]int64{}
	}
	return [2]int64{r.Live.Exposures.Treatment, r.Live.Exposures.Control}
}

func (p *plane) standing(ctx context.Context, t *testing.T, f flight) standing {
	t.Helper()
	return p.next(ctx, t, f, "")
}

// next returns where a release is once that has changed after a mark.
func (p *plane) next(ctx context.Context, t *testing.T, f flight, mark string) standing {
	t.Helper()
	var r standing
	if err := p.call(ctx, http.MethodGet, "/api/v1/releases/"+f.id+"?after="+url.QueryEscape(mark), nil, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// cases are exposures of so many units and what came of each: success.
func (f flight) cases(prefix string, count int) []observation {
	var next int
	lines := f.exposures(prefix, &next, count)
	for _, line := range lines {
		line.Signal, line.Pass = "task_success_rate", new(true)
		lines = append(lines, line)
	}
	return lines
}

// promotions returns the milestones that a PROMOTE has left, in order.
func (p *plane) promotions(t *testing.T, f flight) []int {
	t.Helper()
	var page struct {
		Verdicts []struct {
			verdict
			Milestone int `json:"milestone"`
		} `json:"verdicts"`
	}
	p.must(t, http.MethodGet, "/api/v1/releases/"+f.id+"/verdicts?limit=1000", nil, &page)
	var left []int
	for _, v := range page.Verdicts {
		if v.Verdict == "PROMOTE" {
			left = append(left, v.Milestone)
		}
	}
	return left
}
