package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"text/tabwriter"
	"time"
)

type doctorCmd struct {
	remote
	format
	MCP bool `name:"mcp" help:"Look at the server as a coding agent's client does, with its token."`
}

// The grades of a check. Advice is for a person to weigh; a failure makes the
// command exit with 1.
const (
	good   = "ok"
	advice = "advice"
	bad    = "FAIL"
)

// checkup is what doctor has looked at.
type checkup struct {
	OK     bool    `json:"ok"`
	Checks []check `json:"checks"`
}

type check struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Text   string `json:"text"`
}

func (c *checkup) add(name, status, format string, args ...any) {
	c.Checks = append(c.Checks, check{name, status, fmt.Sprintf(format, args...)})
	c.OK = c.OK && status != bad
}

// Run looks at a running server and prints what it finds.
func (c *doctorCmd) Run(ctx context.Context, s streams) error {
	found := &checkup{OK: true}
	if c.MCP {
		c.examineMCP(ctx, found)
	} else {
		c.examine(ctx, found)
	}
	if c.Output == "json" {
		if err := printJSON(s.out, found); err != nil {
			return err
		}
	} else {
		w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
		for _, one := range found.Checks {
			fmt.Fprintf(w, "%s\t%s\t%s\n", one.Status, one.Name, one.Text)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	if !found.OK {
		return exitError(1)
	}
	return nil
}

// examine goes on for as long as there is an answer to look at.
func (c *doctorCmd) examine(ctx context.Context, found *checkup) {
	if err := c.call(ctx, http.MethodGet, "/health", nil, nil); err != nil {
		found.add("reachable", bad, "%v", err)
		return
	}
	found.add("reachable", good, "%s answers", c.URL)
	if err := c.call(ctx, http.MethodGet, "/ready", nil, nil); err != nil {
		found.add("ready", bad, "%v", err)
	} else {
		found.add("ready", good, "it reads its database")
	}
	var d diagnosisDoc
	sent := time.Now()
	err := c.call(ctx, http.MethodGet, "/api/v1/diagnosis", nil, &d)
	if err != nil {
		found.add("token", bad, "%v", err)
		return
	}
	found.add("token", good, "it may look after the server")
	d.examine(found, sent, time.Now())
	c.verify(ctx, found)
}

// verify has the server re-read its log.
func (c *doctorCmd) verify(ctx context.Context, found *checkup) {
	var report auditReport
	err := c.call(ctx, http.MethodGet, "/api/v1/audit/verify", nil, &report)
	if err == nil && !report.OK {
		err = errors.New(report.Findings[0].String() + " (lockflight audit verify says more)")
	}
	if err != nil {
		found.add("log", bad, "%v", err)
		return
	}
	found.add("log", good, "%d records and %d documents verify", report.Size, report.Documents)
}

// diagnosisDoc is what the server says of itself.
type diagnosisDoc struct {
	Now      time.Time `json:"now"`
	Database struct {
		Writable bool   `json:"writable"`
		Why      string `json:"why"`
	} `json:"database"`
	Log struct {
		Size          int64      `json:"size"`
		Signed        int64      `json:"signed"`
		UnsignedSince *time.Time `json:"unsignedSince"`
	} `json:"log"`
}

// From these on a difference of clocks is worth a word, and does harm: tokens
// end too early, and evidence falls out of its window.
const (
	skewAdvice = 2 * time.Second
	skewBad    = time.Minute
)

// A checkpoint is signed every second while the log grows.
const (
	unsignedAdvice = 10 * time.Second
	unsignedBad    = 5 * time.Minute
)

// examine judges a diagnosis that was asked for and answered at two moments by
// the clock here.
func (d *diagnosisDoc) examine(found *checkup, sent, answered time.Time) {
	var skew time.Duration // at least: the answer was made between the two
	switch {
	case d.Now.Before(sent):
		skew = d.Now.Sub(sent)
	case d.Now.After(answered):
		skew = d.Now.Sub(answered)
	}
	found.add("clock", grade(skew.Abs(), skewAdvice, skewBad), "the server's differs from this one by %s", skew.Round(time.Millisecond))

	if d.Database.Writable {
		found.add("database", good, "it takes writes")
	} else {
		found.add("database", bad, "it takes no writes: %s", d.Database.Why)
	}

	var unsigned time.Duration
	if d.Log.UnsignedSince != nil {
		unsigned = d.Now.Sub(*d.Log.UnsignedSince)
	}
	found.add("checkpoint", grade(unsigned, unsignedAdvice, unsignedBad), "%d of %d records are signed for; the oldest other one is %s old",
		d.Log.Signed, d.Log.Size, unsigned.Round(time.Millisecond))
}

// grade judges a measure that should be small.
func grade(measured, worth, harm time.Duration) string {
	switch {
	case measured >= harm:
		return bad
	case measured >= worth:
		return advice
	}
	return good
}
