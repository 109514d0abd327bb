package main

import (
	"context"
	"fmt"
	"maps"
	"time"
)

// Result is what a run found.
type Result struct {
	Steps  int
	Found  []Difference // beside those that the baseline excuses
	Wrong  []Difference // Unleash answered otherwise than the script says: it needs mending
	Stale  []Gap
	Gaps   int
	Strict int // steps of which no difference may be excused
}

// Failed reports whether there is something to mend.
func (r Result) Failed() bool { return len(r.Found)+len(r.Wrong)+len(r.Stale) > 0 }

// runner sends a script to two servers.
type runner struct {
	theirs, ours *client
	schemas      schemas
	baseline     *baseline
}

func (r runner) run(ctx context.Context, steps []Step) (Result, error) {
	result := Result{Steps: len(steps), Gaps: len(r.baseline.gaps)}
	for _, s := range steps {
		if strict(s) {
			result.Strict++
		}
		there, found, err := r.step(ctx, s)
		if err != nil {
			return result, err
		}
		if there != s.Want {
			result.Wrong = append(result.Wrong, Difference{s.Name, "status", fmt.Sprintf("Unleash answers %d, want %d", there, s.Want)})
		}
		for _, d := range found {
			if !r.baseline.excuses(d) {
				result.Found = append(result.Found, d)
			}
		}
	}
	result.Stale = r.baseline.stale()
	return result, nil
}

// delay is how long an answer may take to follow what was written before.
const delay = 30 * time.Second

// step sends one step to both servers, again while they differ where the answer
// follows with a delay, and binds what the last answers have.
func (r runner) step(ctx context.Context, s Step) (status int, found []Difference, err error) {
	for began := time.Now(); ; {
		there, err := r.theirs.do(ctx, s)
		if err != nil {
			return 0, nil, fmt.Errorf("%s at Unleash: %w", s.Name, err)
		}
		here, err := r.ours.do(ctx, s)
		if err != nil {
			return 0, nil, fmt.Errorf("%s at Lockflight: %w", s.Name, err)
		}
		if s.Documented != "" {
			here = r.schemas.standIn(s, there, here)
		}
		if found = compare(s.Name, r.theirs.rules, there, here); len(found) == 0 || !s.Eventually || time.Since(began) > delay {
			maps.Copy(r.theirs.names, there.bound)
			maps.Copy(r.ours.names, here.bound)
			return there.Status, found, nil
		}
		select {
		case <-ctx.Done():
			return 0, nil, ctx.Err()
		case <-time.After(time.Second): // Unleash limits how often it is asked
		}
	}
}
